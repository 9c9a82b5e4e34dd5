# shellcheck shell=bash
# Redis: nothing is written to disk, so a restart is a Redis that lost everything.

redis_address() { printf 'redis://127.0.0.1:%s\n' "$REDIS_PORT"; }

redis_launch() {
    need_program redis-server redis-server
    expect_free redis "$REDIS_PORT"
    launch redis redis-server --bind 127.0.0.1 --port "$REDIS_PORT" --save '' --appendonly no --daemonize no \
        --dir "$DATA_DIR" --tcp-backlog 511 --maxmemory 256mb --maxmemory-policy noeviction
}

redis_await() { await redis redis "$(redis_address)"; }
