# shellcheck shell=bash
# Paths, ports, messages and the lock. Sourced by deploy/stack; sets the globals the other parts read.

# One server is one name; these are all there can be.
readonly SERVERS="redis kafka cql1 cql2 cql3"

# First of the ten ports that a stack uses, and how far to look for ten free ones.
readonly PORT_BASE_FIRST=27400 PORT_BASE_LAST=28300 PORT_STEP=100

# Seconds until a server that was started must answer, and until one that was told to end must be gone.
readonly ANSWER_WITHIN="${SOUK_STACK_ANSWER_WITHIN:-120}" END_WITHIN="${SOUK_STACK_END_WITHIN:-20}"

say() { printf 'stack: %s\n' "$*" >&2; }

die() {
    printf 'stack: error: %s\n' "$*" >&2
    exit 1
}

# init_paths CHECKOUT: where everything of this stack is.
init_paths() {
    local checkout=$1
    STACK_DIR=${SOUK_STACK_DIR:-$checkout/target/stack}
    mkdir -p "$STACK_DIR"
    STACK_DIR=$(cd "$STACK_DIR" && pwd -P)
    # The jars are the same for every stack of the checkout, so a second stack does not fetch them again.
    JARS_DIR=${SOUK_STACK_JARS:-$checkout/target/stack/jars}
    RUN_DIR=$STACK_DIR/run
    LOG_DIR=$STACK_DIR/log
    DATA_DIR=$STACK_DIR/data
    CONF_DIR=$STACK_DIR/conf
    mkdir -p "$JARS_DIR" "$RUN_DIR" "$LOG_DIR" "$DATA_DIR" "$CONF_DIR"
    # Servers on the same stack would otherwise fight over data and ports: every verb that changes something takes this.
    LOCK_FILE=$STACK_DIR/lock
}

# take_lock: one changing verb at a time; a second `up` waits for the first and then finds everything there.
take_lock() {
    exec 9>"$LOCK_FILE"
    flock -n 9 && return
    say "another stack command is at work on $STACK_DIR, waiting for it"
    flock -w 900 9 || die "the other stack command did not finish in 15 minutes"
}

# port_taken PORT: does anything accept on that port of loopback?
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# expect_free SERVER PORT…: before a start. A stranger there would answer in the server's place.
expect_free() {
    local server=$1 port
    shift
    for port in "$@"; do
        if port_taken "$port"; then die "$server cannot start: another process listens on 127.0.0.1:$port"; fi
    done
}

base_is_free() {
    local port
    for port in "$1" $(($1 + 1)) $(($1 + 2)) $(($1 + 3)) $(($1 + 4)); do
        if port_taken "$port"; then return 1; fi
    done
}

# init_state: ports and secrets, chosen at the first command and kept. Under a lock of its own, since commands that only
# look do not take the other one, and two of them must not print different secrets.
init_state() {
    exec 7>"$LOCK_FILE.state"
    flock -w 60 7 || die "cannot lock $LOCK_FILE.state"
    init_ports
    init_secret auth
    init_secret store
    exec 7>&-
}

# init_ports: the stack keeps the ports it first got (in the file `ports`), so addresses handed out stay true.
init_ports() {
    local file=$STACK_DIR/ports base=
    if [[ -s $file ]]; then base=$(<"$file"); fi
    if [[ -n ${SOUK_STACK_PORT_BASE:-} && $SOUK_STACK_PORT_BASE != "$base" ]]; then
        [[ $SOUK_STACK_PORT_BASE =~ ^[0-9]{4,5}$ ]] || die "SOUK_STACK_PORT_BASE must be a port number"
        if [[ -n $base ]] && any_running; then die "the stack runs on port base $base; \`stack down\` first"; fi
        base=$SOUK_STACK_PORT_BASE
    elif [[ -z $base ]]; then
        for ((base = PORT_BASE_FIRST; base <= PORT_BASE_LAST; base += PORT_STEP)); do
            if base_is_free "$base"; then break; fi
        done
        ((base <= PORT_BASE_LAST)) || die "no five free ports from $PORT_BASE_FIRST on; set SOUK_STACK_PORT_BASE"
    fi
    printf '%s\n' "$base" >"$file"
    REDIS_PORT=$base
    CQL_PORT=$((base + 1))
    CQL_STORAGE_PORT=$((base + 2))
    KAFKA_PORT=$((base + 3))
    KAFKA_CONTROLLER_PORT=$((base + 4))
}

# init_secret NAME: 32 random bytes in hex, made once per stack directory and kept over `reset`.
init_secret() {
    local file=$STACK_DIR/secret.$1
    [[ ! -s $file ]] || return 0
    (umask 077 && od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n' >"$file.new" && mv "$file.new" "$file")
}

secret() { cat "$STACK_DIR/secret.$1"; }

# probe ARGS…: the real request; see probe.py.
probe() { python3 -E -S "$PARTS/probe.py" "$@"; }
