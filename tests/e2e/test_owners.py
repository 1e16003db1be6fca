# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Whose listener it is, when the kernel does not say: shared, passed on, left behind."""

import pytest

import run
from child import Stall, wait_until
from zoo import Room

PORTS = {"inherit": 8101, "reuseport": 8102, "passed": 8103, "leaderless": 8104, "activated": 8105}
CLIENTS = 8  # with SO_REUSEPORT the kernel spreads them: all on one side is one in 128


@pytest.fixture(scope="module")
def room():
    room = Room()
    yield room
    room.close()


def stuck_on(room, how):
    """The program, what it said, and the not accepted connections that sockstall shows for its port."""
    port = PORTS[how]
    server = Stall(room.here, "sharing.py", how, room.link.left4, port)
    words = server.said("listening")
    clients = Stall(room.there, "endpoint.py", *[f"connect={room.link.left4},{port}"] * CLIENTS)
    for _ in range(CLIENTS):
        clients.said("connected")

    def shown():
        records = run.once("handshakes", "-m", "100ms", "-a")
        return [
            r
            for r in records
            if r.get("netns") == room.here.inode and r.get("local_port") == port and r.get("verdict") == "not_accepted"
        ]

    def settled():
        """They were all made within a moment: when the youngest shown is this old, none is still too young."""
        records = shown()
        return records if records and all(r["age_s"] > 0.6 for r in records) else None

    records = wait_until(settled, 10, "connections that nobody accepts")
    clients.end()
    server.end()
    return server, words, records


def test_inherited_by_workers(room):
    """Children that were forked with the listener are to accept, and their parent is to look after them."""
    server, words, records = stuck_on(room, "inherit")
    worker = min(words["children"])
    assert len(records) == CLIENTS
    for record in records:
        assert (record["pid"], record["fd"]) == (worker, words["fd"])
        for pid in (server.pid, *words["children"]):
            assert f"pid {pid}" in record["why"], record["why"]
        assert f"threads -p {worker}," in record["advice"], record["advice"]


def test_one_of_a_reuseport_group(room):
    """The parent accepts what is its own: what is left lies in the child's queue, and is shown as the child's."""
    _, words, records = stuck_on(room, "reuseport")
    assert 0 < len(records) < CLIENTS, "the kernel put all of them on one side"
    for record in records:
        assert (record["pid"], record["fd"]) == (words["child"], words["fd"]), record


def test_passed_over_a_unix_socket(room):
    server, words, records = stuck_on(room, "passed")
    assert len(records) == CLIENTS
    for record in records:
        assert (record["pid"], record["fd"]) == (server.pid, words["fd"])
        assert "shares" not in record["why"]


class OwnPids:
    """A namespace with the room's network, whose processes are its own: a program of stalls/ is pid 1 there."""

    def enter(self):
        return [*self.room.here.enter(), "unshare", "-p", "-f", "--mount-proc", "--kill-child"]

    def __init__(self, room):
        self.room, self.programs = room, room.here.programs


def test_socket_activation(room):
    """systemd listens for a service. While it is not started only pid 1 can be named; then the service is."""
    port = PORTS["activated"]
    server = Stall(OwnPids(room), "sharing.py", "activated", room.link.left4, port)
    words = server.said("listening")
    assert words["pid"] == 1
    (init,) = children(server.pid)
    client = Stall(room.there, "endpoint.py", f"connect={room.link.left4},{port}")
    client.said("connected")

    def shown():
        # The new namespace's /proc is seen from in there only.
        records = run.once("handshakes", "-m", "100ms", before=["nsenter", "-t", init, "-p", "-m"])
        found = run.findings(records, type="handshake", netns=room.here.inode, local_port=port)
        return found[0] if found else None

    record = wait_until(shown, 10, "a connection that nobody accepts")
    assert (record["pid"], record["fd"]) == (1, words["fd"])
    assert "shares" not in record["why"]
    server.tell("start")
    service = server.said("started")["child"]
    record = shown()
    assert (record["pid"], record["fd"]) == (service, words["fd"])
    assert "which shares it with python3 (pid 1)," in record["why"], record["why"]
    assert record["advice"].endswith(f"threads -p {service}"), record["advice"]
    client.end()
    server.end()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return file.read().split()


def test_first_thread_has_exited(room):
    server, words, records = stuck_on(room, "leaderless")
    assert len(records) == CLIENTS
    for record in records:
        assert (record["pid"], record["fd"]) == (server.pid, words["fd"])
        assert "shares" not in record["why"], "a process does not share a socket with its own threads"


def test_namespace_by_name(room):
    """The number is an inode; `ip netns` has a name for it."""
    _, _, records = stuck_on(room, "passed")
    assert {record["netns_name"] for record in records} == {room.here.name}
