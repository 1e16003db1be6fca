# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Answers that an event loop awaits: told by the turns that looks have seen, or most likely by one look; and who does not read."""

import os
import signal
import time

import pytest

import held
import run
from child import stop_process, wait_until
from zoo import Room

SILENT, STOPPED = 7401, 7402
QUESTIONS = 4  # before the one that is not answered
PACE_S = 1.2  # between questions: a look lies between them


class Scene:
    """Clients of each kind ask two servers in turn; then one falls silent, and the other is stopped."""

    def __init__(self, program):
        self.room = Room()
        address = self.room.link.right4
        self.silent = held.Server(self.room.there, address, SILENT)
        self.stopped = held.Server(self.room.there, address, STOPPED)
        # Among very many namespaces a quiet one has its turn only now and then.
        self.only = ("--netns", self.room.here.name, "--netns", self.room.there.name)
        self.live = run.Stream("readers", "-j", "-i", "500ms", *self.only)
        self.clients = held.clients(self.room.here, program)
        self.since = {}
        self._talk(address)
        stop_process(self.stopped.pid)
        for kind, client in self.clients.items():
            self.since[kind, "silent"] = client.send("silent", ".")
            self.since[kind, "stopped"] = client.send("stopped", "?")

    def _talk(self, address):
        for client in self.clients.values():
            client.connect("silent", address, SILENT)
            client.connect("stopped", address, STOPPED)
            for name in ("idle", "sender", "answered"):
                client.connect(name, address, SILENT)
        for _ in range(QUESTIONS):
            time.sleep(PACE_S)
            for client in self.clients.values():
                for name in ("silent", "stopped", "idle", "answered"):
                    client.ask(name)
                client.send("sender", ".", 5)
        time.sleep(PACE_S)

    def who(self, kind, name):
        return self.clients[kind].end_of(name)

    def of_server(self, kind):
        return {"pid": self.stopped.pid, "peer_port": self.clients[kind].connections["stopped"]["port"]}

    def finish(self):
        os.kill(self.stopped.pid, signal.SIGCONT)
        self.live.end()
        self.room.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    scene = Scene(held.compile_client(tmp_path_factory.mktemp("held")))
    yield scene
    scene.finish()


@pytest.fixture(scope="module")
def all_live(scene):
    found = {}
    for kind in scene.clients:
        found[kind, "silent"] = scene.live.wait(20, event="open", **scene.who(kind, "silent"))
        found[kind, "stopped"] = scene.live.wait(20, event="open", verdict="not_read", **scene.of_server(kind))
    return found


@pytest.fixture(scope="module")
def once(scene, all_live):
    return run.once("readers", *scene.only)


@pytest.mark.parametrize("kind", held.KINDS)
def test_no_answer_live(scene, all_live, kind):
    """By its turns: it asked before, and was answered each time."""
    held.skip_missing(kind)
    record = all_live[kind, "silent"]
    assert (record["verdict"], record["waiter"], record["role"]) == ("awaiting_reply", "loop", "client")
    assert "requests on this connection were answered within" in record["why"] and "likely" not in record["why"]
    assert record["age_s"] >= 5
    held.check_since(record, scene.since[kind, "silent"])


@pytest.mark.parametrize("kind", held.KINDS)
def test_no_answer_once(scene, once, kind):
    """By one look: most likely."""
    held.skip_missing(kind)
    record = run.only(once, **scene.who(kind, "silent"))
    assert (record["verdict"], record["waiter"]) == ("awaiting_reply", "loop")
    assert "most likely" in record["why"]
    held.check_since(record, scene.since[kind, "silent"])


@pytest.mark.parametrize("kind", held.KINDS)
def test_a_stopped_server_does_not_read(scene, all_live, once, kind):
    """The server is the finding, and its client is no second one."""
    held.skip_missing(kind)
    for record in (all_live[kind, "stopped"], run.only(once, **scene.of_server(kind))):
        assert (record["verdict"], record["role"], record["local_port"]) == ("not_read", "server", STOPPED)
        assert "has not read" in record["why"] and str(scene.stopped.pid) in record["why"]
        held.check_since(record, scene.since[kind, "stopped"])
    assert not run.findings(once, **scene.who(kind, "stopped"))
    assert not run.findings(scene.live.records(), **scene.who(kind, "stopped"))


@pytest.mark.parametrize("kind", held.KINDS)
def test_healthy_ones_are_not_told(scene, all_live, once, kind):
    """A pool's connection, one that was answered, and one that only sends."""
    held.skip_missing(kind)
    for name in ("idle", "sender", "answered"):
        assert not run.findings(scene.live.records(), **scene.who(kind, name))
        assert not run.findings(once, **scene.who(kind, name))


def test_it_is_over_with_the_answer(scene, all_live, once):
    """All questions are answered at last, and the stopped server goes on."""
    scene.silent.push()
    os.kill(scene.stopped.pid, signal.SIGCONT)
    for record in all_live.values():
        scene.live.wait(20, event="close", id=record["id"])
    assert wait_until(
        lambda: not run.findings(run.once("readers", "--port", SILENT, "--port", STOPPED, *scene.only)), 10
    )
    scene.live.stop()
