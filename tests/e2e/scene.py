# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A few stalls of different kinds, known by short names, for the tests of options and output."""

import run
from child import Stall, wait_until
from zoo import Room, in_syscall

MIN_AGE = ("-m", "100ms")


def waiting_client(room, port, address, *steps):
    """A client that awaits a reply; `.peer` is who could give it."""
    peer = Stall(room.there, "endpoint.py", f"listen={address},{port},16", "accept")
    peer.said("listening")
    client = Stall(room.here, "endpoint.py", *steps, f"connect={address},{port}", "send=5")
    client.said("sent")
    client.peer = peer
    return client


def block(client):
    client.tell("block=recvfrom")
    words = client.said("blocking")
    client.port = words["port"]
    in_syscall(client, "recvfrom")
    return client


class Scene:
    """
    v4, v6: readers in one namespace; syn: a client in a black hole; queue: a server that does not accept;
    far: a reader in another namespace with the same addresses; idle: a healthy server's reader.
    """

    def __init__(self):
        self.room, self.other = Room(), Room()
        link = self.room.link
        self.v4 = block(waiting_client(self.room, 5001, link.right4, "comm=" + b"sst-alpha".hex()))
        self.v6 = block(waiting_client(self.room, 5002, link.right6))
        self.syn = self._black_hole(5003)
        self.queue = self._not_accepted(5004)
        self.far = block(waiting_client(self.other, 5001, self.other.link.right4))
        self.idle = self._idle(5005)
        self.stalls = {name: getattr(self, name) for name in ("v4", "v6", "syn", "queue", "far", "idle")}
        self._wait_shown()

    def _black_hole(self, port):
        self.room.there.drop("input", f"tcp dport {port}")
        self.room.here.sysctl(
            "net.ipv4.tcp_syn_retries", 12
        )  # six are two minutes: tests of a busy machine take longer
        client = Stall(self.room.here, "endpoint.py", f"connect={self.room.link.right4},{port}")
        client.said("connecting")
        return client

    def _not_accepted(self, port):
        server = Stall(self.room.here, "endpoint.py", f"listen={self.room.link.left4},{port},16")
        server.said("listening")
        server.client = Stall(self.room.there, "endpoint.py", f"connect={self.room.link.left4},{port}")
        server.client.said("connected")
        return server

    def _idle(self, port):
        """With keepalive: after five idle minutes without, it may be dead, and tests of a busy machine take longer."""
        server = Stall(
            self.room.here,
            "endpoint.py",
            "keepalive=7200,75,9",
            f"listen={self.room.link.left4},{port},16",
            "accept",
            "take=5",
            "send=5",
            "block=recvfrom",
        )
        server.said("listening")
        server.client = Stall(
            self.room.there, "endpoint.py", f"connect={self.room.link.left4},{port}", "send=5", "take=5"
        )
        server.said("blocking")
        return server

    def _wait_shown(self):
        """Until all are older than the tests' min-age."""
        in_syscall(self.idle, "recvfrom")
        wait_until(lambda: len(self.shown()) == 5, 20, "all stalls of the scene to be shown")

    def shown(self, *arguments, before=(), expect=0):
        """Names of the stalls that one look reports."""
        return self.names(run.once(*MIN_AGE, *arguments, before=before, expect=expect))

    def names(self, records):
        pids = {record["pid"] for record in run.findings(records)}
        return {name for name, stall in self.stalls.items() if stall.pid in pids}

    def close(self):
        for stall in self.stalls.values():
            stall.end()
        self.room.close()
        self.other.close()
