#!/usr/bin/env python3
"""One real request to a server of the stack, with the standard library alone.

    probe.py [--within SECONDS] [--pid PID] redis redis://[user:password@]host:port
    probe.py [--within SECONDS] [--pid PID] [--nodes N] cql host:port[,host:port]
    probe.py [--within SECONDS] [--pid PID] kafka host:port[,host:port]

Asks until the answer is right or the time is over (0: asks once), and gives up at once when PID has ended.
Exit 0: it answers; 1: it does not, the reason is on stderr.
"""

import argparse
import os
import socket
import struct
import sys
import time
from urllib.parse import unquote, urlsplit

TRY_SECONDS = 5.0  # one attempt, from the connection to the last answer
PAUSE_SECONDS = 0.1  # between two attempts


class Refused(Exception):
    """The server answered, and the answer is not the one wanted."""


class Connection:
    """A socket with one deadline for everything that is done with it."""

    def __init__(self, host, port):
        self.deadline = time.monotonic() + TRY_SECONDS
        self.socket = socket.create_connection((host, port), TRY_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, count):
        data = b""
        while len(data) < count:
            self.socket.settimeout(max(0.01, self.deadline - time.monotonic()))
            part = self.socket.recv(count - len(data))
            if not part:
                raise Refused("the connection was closed")
            data += part
        return data

    def line(self):
        data = b""
        while not data.endswith(b"\r\n"):
            data += self.receive(1)
        return data[:-2]


class Reader:
    """Big-endian fields, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        (value,) = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def bytes(self, form):
        """A length in `form`, then that many bytes; a negative length is null."""
        count = self.take(form)
        if count < 0:
            return None
        self.at += count
        return self.data[self.at - count : self.at]


def host_port(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


# Redis ------------------------------------------------------------------------------------------------------------


def redis_call(connection, *words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    connection.send(b"".join(parts))
    answer = connection.line()
    if answer.startswith(b"-"):
        raise Refused(answer[1:].decode(errors="replace"))
    if answer.startswith(b"$") and answer != b"$-1":
        return connection.receive(int(answer[1:]) + 2)[:-2].decode()
    return answer[1:].decode()


def probe_redis(address, _options):
    url = urlsplit(address)
    if url.scheme != "redis" or not url.hostname:
        raise Refused("not a redis:// address")
    with Connection(url.hostname, url.port or 6379) as connection:
        if url.password:
            user = [unquote(url.username)] if url.username else []
            redis_call(connection, "AUTH", *user, unquote(url.password))
        if redis_call(connection, "PING") != "PONG":
            raise Refused("no PONG")
        key, value = f"souk:stack:probe:{os.getpid()}", str(time.time_ns())
        redis_call(connection, "SET", key, value, "EX", "10")
        if redis_call(connection, "GET", key) != value:
            raise Refused("GET did not give what SET wrote")
        redis_call(connection, "DEL", key)


# CQL --------------------------------------------------------------------------------------------------------------

CQL_ERROR, CQL_STARTUP, CQL_READY, CQL_QUERY, CQL_RESULT = 0x00, 0x01, 0x02, 0x07, 0x08
CQL_ROWS = 2


def cql_call(connection, opcode, body, wanted):
    connection.send(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
    _version, _flags, _stream, got, length = struct.unpack(">BBhBi", connection.receive(9))
    reader = Reader(connection.receive(length))
    if got == CQL_ERROR:
        code, text = reader.take("i"), reader.bytes("H")
        raise Refused(f"error {code:#x}: {text.decode(errors='replace')}")
    if got != wanted:
        raise Refused(f"answered with opcode {got:#x}" + (" (wants a password)" if got == 0x03 else ""))
    return reader


def cql_strings(connection, query):
    """The first column of each row of a query that selects one column."""
    text = query.encode()
    body = struct.pack(">i", len(text)) + text + struct.pack(">HB", 0x0001, 0)  # consistency ONE, no values
    reader = cql_call(connection, CQL_QUERY, body, CQL_RESULT)
    if reader.take("i") != CQL_ROWS:
        raise Refused("the answer has no rows")
    flags, columns = reader.take("i"), reader.take("i")
    if columns != 1 or flags != 1:
        raise Refused("the answer's columns are not those asked for")
    for _keyspace_table_name in range(3):
        reader.bytes("H")
    reader.take("H")  # the column's type
    return [reader.bytes("i") for _row in range(reader.take("i"))]


def probe_cql(address, options):
    for one in address.split(","):
        with Connection(*host_port(one)) as connection:
            version = b"CQL_VERSION", b"3.0.0"
            body = struct.pack(">H", 1) + b"".join(struct.pack(">H", len(word)) + word for word in version)
            cql_call(connection, CQL_STARTUP, body, CQL_READY)
            if not cql_strings(connection, "SELECT release_version FROM system.local")[0]:
                raise Refused("no release_version")
            if options.nodes > 1:
                known = 1 + len(cql_strings(connection, "SELECT host_id FROM system.peers"))
                if known < options.nodes:
                    raise Refused(f"knows {known} nodes of {options.nodes}")


# Kafka ------------------------------------------------------------------------------------------------------------

KAFKA_METADATA, KAFKA_CREATE_TOPICS = 3, 19
KAFKA_TOPIC_EXISTS = 36


def kafka_string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def kafka_call(connection, api, version, body):
    request = struct.pack(">hhi", api, version, 1) + kafka_string("souk-stack-probe") + body
    connection.send(struct.pack(">i", len(request)) + request)
    (length,) = struct.unpack(">i", connection.receive(4))
    reader = Reader(connection.receive(length))
    if reader.take("i") != 1:
        raise Refused("the answer belongs to another request")
    return reader


def probe_kafka(address, _options):
    for one in address.split(","):
        with Connection(*host_port(one)) as connection:
            answer = kafka_call(connection, KAFKA_METADATA, 1, struct.pack(">i", 0))  # no topics, only the brokers
            if answer.take("i") < 1:
                raise Refused("knows no broker yet")
            # Making a topic goes through the controller; only validated, so nothing is left behind.
            topic = kafka_string("souk.stack.probe") + struct.pack(">ihii", 1, 1, 0, 0)
            body = struct.pack(">i", 1) + topic + struct.pack(">i?", 3000, True)
            answer = kafka_call(connection, KAFKA_CREATE_TOPICS, 2, body)
            answer.take("i"), answer.take("i"), answer.bytes("h")  # throttle time, count, name
            error = answer.take("h")
            if error not in (0, KAFKA_TOPIC_EXISTS):
                raise Refused(f"making a topic gives error {error}")


# ------------------------------------------------------------------------------------------------------------------


def has_ended(pid):
    """Gone, or a zombie that nobody has waited for."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b") ")[2][:1] in (b"Z", b"X")
    except OSError:
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--within", type=float, default=0.0)
    parser.add_argument("--pid", type=int)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("server", choices=("redis", "cql", "kafka"))
    parser.add_argument("address")
    options = parser.parse_args()
    probe = {"redis": probe_redis, "cql": probe_cql, "kafka": probe_kafka}[options.server]
    deadline = time.monotonic() + options.within
    while True:
        ended = options.pid is not None and has_ended(options.pid)
        if ended:
            reason = "its process has ended"
            break
        try:
            probe(options.address, options)
            return 0
        except (OSError, Refused, struct.error, ValueError, IndexError) as error:
            reason = str(error) or type(error).__name__
        if time.monotonic() >= deadline:
            break
        time.sleep(PAUSE_SECONDS)
    shown = options.address.rpartition("@")[2]  # without a password
    print(f"stack: {options.server} at {shown}: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
