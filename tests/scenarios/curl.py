# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""curl and a server that is not to be reached. It connects without blocking and waits in poll()."""

import time

from child import wait_until
from scenario import Healthy, Scenario, Truth, between
from stage import asleep

PORT = 8080


def no_answer(stage, program, fd, port, since, **more):
    """The handshake of a client whose SYNs get no answer."""
    return Truth(
        {"type": "handshake", "side": "client", "pid": program.pid},
        "no_answer",
        {
            "netns": stage.client.inode,
            "comm": lambda comm: bool(comm),
            "fd": fd,
            "stage": "SYN_SENT",
            "local_addr": stage.client_addr,
            "peer_addr": stage.server_addr,
            "peer_port": PORT,
            "local_port": port,
        },
        since,
        **more,
    )


def connecting(stage, *argv):
    """Start a client whose SYN goes out now: the client, its descriptor and port, and the bracket of that moment."""
    before = time.time()
    program = stage.start(stage.client, *argv)
    asleep(program.pid, "poll", "ppoll")
    socket = stage.socket_of(stage.client, program.pid)
    return program, socket["fd"], socket["local_port"], (before, time.time())


class CurlHealthy(Healthy):
    name = "curl"
    needs = ("curl",)

    def prepare(self, stage):
        stage.python(stage.server, "web_server.py", stage.server_addr, PORT)
        stage.listening(stage.server, PORT)

    def load(self, stage):
        url = f"http://{stage.server_addr}:{PORT}/"
        stage.start(stage.client, "sh", "-c", f"while curl -s -o /dev/null {url}wait/0.3 {url}; do :; done")


class CurlDropped(Scenario):
    """The address drops SYNs, as a firewall does."""

    name = "curl-dropped"
    needs = ("curl", "nft")
    twin = CurlHealthy

    def prepare(self, stage):
        stage.server.drop("input", f"tcp dport {PORT}")
        stage.client.sysctl("net.ipv4.tcp_syn_retries", 4)

    def stall(self, stage):
        curl, fd, port, since = connecting(stage, "curl", "-s", f"http://{stage.server_addr}:{PORT}/")

        def gives_up(timeout):
            assert curl.process.wait(timeout) == 28, "curl did not time out"
            return time.time()

        return [no_answer(stage, curl, fd, port, since, predicts="gives_up_s", happens=gives_up)]


class CurlQueueFull(Scenario):
    """The server's accept queue is full: its kernel drops the SYN without a word."""

    name = "curl-accept-queue-full"
    needs = ("curl",)
    twin = CurlHealthy

    def prepare(self, stage):
        self.server = stage.python(stage.server, "mute_server.py", stage.server_addr, PORT, 2, "deaf")
        stage.listening(stage.server, PORT)

    def stall(self, stage):
        url = f"http://{stage.server_addr}:{PORT}/"
        before = time.time()
        for _ in range(3):
            stage.start(stage.client, "curl", "-s", url)
        wait_until(lambda: stage.accept_queue(stage.server, PORT) == 3, 5, "three in the accept queue")
        filled = time.time()
        curl, fd, port, since = connecting(stage, "curl", "-s", url)
        owner = {"pid": self.server.pid, "local_port": PORT}
        return [
            Truth(
                {"type": "handshake", "side": "server", "local_port": PORT},
                "not_accepted",
                {
                    **owner,
                    "stage": "ACCEPT_QUEUE",
                    "accept_queue": 3,
                    "accept_queue_max": 2,
                    "bytes_waiting": between(60, 200),
                    "gives_up_s": None,
                },
                (before, filled),
                least=3,
                most=3,
            ),
            Truth(
                {"type": "listener", "local_port": PORT},
                "accept_queue_full",
                {**owner, "accept_queue": 3, "accept_queue_max": 2},
            ),
            no_answer(stage, curl, fd, port, since),
        ]


SCENARIOS = [CurlDropped, CurlQueueFull]
