# shellcheck shell=bash
# Kafka: one process is broker and controller.

kafka_address() { printf '127.0.0.1:%s\n' "$KAFKA_PORT"; }

kafka_java() {
    # Only the first compiler and the serial collector: a quick start and few threads on a small machine.
    printf '%s\n' "$JAVA" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xshare:auto \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true \
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS" -cp "$JARS/*"
}

kafka_launch() {
    local conf=$CONF_DIR/kafka.properties data=$DATA_DIR/kafka java
    need_java
    need_jars kafka
    mapfile -t java < <(kafka_java)
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
    local sum
    sum=$(sha256sum "$PARTS/kafka/pom.xml")
    if [[ -d $JARS_DIR/kafka-${sum:0:12} ]]; then printf '%s/*\n' "$JARS_DIR/kafka-${sum:0:12}"; fi
}
