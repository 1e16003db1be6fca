# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Event loops that have left their instance, for a synchronous call or a loop within the loop, with clients that wait: whether
sockstall was there before or comes late, and whatever other threads the process has. Each beside a twin that goes on.
"""

import time

import pytest

import run
from child import SLOW, Stall, wait_until
from late import late
from zoo import moment

# A connection to wait for in vain.
SILENT = 9300


class Served:
    """A server whose loop has been left, with a client that waits for an answer, or for being accepted."""

    def __init__(self, room, port, how, threads=0, client="asks", asks=20):
        self.room, self.place = room, f"{room.link.right4},{port}"
        if "=" in how:
            how += f"{room.link.right4},{SILENT}"
        self.server = Stall(room.there, "async_server.py", self.place, how, threads)
        self.pid, self.fd = self.server.pid, self.server.said("listening")["fd"]
        self.clients = [self._connect() for _ in range(2)]
        for _ in range(asks):
            self.ask()
            self._tell("take=1")
            self._said("took")
        self._tell("say=w")
        self.words = self.server.said("working")
        if client == "asks":
            self.ask(1)
        elif client == "connects":
            self._connect()

    def _connect(self):
        client = Stall(self.room.here, "endpoint.py", f"connect={self.place}")
        client.said("connected")
        return client

    def _tell(self, words, number=0):
        self.clients[number].tell(words)

    def _said(self, words, number=0):
        return self.clients[number].said(words)

    def ask(self, number=0):
        self._tell("say=?", number)
        self._said("sent", number)

    def awaits(self):
        """The second client waits for the answer that it has asked for: its pid."""
        self._tell("take=1", 1)
        return self.clients[1].pid


@pytest.fixture
def silent(room):
    """Who is connected to and never answers."""
    server = Stall(room.there, "endpoint.py", f"listen={room.link.right4},{SILENT},16", "accept")
    server.said("listening")
    return server


def check(record, served, now_in, exact=True):
    assert record["verdict"] == "stalled" and record["type"] == "loop" and record["tid"] == served.pid, record
    assert record["interface"] == "epoll", record
    assert record["now"] == "running" or now_in in record["now_in"], record
    assert record["now"] == "blocked" or not exact, record
    began = served.words["time"]
    if exact:
        assert abs(moment(record["since"]) - began) < 0.1 * SLOW + late(began), record
    else:
        assert record["age_at_least"] and record["age_s"] <= time.time() - began + 0.1 * SLOW, record


# What it does in the loop, what that is called, and whether it is known since when.
HOW = {"poll=": ("poll", True), "select=": ("select", True), "sleep": ("nanosleep", True), "compute": (None, False)}


def looked_at_twice(served, twin):
    """A look without another before it, late: one of them has to be there, of the other nothing."""

    def found():
        records = run.once("loops", "-p", served.pid, "-p", twin.pid)
        assert not run.findings(records, pid=twin.pid)
        return run.findings(records, pid=served.pid)

    records = wait_until(found, 10, "the stall")
    assert len(records) == 1, records
    return records[0]


@pytest.mark.parametrize("threads", [0, 3])
@pytest.mark.parametrize("how", HOW)
def test_late(room, silent, how, threads):
    served, twin = Served(room, 9301, how, threads), Served(room, 9302, "aside=", threads)
    record = looked_at_twice(served, twin)
    now_in, exact = HOW[how]
    check(record, served, now_in, exact)
    assert record["epoll_fd"] == served.fd
    assert ("none of the 4 threads" in record["why"]) == bool(threads)
    served.server.end()


@pytest.mark.parametrize("client", ["connects", "asks"])
def test_late_in_steps(room, silent, client):
    """It polls again and again: since when is known only as far as looks go."""
    served, twin = Served(room, 9303, "steps=", client=client), Served(room, 9304, "aside=", client=client)
    check(looked_at_twice(served, twin), served, "poll", exact=False)


def test_late_with_nobody_waiting(room, silent):
    """Nobody has asked: then there is nothing that it could be late for."""
    served, twin = Served(room, 9305, "poll=", client="none"), Served(room, 9306, "poll=")
    wait_until(lambda: run.findings(run.once("loops", "-p", twin.pid)), 10, "the stall")
    assert not run.findings(run.once("loops", "-p", served.pid))


@pytest.mark.parametrize("threads", [0, 3])
@pytest.mark.parametrize("how", ["poll=", "select=", "sleep", "nested"])
def test_live(room, silent, stream, how, threads):
    live = stream("loops", "-j", "-i", "200ms", "--interfaces", "all")
    twin, served = Served(room, 9312, "aside=", threads), Served(room, 9311, how, threads)
    opened = live.wait(15, event="open", pid=served.pid)
    check(opened, served, "nested" if how == "nested" else HOW[how][0])
    time.sleep(1)
    assert not run.findings(live.records(), pid=twin.pid)
    served.server.end()
    live.wait(15, event="close", id=opened["id"])
    live.stop()


@pytest.mark.parametrize("how", ["poll=", "sleep"])
def test_asked_late(room, silent, stream, how):
    """A loop that was asked too seldom to be known by its counters: a client asks when it has been away for some seconds."""
    live = stream("loops", "-j", "-i", "200ms")
    served = Served(room, 9313, how, client="none", asks=2)
    twin = Served(room, 9314, "aside=", client="none", asks=2)
    first = Served(room, 9315, how, asks=2)
    # So looks have found the others with nothing to read; and as long as something is stalled, they look again soon.
    opened = live.wait(15, event="open", pid=first.pid)
    first.server.end()
    live.wait(15, event="close", id=opened["id"])
    time.sleep(3)
    away = time.time() - served.words["time"]
    served.ask(1)
    twin.ask(1)
    asked = time.time()
    opened = live.wait(15, event="open", pid=served.pid)
    assert moment(opened["time"]) - asked < 2 * away + 15, (away, opened)
    assert not run.findings(live.records(), pid=twin.pid)
    live.stop()


@pytest.mark.parametrize("threads", [0, 3])
@pytest.mark.parametrize("client", ["connects", "asks"])
def test_nested_late(room, client, threads):
    served, twin = Served(room, 9321, "nested", threads, client), Served(room, 9322, "nested", threads, "none")
    record = looked_at_twice(served, twin)
    child, inner = served.words["child"], served.words["inner"]
    check(record, served, f"a nested event loop (descriptor {inner}), most likely for child {child} ")
    assert record["epoll_fd"] == served.fd


def test_inherited_instance(room, stream):
    """A child has all that its parent has, and sleeps: the loop is the parent's, stalled or not."""
    served = Served(room, 9331, "fork")
    child = served.words["child"]
    live = stream("loops", "-j", "-i", "100ms")
    other = Served(room, 9332, "sleep")
    live.wait(15, event="open", pid=other.pid)
    for _ in range(5):
        assert not run.findings(run.once("loops", "-p", child, "-p", served.pid))
    assert not run.findings(live.records(), pid=child)
    live.stop()


def of_chains(*pids):
    """Of the overview, which also looks at connections that a thread polls."""
    found = run.once(*(word for pid in pids for word in ("-p", pid)))
    return [record for record in run.matching(found, type="chain") if record["verdict"] != "deadlock"]


def test_who_waits_for_it(room, silent):
    """It is not idle: a request lies unread, and its thread is in poll."""
    served, twin = Served(room, 9321, "poll="), Served(room, 9322, "aside=")
    client = served.awaits()
    twin.awaits()
    chain = wait_until(lambda: [one for one in of_chains(served.pid, twin.pid) if one["pid"] == served.pid], 20)[0]
    assert chain["verdict"] == "blocked" and "has been in poll" in chain["why"], chain
    assert [link["pid"] for link in chain["links"]] == [client, served.pid], chain
    assert not [one for one in of_chains(twin.pid) if one["pid"] == twin.pid]


def test_who_waits_behind_it(room, silent):
    """The thread polls one connection alone, and it has asked there: whoever asks the loop waits for that one."""
    served = Served(room, 9323, "ask=")
    client = served.awaits()

    def through():
        links = [[link["pid"] for link in one["links"]] for one in of_chains(client)]
        return [client, served.pid, silent.pid] in links and links

    assert len(wait_until(through, 30, "the chain through the loop")) == 1
