# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""haproxy in front of a backend, with two threads."""

from loops import ask, awaits
from needs import where
from scenario import Healthy, Scenario, Truth
from stage import children

PORT, BACKEND = 8080, 8081

CONFIGURATION = """
global
    nbthread 2
    {more}
defaults
    mode http
    timeout connect 60s
    timeout client 60s
    timeout server 60s
    retries 0
listen web
    bind {address}:{port}
    server one {backend}:{backend_port}
"""


def start_haproxy(stage, more=""):
    path = stage.write(
        "haproxy.cfg",
        CONFIGURATION.format(
            more=more, address=stage.server_addr, port=PORT, backend=stage.client_addr, backend_port=BACKEND
        ),
    )
    haproxy = stage.start(stage.server, where("haproxy"), "-db", "-f", path)
    stage.listening(stage.server, PORT)
    assert not children(haproxy.pid), "with -db it does its work itself"
    return haproxy, f"http://{stage.server_addr}:{PORT}/"


class HaproxyHealthy(Healthy):
    name = "haproxy"
    needs = ("haproxy", "wrk")

    def prepare(self, stage):
        stage.python(stage.client, "asyncio_server.py", stage.client_addr, BACKEND)
        stage.listening(stage.client, BACKEND)
        _, self.url = start_haproxy(stage)

    def load(self, stage):
        stage.start(stage.client, "wrk", "-t1", "-c8", "-d60s", self.url)
        stage.start(stage.client, "wrk", "-t1", "-c8", "-d60s", self.url + "wait/0.2")


class HaproxyDeadBackend(Scenario):
    """The backend's machine is down: haproxy's SYNs get no answer, and its client none either."""

    name = "haproxy-dead-backend"
    needs = ("haproxy", "nft")
    twin = HaproxyHealthy

    def prepare(self, stage):
        stage.client.drop("input", f"tcp dport {BACKEND}")
        self.haproxy, self.url = start_haproxy(stage)

    def stall(self, stage):
        client, since = ask(stage, self.url)
        socket = stage.socket_of(stage.server, self.haproxy.pid, f"dport = :{BACKEND}")
        return [
            Truth(
                {"type": "handshake", "side": "client", "pid": self.haproxy.pid},
                "no_answer",
                {
                    "netns": stage.server.inode,
                    "comm": "haproxy",
                    "stage": "SYN_SENT",
                    "peer_addr": stage.client_addr,
                    **socket,
                },
                since,
            ),
            awaits(stage, client, since),
        ]


SCENARIOS = [HaproxyDeadBackend]
