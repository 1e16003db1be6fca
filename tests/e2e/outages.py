# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Outages as they happen: each with what is to blame, many who wait for it, and a twin that is well and must not be named."""

from child import Stall, stop_process

FRONT, BACK, OTHER = 7901, 7902, 7903


def stalled(netns, *words, said="listening"):
    stall = Stall(netns, *words)
    stall.said(said)
    return stall


class Outage:
    """`causes`: the processes of which the first screen must name one; `healthy`: those that it must not."""

    def __init__(self, room):
        self.room, self.causes, self.healthy = room, [], []
        self.netns = ("--netns", room.here.inode, "--netns", room.there.inode)
        self.stage()

    def at(self, port):
        return f"{self.room.link.left4},{port}"

    def server(self, port, how, behind=None):
        return stalled(self.room.here, "service.py", self.at(port), how, *([self.at(behind)] if behind else []))

    def clients(self, port, count, letter="q"):
        return stalled(self.room.there, "asks.py", self.at(port), count, 0.1, letter, said="served")

    def twin(self, port=OTHER):
        server = self.server(port, "threads")
        self.healthy += [server, self.clients(port, 5)]

    def relay(self, kind, port, behind=None):
        return stalled(self.room.here, "relay.py", kind, self.at(port), *([self.at(behind)] if behind else []))

    def asker(self, port, request="quick"):
        one = Stall(self.room.there, "endpoint.py", f"connect={self.at(port)}", f"say={request}", "block=recvfrom")
        one.said("blocking")
        return one

    @property
    def cause(self):
        return self.causes[0]


class Healthy(Outage):
    """A service behind another one, each with clients; half of them ask for what takes both."""

    def stage(self):
        behind, service = self.server(BACK + 20, "threads"), self.server(FRONT + 20, "threads", BACK + 20)
        asking = self.clients(FRONT + 20, 8)
        asking.tell("d 4")
        asking.said("asked")
        self.healthy += [behind, service]
        self.twin(OTHER + 20)


class FullQueue(Outage):
    """A server that has stopped accepting; its queue is full, and nobody gets in."""

    def stage(self):
        self.twin()
        self.causes.append(stalled(self.room.here, "endpoint.py", f"listen={self.at(FRONT)},4"))
        place = f"connect={self.at(FRONT)}"
        # In the same namespace: in others a test beside this one may have the same address.
        inside = Stall(self.room.here, "endpoint.py", *[place] * 5)
        inside.said("connected")
        self.outside = [Stall(self.room.here, "endpoint.py", place) for _ in range(12)]
        for one in self.outside:
            one.said("connecting")


class Pool(Outage):
    """A proxy, a service with a pool of connections, and a database that has taken a lock for ever."""

    def stage(self):
        self.twin()
        self.database = self.server(BACK, "threads")
        self.causes.append(self.database)
        self.service = self.server(FRONT, "prefork=5", BACK)
        self.proxy = self.relay("loop", FRONT + 10, FRONT)
        asking = self.clients(FRONT, 5, "d")
        self.database.tell("silent")
        self.database.said("silent")
        for _ in range(5):
            self.asker(FRONT + 10, "q\n")
        self.asking = asking


class Stopped(Outage):
    """A database under SIGSTOP, a service with a thread for each of its clients."""

    def stage(self):
        self.twin()
        self.causes.append(self.server(BACK, "threads"))
        self.service = self.server(FRONT, "threads", BACK)
        self.asking = self.clients(FRONT, 30, "d")
        stop_process(self.cause.pid)


class Deadlock(Outage):
    """Two services each ask the other, and neither answers before it has been answered."""

    def stage(self):
        self.twin()
        self.one, self.two = self.relay("one", FRONT, BACK), self.relay("one", BACK, FRONT)
        self.causes += [self.one, self.two]
        self.askers = [self.asker(FRONT) for _ in range(8)]


class DeadPeer(Outage):
    """The host of a database has vanished; a service with a thread for each of its clients waits for it."""

    def stage(self):
        self.twin()
        self.link = self.room.new_link()
        self.far = stalled(self.room.there, "service.py", f"{self.link.right4},{BACK}", "threads")
        behind = f"{self.link.right4},{BACK}"
        self.service = stalled(self.room.here, "service.py", self.at(FRONT), "threads", behind)
        self.causes.append(self.service)
        self.asking = self.clients(FRONT, 30, "d")
        self.link.cut()
        self.far.end()


OUTAGES = [FullQueue, Pool, Stopped, Deadlock, DeadPeer]
