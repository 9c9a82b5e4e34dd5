# shellcheck shell=bash
# The commands of deploy/stack.

# foreign KIND: prints the address when SOUK_TEST_… names a server that is not this stack's own (redis, kafka, cql).
foreign() {
    case $1 in
        redis) [[ -n ${SOUK_TEST_REDIS:-} && $SOUK_TEST_REDIS != "$(redis_address)" ]] && echo "$SOUK_TEST_REDIS" ;;
        kafka) [[ -n ${SOUK_TEST_KAFKA:-} && $SOUK_TEST_KAFKA != "$(kafka_address)" ]] && echo "$SOUK_TEST_KAFKA" ;;
        cql) [[ -n ${SOUK_TEST_CQL:-} ]] && ! cql_is_ours "$SOUK_TEST_CQL" && echo "$SOUK_TEST_CQL" ;;
    esac
}

# parse_wanted ARGS…: sets WANTED (kinds, in the order they start) and CQL_NODES_ASKED.
parse_wanted() {
    local given=
    CQL_NODES_ASKED=
    while (($# > 0)); do
        case $1 in
            --cql-nodes) CQL_NODES_ASKED=${2:-} && shift ;;
            --cql-nodes=*) CQL_NODES_ASKED=${1#*=} ;;
            redis | kafka | cql) given+=" $1" ;;
            *) die "not a server or an option of this command: $1 (redis, kafka, cql, --cql-nodes 1|3)" ;;
        esac
        if [[ -n $CQL_NODES_ASKED && $CQL_NODES_ASKED != [13] ]]; then die "--cql-nodes is 1 or 3"; fi
        shift || die "--cql-nodes needs a number: 1 or 3"
    done
    WANTED=${given:-redis cql kafka}
}

# ensure_started SERVER LAUNCH…: starts it if it is not there; a paused one goes on.
ensure_started() {
    local server=$1
    shift
    if running "$server"; then
        if paused "$server"; then kill -CONT "$PID"; fi
        return
    fi
    "$@"
}

verb_up() {
    local kind address began=$SECONDS fresh=false own=
    parse_wanted "$@"
    for kind in $WANTED; do
        if address=$(foreign "$kind"); then
            probe "$kind" "$address" || die "$kind was given as ${address##*@} and does not answer"
            say "$kind: using the one at ${address##*@}"
            # The tests read events with Kafka's own console tools, whoever runs the broker.
            if [[ $kind == kafka ]]; then need_java && kafka_jars; fi
        else
            own+=" $kind"
        fi
    done
    # All are launched before any is waited for.
    for kind in $own; do
        case $kind in
            redis) ensure_started redis redis_launch ;;
            kafka) ensure_started kafka kafka_launch ;;
            cql)
                cql_set_nodes "$CQL_NODES_ASKED"
                [[ -d $DATA_DIR/cql1 ]] || fresh=true
                ensure_started cql1 cql_launch 1 true
                ;;
        esac
    done
    for kind in $own; do
        case $kind in
            redis) redis_await ;;
            kafka) kafka_await ;;
            cql) cql_await 1 && cql_join_all "$fresh" ;;
        esac
    done
    say "up after $((SECONDS - began)) s:$WANTED"
}

# cql_join_all FRESH: the other nodes; a ring without data has nothing for them to fetch.
cql_join_all() {
    local bootstrap=true
    if [[ $1 == true ]]; then bootstrap=false; fi
    cql_join "$bootstrap"
    cql_await 1 "$(cql_nodes)"
}

verb_down() {
    (($# == 0)) || die "down takes all servers; to end one: stack stop SERVER"
    # shellcheck disable=SC2086 # a list of words
    signal_end $SERVERS
    say "down"
}

verb_reset() {
    local server
    parse_wanted "$@"
    # What it would write at its end is not wanted: no need to ask.
    for server in $SERVERS; do
        if running "$server"; then kill_now "$server"; fi
    done
    rm -rf "$DATA_DIR" "$LOG_DIR"
    mkdir -p "$DATA_DIR" "$LOG_DIR"
    # shellcheck disable=SC2086 # a list of words
    verb_up $WANTED ${CQL_NODES_ASKED:+--cql-nodes "$CQL_NODES_ASKED"}
}

# server_probe SERVER [OPTIONS…]
server_probe() {
    case $1 in
        redis) probe redis "$(redis_address)" ;;
        kafka) probe kafka "$(kafka_address)" ;;
        cql?) probe cql "127.0.0.${1#cql}:$CQL_PORT" ;;
    esac
}

verb_status() {
    local server kind address state bad=0
    for kind in redis kafka cql; do
        if address=$(foreign "$kind"); then
            state=answers
            probe "$kind" "$address" || state="does not answer" bad=1
            printf '%-6s %-16s %s (not of this stack)\n' "$kind" "$state" "${address##*@}"
        fi
    done
    for server in $SERVERS; do
        if paused "$server"; then
            state=paused
        elif running "$server"; then
            state=answers
            server_probe "$server" || state="does not answer" bad=1
        elif [[ -e $RUN_DIR/$server.pid ]]; then
            state=ended bad=1
        else
            state=down
        fi
        # What is not there is worth a line only where it could be expected.
        if [[ $state == down ]] && { [[ $server == cql[23] ]] || foreign "${server%[123]}" >/dev/null; }; then continue; fi
        printf '%-6s %-16s %s\n' "$server" "$state" "$(server_facts "$server")"
    done
    return "$bad"
}

# server_facts SERVER: address, pid and resident memory.
server_facts() {
    local address
    case $1 in
        redis) address=127.0.0.1:$REDIS_PORT ;;
        kafka) address=$(kafka_address) ;;
        cql?) address=127.0.0.${1#cql}:$CQL_PORT ;;
    esac
    if running "$1"; then
        address+=" pid $PID, $(awk '/^VmRSS/ { printf "%d MiB", $2 / 1024 }' "/proc/$PID/status")"
    fi
    printf '%s\n' "$address"
}

verb_logs() {
    local follow=() files=("$LOG_DIR"/*.log)
    if [[ ${1:-} == -f ]]; then follow=(-f) && shift; fi
    if (($# > 0)); then files=("$LOG_DIR/$(one_server "$1").log"); fi
    [[ -e ${files[0]} ]] || die "no such log yet: ${files[0]}"
    tail -n 100 ${follow[@]+"${follow[@]}"} "${files[@]}"
}

# export_line NAME VALUE: quoted for any shell that evaluates it, and plain enough for a program that reads lines.
export_line() { printf "export %s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }

verb_env() {
    local redis=- cql=- kafka=- replication='?replication=1'
    redis=$(foreign redis) || { running redis && redis=$(redis_address); } || redis=
    kafka=$(foreign kafka) || { running kafka && kafka=$(kafka_address); } || kafka=
    cql=$(foreign cql) || { running cql1 && cql=$(cql_address); } || cql=
    [[ -n $redis$kafka$cql ]] || die "no server is up; start them with: deploy/stack up"
    export_line SOUK_STACK_DIR "$STACK_DIR"
    if [[ -n $redis ]]; then
        export_line SOUK_TEST_REDIS "$redis"
        export_line SOUK_ROUTER_URL "$redis"
    fi
    if [[ -n $cql ]]; then
        if [[ $cql == *,*,* ]]; then replication='?replication=3'; fi
        export_line SOUK_TEST_CQL "$cql"
        export_line SOUK_STORE_URL "cql://$cql/souk$replication"
    fi
    if [[ -n $kafka ]]; then
        export_line SOUK_TEST_KAFKA "$kafka"
        export_line SOUK_EVENTS_URL "kafka://$kafka"
    fi
    if [[ -n $(kafka_tools) ]]; then export_line SOUK_TEST_KAFKA_TOOLS "$(kafka_tools)"; fi
    export_line SOUK_AUTH_SECRET "$(secret auth)"
    export_line SOUK_STORE_SECRET "$(secret store)"
}

# one_server NAME: the server's full name; dies when there is none, or when it is not this stack's to touch.
one_server() {
    local server=${1:-}
    if [[ $server == cql ]]; then server=cql1; fi
    [[ -n $server && " $SERVERS " == *" $server "* ]] || die "name one server: $SERVERS"
    printf '%s\n' "$server"
}

own_server() {
    local server address
    server=$(one_server "${1:-}") || exit 1
    if address=$(foreign "${server%[123]}"); then
        die "$server is the one at ${address##*@} (SOUK_TEST_…), which this stack does not touch"
    fi
    printf '%s\n' "$server"
}

# own_running SERVER: sets SERVER and PID.
own_running() {
    SERVER=$(own_server "${1:-}") || exit 1
    running "$SERVER" || die "$SERVER is not running"
}

verb_start() {
    SERVER=$(own_server "${1:-}") || exit 1
    case $SERVER in
        redis) ensure_started redis redis_launch && redis_await ;;
        kafka) ensure_started kafka kafka_launch && kafka_await ;;
        cql?)
            ((${SERVER#cql} <= $(cql_nodes))) || die "this stack has $(cql_nodes) CQL node; see --cql-nodes"
            ensure_started "$SERVER" cql_launch "${SERVER#cql}" true && cql_await "${SERVER#cql}"
            ;;
    esac
}

verb_stop() {
    SERVER=$(own_server "${1:-}") || exit 1
    signal_end "$SERVER"
}

verb_kill() {
    own_running "${1:-}"
    kill_now "$SERVER"
}

verb_restart() {
    verb_stop "$@"
    verb_start "$@"
}

verb_pause() {
    own_running "${1:-}"
    kill -STOP "$PID"
    # The kernel stops its threads one after the other: only then is it silent.
    while ! paused "$SERVER"; do
        running "$SERVER" || die "$SERVER has ended"
        sleep 0.01
    done
}

verb_resume() {
    own_running "${1:-}"
    kill -CONT "$PID"
}
