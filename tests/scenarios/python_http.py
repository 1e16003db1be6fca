# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Python's own HTTP client and server, which block in reads."""

import time

from child import wait_until
from scenario import Healthy, Scenario, Truth, reader
from stage import asleep, threads

PORT = 8080


class PythonHealthy(Healthy):
    name = "python-http"
    needs = ("wrk",)

    def prepare(self, stage):
        stage.python(stage.server, "web_server.py", stage.server_addr, PORT)
        stage.listening(stage.server, PORT)

    def load(self, stage):
        url = f"http://{stage.server_addr}:{PORT}/"
        stage.start(stage.client, "wrk", "-t1", "-c8", "-d60s", url)
        stage.python(stage.client, "web_client.py", url, "again")
        stage.python(stage.client, "web_client.py", url + "wait/0.3", "again")


class PythonClient(Scenario):
    """A client without a timeout; the server accepts and never answers."""

    name = "python-client-no-timeout"
    twin = PythonHealthy

    def prepare(self, stage):
        stage.python(stage.server, "mute_server.py", stage.server_addr, PORT, 16)
        stage.listening(stage.server, PORT)

    def stall(self, stage):
        before = time.time()
        client = stage.python(stage.client, "web_client.py", f"http://{stage.server_addr}:{PORT}/")
        since = before, asleep(client.pid, "recvfrom")
        socket = stage.socket_of(stage.client, client.pid)
        return [
            Truth(
                **reader(
                    stage,
                    client,
                    syscall="recvfrom",
                    returns_by_s=None,
                    rcvtimeo_s=None,
                    keepalive=False,
                    bytes_received=0,
                    unacked_bytes=0,
                    **socket,
                ),
                verdict="awaiting_reply",
                since=since,
            )
        ]


class PythonRequestStopped(Scenario):
    """A client sends half a request to a server that has a thread for it, and no limit."""

    name = "python-server-half-request"
    twin = PythonHealthy
    verdict, sends = "request_stopped", "half"

    def prepare(self, stage):
        self.server = stage.python(stage.server, "web_server.py", stage.server_addr, PORT)
        stage.listening(stage.server, PORT)

    def stall(self, stage):
        before = time.time()
        client = stage.python(stage.client, "idle_clients.py", stage.server_addr, PORT, 1, self.sends)
        client.wait_line(lambda line: line == b"connected\n", 5)
        wait_until(lambda: len(threads(self.server.pid)) == 2, 5, "the connection's thread")
        tid = next(tid for tid in threads(self.server.pid) if tid != self.server.pid)
        since = before, asleep(self.server.pid, "recvfrom", tid=tid)
        socket = stage.socket_of(stage.server, self.server.pid)
        return [
            Truth(
                **reader(stage, self.server, client=False, tid=tid, syscall="recvfrom", returns_by_s=None, **socket),
                verdict=self.verdict,
                since=since,
            )
        ]


class PythonNoRequest(PythonRequestStopped):
    """A client connects and says nothing."""

    name = "python-server-no-request"
    verdict, sends = "no_request", "nothing"


class PythonIdle(Scenario):
    """200 keep-alive connections, each with a thread that waits for the next request: normal."""

    name = "python-200-idle"
    twin = PythonHealthy

    def prepare(self, stage):
        self.server = stage.python(stage.server, "web_server.py", stage.server_addr, PORT)
        stage.listening(stage.server, PORT)

    def stall(self, stage):
        clients = stage.python(stage.client, "idle_clients.py", stage.server_addr, PORT, 200)
        clients.wait_line(lambda line: line == b"connected\n", 20)
        for tid in threads(self.server.pid):
            asleep(self.server.pid, "recvfrom", "poll", tid=tid)
        return []


SCENARIOS = [PythonClient, PythonRequestStopped, PythonNoRequest, PythonIdle]
