# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Java: blocking sockets, and a server with one selector thread."""

import time

from needs import beside
from scenario import Healthy, Scenario, Truth, begins, reader
from stage import asleep, blocked_in, java_class, waiting_in_epoll

PORT = 8080
ASKED = b"asked\n"


def java(stage, netns, name, *arguments):
    return stage.start(
        netns,
        beside("java", "java"),
        "-XX:+UseSerialGC",
        "-Xmx64m",
        "-cp",
        java_class(name),
        name,
        stage.server_addr,
        PORT,
        *arguments,
    )


def start_selecting(stage):
    server = java(stage, stage.server, "Selecting")
    stage.listening(stage.server, PORT)
    return server


class JavaHealthy(Healthy):
    name = "java"
    needs = ("java",)

    def prepare(self, stage):
        java_class("Reader")
        start_selecting(stage)

    def load(self, stage):
        for _ in range(3):
            java(stage, stage.client, "Reader", "again")


class JavaRead(Scenario):
    """InputStream.read on a server that accepts and never answers."""

    name = "java-inputstream-read"
    needs = ("java",)
    twin = JavaHealthy

    def prepare(self, stage):
        stage.python(stage.server, "mute_server.py", stage.server_addr, PORT, 16)
        stage.listening(stage.server, PORT)
        java_class("Reader")

    def stall(self, stage):
        client = java(stage, stage.client, "Reader")
        client.wait_line(lambda line: line == ASKED, 20)
        asked = time.time()
        socket = stage.socket_of(stage.client, client.pid)
        tid = blocked_in(client.pid, socket["fd"], "read", "recvfrom")
        return [
            Truth(
                **reader(stage, client, tid=tid, returns_by_s=None, bytes_sent=4, **socket),
                verdict="awaiting_reply",
                since=(asked - 0.05, asked),
            )
        ]


class JavaSelector(Scenario):
    """The selector's only thread sleeps in a handler, in a futex."""

    name = "java-selector-sleeps"
    needs = ("java",)
    twin = JavaHealthy

    def prepare(self, stage):
        java_class("Reader")
        self.server = start_selecting(stage)

    def stall(self, stage):
        busy = java(stage, stage.client, "Reader", "again")
        time.sleep(3)
        assert busy.process.poll() is None
        busy.end()
        time.sleep(0.3)
        (tid,) = waiting_in_epoll(self.server.pid)
        before = time.time()
        client = stage.python(stage.client, "stop_client.py", stage.server_addr, PORT)
        asleep(self.server.pid, "futex", tid=tid)
        since = before, asleep(client.pid, "recvfrom")
        socket = stage.socket_of(stage.client, client.pid)
        return [
            Truth(
                {"type": "loop", "pid": self.server.pid, "tid": tid},
                "stalled",
                {"now": "blocked", "now_in": begins("futex"), "interface": "epoll"},
                since,
                once=0,
            ),
            Truth(**reader(stage, client, syscall="recvfrom", **socket), verdict="awaiting_reply", since=since),
        ]


SCENARIOS = [JavaRead, JavaSelector]
