# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Go: any thread of the runtime may wait for the network; a blocked goroutine blocks none of them."""

import os
import signal
import time

from loops import ask, awaits, not_accepted, warm_up
from needs import where
from scenario import Healthy, Scenario, Truth, begins
from stage import compiled, threads

PORT = 8080


def web():
    return compiled("web", where("go"), "build", "-o", "$OUT", source="web.go")


def start_server(stage):
    server = stage.start(stage.server, web(), "serve", f"{stage.server_addr}:{PORT}")
    stage.listening(stage.server, PORT)
    return server, f"http://{stage.server_addr}:{PORT}/"


class GoHealthy(Healthy):
    name = "go"
    needs = ("go", "wrk")

    def prepare(self, stage):
        _, self.url = start_server(stage)

    def load(self, stage):
        stage.start(stage.client, "wrk", "-t1", "-c4", "-d60s", self.url)
        stage.start(stage.client, "wrk", "-t1", "-c16", "-d60s", self.url + "wait")
        stage.start(stage.client, web(), "again", self.url)


class GoIdleHealthy(Healthy):
    """A server with little to do, whose threads come and go: a request now and then."""

    name = "go-quiet"
    needs = ("go", "wrk")

    def prepare(self, stage):
        _, self.url = start_server(stage)

    def load(self, stage):
        stage.start(stage.client, "wrk", "-t1", "-c4", "-d3s", self.url)
        stage.start(stage.client, web(), "again", self.url + "wait")


class GoNoReply(Scenario):
    """A client's goroutine waits for a server that never answers: no thread is in a read."""

    name = "go-client-mute-server"
    needs = ("go",)
    twin = GoHealthy

    def prepare(self, stage):
        stage.python(stage.server, "mute_server.py", stage.server_addr, PORT, 16)
        stage.listening(stage.server, PORT)

    def stall(self, stage):
        client = stage.start(stage.client, web(), "ask", f"http://{stage.server_addr}:{PORT}/")
        stage.socket_of(stage.client, client.pid, f"dport = :{PORT}")
        return []


class GoNoAnswer(Scenario):
    """A client that connects to an address that drops SYNs."""

    name = "go-client-dropped"
    needs = ("go", "nft")
    twin = GoIdleHealthy

    def prepare(self, stage):
        stage.server.drop("input", f"tcp dport {PORT}")

    def stall(self, stage):
        before = time.time()
        client = stage.start(stage.client, web(), "ask", f"http://{stage.server_addr}:{PORT}/")
        socket = stage.socket_of(stage.client, client.pid)
        return [
            Truth(
                {"type": "handshake", "side": "client", "pid": client.pid},
                "no_answer",
                {"netns": stage.client.inode, "comm": "web", "peer_addr": stage.server_addr, **socket},
                (before, time.time()),
            )
        ]


class GoStopped(Scenario):
    """
    The whole process is stopped. Each thread that waited for the network has not come back; one at least
    was the last to wait.
    """

    name = "go-server-stopped"
    needs = ("go", "wrk")
    twin = GoHealthy

    def prepare(self, stage):
        self.server, self.url = start_server(stage)

    def stall(self, stage):
        warm_up(stage, self.url)
        before = time.time()
        os.kill(self.server.pid, signal.SIGSTOP)
        stopped = before, time.time()
        client, since = ask(stage, self.url)
        return [
            Truth(
                {"type": "loop", "pid": self.server.pid, "now": "blocked"},
                "stalled",
                {"now_in": begins("stopped"), "netns": stage.server.inode},
                stopped,
                least=1,
                most=len(threads(self.server.pid)),
                once=0,
            ),
            awaits(stage, client, since),
            *not_accepted(stage, self.server, PORT),
        ]

    def end(self, stage):
        os.kill(self.server.pid, signal.SIGCONT)


SCENARIOS = [GoNoReply, GoNoAnswer, GoStopped]
