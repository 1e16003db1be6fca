# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Whose listener it is, when the kernel does not say: shared, passed on, left behind."""

import platform

import pytest

import run
from child import Stall, wait_until
from zoo import Room

PORTS = {"inherit": 8101, "reuseport": 8102, "passed": 8103, "leaderless": 8104}
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
        return [r for r in records if r.get("netns") == room.here.inode and r.get("local_port") == port
                and r.get("verdict") == "not_accepted"]

    def settled():
        """They were all made within a moment: when the youngest shown is this old, none is still too young."""
        records = shown()
        return records if records and all(r["age_s"] > 0.6 for r in records) else None

    records = wait_until(settled, 10, "connections that nobody accepts")
    clients.end()
    server.end()
    return server, words, records


def test_inherited_by_workers(room):
    server, words, records = stuck_on(room, "inherit")
    assert len(records) == CLIENTS
    for record in records:
        assert (record["pid"], record["fd"]) == (server.pid, words["fd"])
        for pid in words["children"]:
            assert f"pid {pid}" in record["why"], record["why"]
        assert f"threads -p {server.pid}," in record["advice"], record["advice"]


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


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the program knows the number of exit on x86-64 only")
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
