# shellcheck shell=bash
# What is missing is installed: Debian's packages through apt-get, jars through Maven.

# apt_install PACKAGE…: needs root; otherwise says what to type.
apt_install() {
    local guard=/usr/sbin/policy-rc.d made=
    if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
        die "missing here: $*. Install with: sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
    fi
    say "installing $*"
    # Debian starts a server when it is installed. This one is only wanted as a program.
    if [[ ! -e $guard ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod +x "$guard" && made=1
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    if ! { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" ||
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"; }; } \
        9>&- >"$LOG_DIR/install.log" 2>&1; then
        log_end install
        die "apt-get could not install $*"
    fi
    if [[ -n $made ]]; then
        rm -f "$guard"
        trap - EXIT
    fi
}

need_program() { command -v "$1" >/dev/null || apt_install "$2"; }

# is_java_17 PATH
is_java_17() { [[ -x $1 && $("$1" -version 2>&1) =~ version\ \"17[.\"] ]]; }

# find_java: sets JAVA to a Java 17: Cassandra 5.0 takes no newer one, Kafka 4 no older one.
find_java() {
    local path
    for path in "${SOUK_STACK_JAVA:-}" "${JAVA_HOME:-/none}/bin/java" "$(command -v java)" /usr/lib/jvm/*17*/bin/java; do
        if is_java_17 "$path"; then
            JAVA=$path
            return
        fi
    done
    return 1
}

need_java() {
    find_java && return
    apt_install openjdk-17-jre-headless
    find_java || die "no Java 17 found; set SOUK_STACK_JAVA to its java program"
}

# jars_folder NAME: where the jars that stack.d/NAME/pom.xml names are or will be. The pom's checksum is part of it, so
# another version is fetched beside this one.
jars_folder() {
    local sum
    sum=$(sha256sum "$PARTS/$1/pom.xml")
    printf '%s\n' "$JARS_DIR/$1-${sum:0:12}"
}

# need_jars NAME: sets JARS to that folder; it gets its name only when it is complete.
need_jars() {
    local name=$1 pom=$PARTS/$1/pom.xml try
    JARS=$(jars_folder "$name")
    [[ ! -d $JARS ]] || return 0
    exec 8>"$JARS_DIR/lock"
    flock 8
    if [[ ! -d $JARS ]]; then
        need_program mvn maven
        say "fetching the jars of $name"
        rm -rf "$JARS.part"
        for try in 1 2 3; do
            mvn -q -B -f "$pom" dependency:copy-dependencies -DoutputDirectory="$JARS.part" \
                8>&- 9>&- </dev/null >"$LOG_DIR/install.log" 2>&1 && break
            ((try < 3)) || {
                log_end install
                die "Maven could not fetch the jars of $name"
            }
        done
        mv "$JARS.part" "$JARS"
    fi
    exec 8>&-
}
