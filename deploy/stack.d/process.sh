# shellcheck shell=bash
# One process per server: start it, know it again, signal it.

# start_time PID: clock ticks after boot at which it started. With the pid it names one process for good, so that a
# pid used again by a stranger is never taken for a server. Fails for what is gone, and for a zombie.
start_time() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    # The command's name, in parentheses, may hold anything: count the fields after the last one.
    read -ra stat <<<"${stat##*) }"
    [[ ${stat[0]} != [ZX] ]] || return 1
    printf '%s\n' "${stat[19]}"
}

# running SERVER: sets PID and succeeds while the process that this stack started is there (paused or not).
running() {
    local started
    PID=
    [[ -s $RUN_DIR/$1.pid ]] || return 1
    read -r PID started <"$RUN_DIR/$1.pid"
    [[ $(start_time "$PID") == "$started" ]]
}

any_running() {
    local server
    for server in $SERVERS; do
        if running "$server"; then return 0; fi
    done
    return 1
}

paused() {
    local stat
    running "$1" || return 1
    stat=$(<"/proc/$PID/stat")
    [[ ${stat##*) } == T* ]]
}

# launch SERVER COMMAND…: in a session of its own, so that neither the end of this script nor its terminal's signals
# reach it; without the lock's descriptor, so that the lock ends with this script.
launch() {
    local server=$1 log=$LOG_DIR/$1.log
    shift
    # A log is cut when it is long, and at a start only: its end is what an error needs.
    if [[ -f $log && $(wc -c <"$log") -gt 8000000 ]]; then mv -f "$log" "$log.1"; fi
    printf -- '---- %s start %s\n' "$(date -u +%FT%TZ)" "$server" >>"$log"
    (exec 9>&- && cd "$DATA_DIR" && exec setsid "$@") </dev/null >>"$log" 2>&1 &
    printf '%s %s\n' "$!" "$(start_time "$!")" >"$RUN_DIR/$server.pid"
}

# log_end SERVER: what it said since its last start, at most 40 lines.
log_end() {
    say "the end of $LOG_DIR/$1.log:"
    tail -n 40 "$LOG_DIR/$1.log" | sed 's/^/    /' >&2
}

# await SERVER PROBE…: until it answers the real request; dies with the end of its log otherwise.
await() {
    local server=$1
    shift
    running "$server" || PID=0
    probe --within "$ANSWER_WITHIN" --pid "$PID" "$@" && return
    log_end "$server"
    die "$server does not answer"
}

# signal_end SERVER…: asks them all, then waits for each; KILL after END_WITHIN seconds.
signal_end() {
    local server deadline=$((SECONDS + END_WITHIN))
    for server in "$@"; do
        # A stopped process takes TERM only once it goes on.
        if running "$server"; then kill -TERM "$PID" && kill -CONT "$PID"; fi 2>/dev/null
    done
    for server in "$@"; do
        while running "$server" && ((SECONDS < deadline)); do sleep 0.05; done
        if running "$server"; then
            say "$server did not end in $END_WITHIN s, killed"
            kill_now "$server"
        fi
        rm -f "$RUN_DIR/$server.pid"
    done
}

# kill_now SERVER: a crash; returns when it is gone.
kill_now() {
    local deadline=$((SECONDS + 10))
    if running "$1"; then kill -KILL "$PID" 2>/dev/null; fi
    while running "$1"; do
        ((SECONDS < deadline)) || die "$1 (pid $PID) is still there 10 s after KILL"
        sleep 0.05
    done
    rm -f "$RUN_DIR/$1.pid"
}
