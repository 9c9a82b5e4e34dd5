# shellcheck shell=bash
# Kafka: one process is broker and controller.

kafka_address() { printf '127.0.0.1:%s\n' "$KAFKA_PORT"; }

# kafka_jars: sets JARS, and CLASS_PATH to them and to the folder with the logging's settings.
kafka_jars() {
    need_jars kafka
    CLASS_PATH="$JARS/*:$PARTS/kafka"
}

kafka_launch() {
    local conf=$CONF_DIR/kafka.properties data=$DATA_DIR/kafka java
    need_java
    kafka_jars
    # Only the first compiler and the serial collector: a quick start and few threads on a small machine.
    java=("$JAVA" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -cp "$CLASS_PATH")
    expect_free kafka "$KAFKA_PORT" "$KAFKA_CONTROLLER_PORT"
    sed -e "s|@PORT@|$KAFKA_PORT|" -e "s|@CONTROLLER_PORT@|$KAFKA_CONTROLLER_PORT|" -e "s|@DATA@|$data|" \
        "$PARTS/kafka/server.properties" >"$conf"
    if [[ ! -s $data/meta.properties ]]; then
        rm -rf "$data"
        "${java[@]}" -Xmx64m kafka.tools.StorageTool format -t "$(kafka_cluster_id)" -c "$conf" \
            9>&- </dev/null >>"$LOG_DIR/kafka.log" 2>&1 || {
            log_end kafka
            die "Kafka's storage could not be formatted"
        }
    fi
    launch kafka "${java[@]}" -Xms64m -Xmx256m kafka.Kafka "$conf"
}

# 16 random bytes in base64 without padding, in the URL's alphabet: Kafka's form of a UUID. (Never a leading dash.)
kafka_cluster_id() { printf 's%s\n' "$(head -c 32 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c 20)A"; }

kafka_await() { await kafka kafka "$(kafka_address)"; }

# kafka_tools: a class path with the console tools, when it is there.
kafka_tools() {
    local jars
    jars=$(jars_folder kafka)
    if [[ -d $jars ]]; then printf '%s\n' "$jars/*:$PARTS/kafka"; fi
}
