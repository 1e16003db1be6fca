#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
JSON Lines into NATS JetStream. It takes Python's own library alone:

    sockstall -j -i 5s -m 10s | sockstall-nats.py 10.0.0.5:4222

Each record is a message of the subject sockstall.HOST, and is sent again until a stream has it: make one for these subjects before,
with `nats stream add --subjects 'sockstall.*'`. A message has an id, so the stream keeps it once. While the server does not answer,
nothing is read: sockstall waits with its looks, and says in a record of lost how many were due. It has no TLS and no login: where
these are needed, publish to a leaf node on the same machine, which has them.
"""

import json
import os
import re
import socket
import sys
import time

AGAIN_S = 1
ANSWER_S = 10


class Server:
    """One connection. Errors of it, and answers that do not come, are OSError."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S)
        self.lines = self.socket.makefile("rb")
        self._line(b"INFO ")
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "name": "sockstall"}
        self.inbox = b"_INBOX.%s" % os.urandom(12).hex().encode()  # nobody else's, and of no earlier connection
        self.socket.sendall(b"CONNECT %s\r\nSUB %s 1\r\nPING\r\n" % (json.dumps(options).encode(), self.inbox))
        self._line(b"PONG")

    def _line(self, wanted):
        """The next line that begins so. What the server asks meanwhile is answered."""
        while True:
            line = self.lines.readline()
            if not line or line.startswith(b"-ERR"):
                raise ConnectionError(line.decode().strip() or "the server closed the connection")
            if line.startswith(b"PING"):
                self.socket.sendall(b"PONG\r\n")
            if line.startswith(wanted):
                return line

    def _message(self):
        """(headers, text) of a message to us."""
        while True:
            kind, *words = self._line((b"MSG ", b"HMSG ")).split()
            size = int(words[-1])
            data = self.lines.read(size + 2)[:size]
            headers = int(words[-2]) if kind == b"HMSG" else 0
            return data[:headers], data[headers:]

    def publish(self, subject, name, line):
        """Returns once a stream has the message."""
        headers = b"NATS/1.0\r\nNats-Msg-Id: %s\r\n\r\n" % name.encode()
        sizes = b"%d %d" % (len(headers), len(headers) + len(line))
        words = (subject.encode(), self.inbox, sizes, headers, line)
        self.socket.sendall(b"HPUB %s %s %s\r\n%s%s\r\n" % words)
        told, text = self._message()
        if b" 503" in told:
            raise ConnectionError(f"no stream takes {subject}")
        answer = json.loads(text)
        if "error" in answer:
            raise ConnectionError(answer["error"].get("description", "refused"))


def main(address):
    host = re.sub(r"[^\w-]", "_", os.uname().nodename)
    run = f"{host}-{time.time_ns()}"
    server = told = None
    for number, line in enumerate(sys.stdin.buffer):
        while True:
            try:
                server = server or Server(address)
                server.publish(f"sockstall.{host}", f"{run}-{number}", line.rstrip(b"\n"))
                told = None
                break
            except OSError as error:
                server = None
                if str(error) != told:
                    print(f"sockstall-nats: {address}: {error}", file=sys.stderr)
                told = str(error)
                time.sleep(AGAIN_S)


if __name__ == "__main__":
    if len(sys.argv) != 2 or ":" not in sys.argv[1]:
        sys.exit("usage: sockstall -j | sockstall-nats.py HOST:PORT")
    main(sys.argv[1])
