# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""5,000 idle keep-alive connections with a thread each: normal. One of them is dead: that one is found."""

import time

from scenario import Healthy, Scenario, Truth, reader
from stage import asleep, blocked_in, compiled, threads

PORT = 8080
CONNECTIONS = 5000


def start(stage):
    program = compiled("thread_each", "gcc", "-O2", "-pthread", "-o", "$OUT", source="thread_each.c")
    server = stage.start(stage.server, program, stage.server_addr, PORT)
    stage.listening(stage.server, PORT)
    clients = stage.python(stage.client, "idle_clients.py", stage.server_addr, PORT, CONNECTIONS)
    clients.wait_line(lambda line: line == b"connected\n", 60)
    return server, clients


def at_least_2(count):
    return count >= 2


class ThreadsHealthy(Healthy):
    name = "5000-threads"
    needs = ("gcc",)

    def prepare(self, stage):
        _, self.clients = start(stage)

    def load(self, stage):
        self.clients.tell("busy 100")


class ThreadsIdle(Scenario):
    name = "5000-idle"
    needs = ("gcc",)
    twin = ThreadsHealthy

    def prepare(self, stage):
        self.server, self.clients = start(stage)

    def stall(self, stage):
        assert len(threads(self.server.pid)) == CONNECTIONS + 1
        return []


class ThreadsOneWay(ThreadsIdle):
    """
    Nothing reaches one of the clients any more: the answer is not acknowledged, though the client, which
    misses it, goes on to send its request again.
    """

    name = "5000-idle-one-way"
    needs = ("gcc", "nft")
    vanishes = False

    def stall(self, stage):
        self.clients.tell(f"ask {CONNECTIONS // 2}")
        port = self.clients.wait_line(lambda line: line.startswith(b"asks") and int(line.split()[1]), 5)
        socket = stage.socket_of(stage.server, self.server.pid, f"dport = :{port}")
        tid = blocked_in(self.server.pid, socket["fd"], "recvfrom")
        before = self.ask(stage, port)
        since = before, max(before, asleep(self.server.pid, "recvfrom", tid=tid))
        return [
            Truth(
                **reader(
                    stage,
                    self.server,
                    client=False,
                    tid=tid,
                    syscall="recvfrom",
                    **socket,
                    unacked_bytes=41,
                    retransmits=at_least_2,
                    keepalive=False,
                ),
                verdict="peer_dead",
                since=since,
            )
        ]

    def ask(self, stage, port):
        stage.client.drop("input", f"tcp dport {port}")
        before = time.time()
        self.clients.tell("go")
        self.clients.wait_line(lambda line: line == b"asked\n", 5)
        if self.vanishes:
            stage.client.drop("output", f"tcp sport {port}")
        return before


class ThreadsOneDead(ThreadsOneWay):
    """One client sends a request, and then its machine is gone: the answer is not acknowledged."""

    name = "5000-idle-one-dead"
    vanishes = True


SCENARIOS = [ThreadsIdle, ThreadsOneDead, ThreadsOneWay]
