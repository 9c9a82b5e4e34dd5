# shellcheck shell=bash
# Cassandra, standing in for ScyllaDB: one node on 127.0.0.1, or three on 127.0.0.1 to .3 with the same ports.

# How many nodes this stack has (kept in the file `cql-nodes`).
cql_nodes() { cat "$STACK_DIR/cql-nodes" 2>/dev/null || echo 1; }

# cql_address: every node, with commas.
cql_address() {
    local node list=
    for ((node = 1; node <= $(cql_nodes); node++)); do list+=${list:+,}127.0.0.$node:$CQL_PORT; done
    printf '%s\n' "$list"
}

# cql_is_ours ADDRESS: any of the forms that `cql_address` has had.
cql_is_ours() {
    local one
    for one in ${1//,/ }; do [[ $one == 127.0.0.[123]:$CQL_PORT ]] || return 1; done
}

# Evenly spread over the ring, so that one node's share does not depend on luck.
readonly CQL_TOKENS=(none -9223372036854775808 -3074457345618258603 3074457345618258602)

# cql_sync: how the commit log reaches the disk. The server's own default, periodic, answers for writes that a crash then takes
# back: souk's promise, that what was acknowledged is kept, does not hold with it (docs/durability.md). It is here for tests
# of what happens then.
cql_sync() {
    case ${SOUK_STACK_CQL_SYNC:-batch} in
        batch) echo 'commitlog_sync: batch' ;;
        group) printf '%s\\n' 'commitlog_sync: group' 'commitlog_sync_group_window: 10ms' ;;
        periodic) printf '%s\\n' 'commitlog_sync: periodic' 'commitlog_sync_period: 1000ms' ;;
        *) die "SOUK_STACK_CQL_SYNC is batch, group or periodic, not ${SOUK_STACK_CQL_SYNC}" ;;
    esac
}

# cql_launch NODE BOOTSTRAP: BOOTSTRAP is whether a new node fetches what the ring already holds.
cql_launch() {
    local node=$1 bootstrap=$2 name=cql$1 conf=$CONF_DIR/cql$1.yaml heap ring_delay=0 jamm sync
    sync=$(cql_sync) || exit 1
    need_java
    need_jars cql
    if ((node == 1)); then expect_free cql1 "$CQL_PORT" "$CQL_STORAGE_PORT"; fi
    jamm=("$JARS"/jamm-*.jar)
    sed -e "s|@SYNC@|$sync|" -e "s|@TOKEN@|${CQL_TOKENS[$node]}|" -e "s|@BOOTSTRAP@|$bootstrap|" \
        -e "s|@ADDRESS@|127.0.0.$node|" \
        -e "s|@PORT@|$CQL_PORT|" -e "s|@STORAGE_PORT@|$CQL_STORAGE_PORT|" -e "s|@DATA@|$DATA_DIR/$name|" \
        "$PARTS/cql/cassandra.yaml" >"$conf"
    heap=512m
    if (($(cql_nodes) > 1)); then heap=384m; fi
    # A node that joins must hear from the seed within the ring delay; the first one has nobody to wait for.
    if ((node > 1)); then ring_delay=5000; fi
    launch "$name" "$JAVA" "@$PARTS/cql/jvm.options" -Xms128m "-Xmx${SOUK_STACK_CQL_HEAP:-$heap}" \
        "-javaagent:${jamm[0]}" "-Dlogback.configurationFile=$PARTS/cql/logback.xml" \
        "-Dcassandra.config=file://$conf" "-Dcassandra.storagedir=$DATA_DIR/$name" \
        "-Dcassandra.ring_delay_ms=$ring_delay" -cp "$JARS/*" org.apache.cassandra.service.CassandraDaemon
}

cql_await() { await "cql$1" --nodes "${2:-1}" cql "127.0.0.$1:$CQL_PORT"; }

# cql_set_nodes WANTED: decides how many nodes there are. Taking one away would need its data moved: not done.
cql_set_nodes() {
    local wanted=$1 now
    now=$(cql_nodes)
    [[ -n $wanted ]] || wanted=$now
    if ((wanted < now)) && [[ -d $DATA_DIR/cql2 ]]; then
        die "this stack has $now CQL nodes; \`stack reset --cql-nodes $wanted\` makes it anew with $wanted"
    fi
    printf '%s\n' "$wanted" >"$STACK_DIR/cql-nodes"
}

# cql_join: the nodes after the first, one after the other, once the first answers.
cql_join() {
    local node bootstrap=$1
    for ((node = 2; node <= $(cql_nodes); node++)); do
        running "cql$node" || cql_launch "$node" "$bootstrap"
        cql_await "$node"
    done
}
