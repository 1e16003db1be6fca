# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Connections that no thread sleeps on: an event loop waits for them, or nobody. What is certain of them."""


import pytest

import held
import run
from child import PYTHON, Child, wait_until
from zoo import Room

TALKS, DEAF, CLOSED = 7301, 7302, 7303
CASES = {
    "vanished": {
        "type": "reader",
        "verdict": "peer_dead",
        "state": "ESTABLISHED",
        "role": "client",
        "unacked_bytes": 400,
    },
    "stream": {"type": "writer", "verdict": "peer_dead", "state": "ESTABLISHED"},
    "window": {"type": "writer", "verdict": "window_zero", "peer_window": 0, "unacked_bytes": 0},
    "connect": {"type": "writer", "verdict": "no_answer", "state": "SYN_SENT"},
}


class Scene:
    """A client of each kind; of each connection when it got stuck."""

    def __init__(self, program):
        self.room = Room()
        address = self.room.link.right4
        self.server = held.Server(self.room.there, address, TALKS)
        self.deaf = held.Server(self.room.there, address, DEAF, "deaf")
        self.live = run.Stream("-j", "-i", "250ms", "--netns", self.room.here.name)
        self.writers = run.Stream("writers", "-j", "-i", "250ms", "--netns", self.room.here.name)
        self.clients = held.clients(self.room.here, program)
        self.since = {}
        for kind, client in self.clients.items():
            self._connect(client, address)
        self._break(address)
        for kind, client in self.clients.items():
            self._get_stuck(kind, client, address)

    def _connect(self, client, address):
        for name in ("vanished", "stream", "idle"):
            client.connect(name, address, TALKS)
            client.ask(name)
        client.connect("window", address, DEAF)
        client.connect("quiet", address, DEAF)

    def _break(self, address):
        """Nothing gets through to the server from those ports any more, and nothing at all to one of its ports."""
        ports = [
            client.connections[name]["port"] for client in self.clients.values() for name in ("vanished", "stream")
        ]
        self.room.there.drop("input", f"tcp sport {{ {', '.join(map(str, ports))} }}")
        self.room.there.drop("input", f"tcp dport {CLOSED}")

    def _get_stuck(self, kind, client, address):
        self.since[kind, "vanished"] = client.send("vanished", "x", 400)
        self.since[kind, "stream"] = client.send("stream", "x", 8000000)
        self.since[kind, "window"] = client.send("window", "x", 8000000)
        client.send("quiet", "x", 100)
        client.tell(f"connect late {address} {CLOSED}")
        self.since[kind, "connect"] = client.said("connecting")["time"]

    def who(self, kind, name):
        if name == "connect":
            return {"pid": self.clients[kind].pid, "peer_port": CLOSED}
        return self.clients[kind].end_of(name)

    def finish(self):
        self.live.end()
        self.writers.end()
        self.room.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    scene = Scene(held.compile_client(tmp_path_factory.mktemp("held")))
    yield scene
    scene.finish()


@pytest.fixture(scope="module")
def all_live(scene):
    """Every stall has been told: looks after that would tell what is none."""
    found = {}
    for kind in scene.clients:
        for name in CASES:
            stream = scene.writers if name == "connect" else scene.live
            verdict = CASES[name]["verdict"]
            found[kind, name] = stream.wait(30, event=("open", "change"), verdict=verdict, **scene.who(kind, name))
    return found


@pytest.fixture(scope="module")
def once(scene, all_live):
    return run.once("--netns", scene.room.here.name)


@pytest.fixture(scope="module")
def once_writers(scene, all_live):
    return run.once("writers", "--netns", scene.room.here.name)


def check(record, scene, kind, name):
    client = scene.clients[kind]
    for key, value in CASES[name].items():
        assert record[key] == value, (key, record)
    assert record["comm"] in ("python3", "node", "MainThread", "held_client"), record
    assert record["waiter"] == "loop" and record["syscall"] in held.KINDS[kind], record
    assert record["tid"] == client.pid and "event loop waits" in record["why"], record
    assert (record["epoll_fd"] is not None) == (kind in held.EPOLL), record
    if name != "connect":
        assert record["fd"] == client.connections[name]["fd"], record
    held.check_since(record, scene.since[kind, name], 2 if name == "window" else 0)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", held.KINDS)
def test_live(scene, all_live, kind, name):
    held.skip_missing(kind)
    check(all_live[kind, name], scene, kind, name)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", held.KINDS)
def test_started_before(scene, once, once_writers, kind, name):
    held.skip_missing(kind)
    record = run.only(once_writers if name == "connect" else once, **scene.who(kind, name))
    check(record, scene, kind, name)


@pytest.mark.parametrize("kind", held.KINDS)
def test_a_connect_is_one_finding(scene, once, kind):
    """In the overview it is a handshake."""
    held.skip_missing(kind)
    assert run.only(once, **scene.who(kind, "connect"))["type"] == "handshake"


@pytest.mark.parametrize("kind", held.KINDS)
def test_idle_ones_are_not_told(scene, once, kind):
    held.skip_missing(kind)
    for name in ("idle", "quiet"):
        assert not run.findings(scene.live.records(), **scene.who(kind, name))
        assert not run.findings(once, **scene.who(kind, name))


def test_readers_are_told_by_readers_and_writers_by_writers(scene, all_live, once_writers):
    readers = run.once("readers", "--netns", scene.room.here.name)
    for kind in scene.clients:
        assert run.only(readers, pid=scene.clients[kind].pid)["verdict"] == "peer_dead"
        verdicts = {record["verdict"] for record in run.findings(once_writers, pid=scene.clients[kind].pid)}
        assert verdicts == {"peer_dead", "window_zero", "no_answer"}


def test_whole_stream(scene, all_live):
    """It is over once the connection is; and no id comes back."""
    kind, client = next(iter(scene.clients.items()))
    client.tell("close vanished")
    scene.live.wait(15, event="close", id=all_live[kind, "vanished"]["id"])
    scene.live.stop()


def test_nobody_has_noticed(room):
    """A program sends, and then does something else."""
    with held.cut_off(room, 7311, "time.sleep(600)") as (child, table):
        records = wait_until(lambda: run.findings(run.once("-p", child.pid), pid=child.pid), 20, "the finding")
        record = run.only(records, pid=child.pid)
        assert record["verdict"] == "peer_dead" and record["waiter"] is None and record["tid"] is None
        assert record["epoll_fd"] is None and "nobody has noticed" in record["why"] and "300 bytes" in record["why"]
        room.there.undrop(table)
        wait_until(lambda: not run.findings(run.once("-p", child.pid), pid=child.pid), 60, "its end")


def test_one_poller_is_a_thread(room):
    """A thread in poll for one connection alone waits for it, as in a read with a limit."""
    poll = "p=select.poll(); p.register(s,select.POLLIN); p.poll(600000)"
    with held.cut_off(room, 7312, poll) as (child, _):
        records = wait_until(lambda: run.findings(run.once("-p", child.pid), pid=child.pid), 20, "the finding")
        record = run.only(records, pid=child.pid)
        assert (record["verdict"], record["waiter"], record["tid"]) == ("peer_dead", "thread", child.pid)
        assert record["syscall"] in held.KINDS["poll"] and "a thread waits on the connection" in record["why"]


SENDER = """
import select, socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.setblocking(False)
e = select.epoll()
e.register(s, select.EPOLLIN)
e.poll()
assert not s.recv(1), "the end of what it says"
e.modify(s, select.EPOLLOUT)
print(s.getsockname()[1], flush=True)
while True:
    e.poll()
    s.send(b"x" * 65536)
"""

HALF_CLOSED = """
import socket, sys, time
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
connection, _ = listener.accept()
connection.shutdown(socket.SHUT_WR)
while sys.argv[3] == "slow":
    connection.recv(65536)
    time.sleep(0.2)
time.sleep(600)
"""


def test_senders_whose_peers_have_said_their_last(room):
    """Their connections are in CLOSE_WAIT, and go on in one direction: one of the peers reads, the other does not."""
    address, ports = room.link.right4, {}
    for port, how in (7321, "deaf"), (7322, "slow"):
        peer = Child(room.there.enter() + [PYTHON, "-uc", HALF_CLOSED, address, str(port), how])
        room.there.programs.append(peer)
        wait_until(lambda: room.there.run("ss", "-Htln", f"sport = :{port}"), 20, "the listener")
        sender = Child(room.here.enter() + [PYTHON, "-uc", SENDER, address, str(port)])
        room.here.programs.append(sender)
        ports[how] = int(sender.wait_line(lambda line: line, 20))
    records = wait_until(lambda: run.findings(run.once("writers"), local_port=ports["deaf"]), 40, "the finding")
    record = run.only(records)
    assert (record["verdict"], record["state"], record["waiter"]) == ("window_zero", "CLOSE_WAIT", "loop"), record
    assert record["age_s"] >= 10 and record["unsent_bytes"]
    records = run.once()
    assert run.only(records, local_port=ports["deaf"])["type"] == "writer", "and not a closing connection as well"
    assert not run.findings(records, local_port=ports["slow"]) and not run.findings(records, peer_port=ports["slow"])
