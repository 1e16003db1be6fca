# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Requests of event loops that one connection alone cannot judge: the first one, by the other connections of its process to that server;
and one that follows the last answer at once, as all before it did.
"""

import time

import pytest

import held
import run
from child import Stall, wait_until
from zoo import Room

SERVER, SINK, BUSY = 7601, 7602, 7603


class Scene:
    """Clients of each kind, with connections that were answered, and a new one whose first question is not. And such as only talk."""

    def __init__(self, program):
        self.room = Room()
        address = self.room.link.right4
        self.server = held.Server(self.room.there, address, SERVER)
        self.sink = held.Server(self.room.there, address, SINK)
        self.only = ("--netns", self.room.here.name, "--netns", self.room.there.name)
        self.live = run.Stream("readers", "-j", "-i", "500ms", *self.only)
        self.clients = held.clients(self.room.here, program)
        self.lonely = held.Client(self.room.here, "asyncio", program)
        self.since = {}
        for kind, client in self.clients.items():
            self._talk(kind, client, address)
        self.lonely.connect("first", address, SERVER)
        self.lonely.send("first", ".")
        for _ in range(4):
            time.sleep(1.2)
            for client in self.clients.values():
                client.send("talker", ".")

    def _talk(self, kind, client, address):
        for name in ("a", "b", "c"):
            client.connect(name, address, SERVER)
            client.ask(name)
        for name in ("log1", "log2"):
            client.connect(name, address, SINK)
            client.send(name, ".")
        client.connect("talker", address, SERVER)
        client.connect("unused", address, SERVER)
        client.connect("first", address, SERVER)
        self.since[kind] = client.send("first", ".")

    def who(self, kind, name):
        return self.clients[kind].end_of(name)

    def finish(self):
        self.live.end()
        self.room.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    scene = Scene(held.compile_client(tmp_path_factory.mktemp("held")))
    yield scene
    scene.finish()


@pytest.fixture(scope="module")
def all_live(scene):
    return {kind: scene.live.wait(20, event="open", **scene.who(kind, "first")) for kind in scene.clients}


@pytest.fixture(scope="module")
def once(scene, all_live):
    return run.once("readers", *scene.only)


@pytest.mark.parametrize("kind", held.KINDS)
def test_siblings_were_answered(scene, all_live, once, kind):
    held.skip_missing(kind)
    for record in (all_live[kind], run.only(once, **scene.who(kind, "first"))):
        assert (record["verdict"], record["waiter"], record["role"]) == ("awaiting_reply", "loop", "client")
        assert "first request" in record["why"] and "(3) were answered within" in record["why"]
        assert "likely" not in record["why"] and record["age_s"] >= 5
        held.check_since(record, scene.since[kind])


@pytest.mark.parametrize("kind", held.KINDS)
def test_others_are_not_told(scene, all_live, once, kind):
    """Answered ones, a log whose server never answers, one that talks and talks, one that nobody used."""
    held.skip_missing(kind)
    for name in ("a", "b", "c", "log1", "log2", "talker", "unused"):
        assert not run.findings(scene.live.records(), **scene.who(kind, name))
        assert not run.findings(once, **scene.who(kind, name))


def test_of_another_process(scene, all_live, once):
    """That a server answers others says nothing of what this one sends."""
    assert not run.findings(scene.live.records(), pid=scene.lonely.pid)
    assert not run.findings(once, pid=scene.lonely.pid)


def test_it_is_over_with_the_answer(scene, all_live, once):
    scene.server.push()
    for record in all_live.values():
        scene.live.wait(20, event="close", id=record["id"])
    scene.live.stop()


def test_at_once_after_each_answer():
    """Most likely: a busy client that gets no answer any more. One that rests is idle."""
    room = Room()
    try:
        server = held.Server(room.there, room.link.right4, BUSY)
        stream = run.Stream("readers", "-j", "-i", "500ms", "--netns", room.here.name)
        asks, rests = (Stall(room.here, "asks_at_once.py", f"{server.address},{BUSY}") for _ in range(2))
        ports = {child: child.said("connected")["port"] for child in (asks, rests)}
        time.sleep(8)
        asks.tell(".")
        rests.tell("rest")
        rests.said("rests")
        began = asks.said("asked")["time"]
        record = stream.wait(30, event="open", local_port=ports[asks])
        assert (record["verdict"], record["waiter"]) == ("awaiting_reply", "loop")
        assert "most likely" in record["why"] and "at once after each reply" in record["why"]
        assert record["age_s"] >= 10
        held.check_since(record, began)
        assert not run.findings(stream.records(), local_port=ports[rests])
        server.push()
        stream.wait(20, event="close", id=record["id"])
        assert wait_until(lambda: not run.findings(run.once("readers", "-p", asks.pid), pid=asks.pid), 10)
        stream.stop()
    finally:
        room.close()
