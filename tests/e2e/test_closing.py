# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Connections whose closing does not get on: whose fault it is, and what is no fault at all."""

import os
import time

import pytest

import run
from child import SLOW, Stall, wait_until
from test_readers import accepted, connected, positive, tell
from zoo import Case, Room, Zoo, check, keepers  # noqa: F401

STUCK = {}
HEALTHY = {}
MISSING = {}  # of those that are stuck: why they cannot be seen here
KERNEL_BTF = "/sys/kernel/btf/vmlinux"


def has_field(name):
    with open(KERNEL_BTF, "rb") as file:
        return b"\0" + name.encode() + b"\0" in file.read()


def stuck(build):
    STUCK[build.__name__] = build
    return build


def stuck_where_entries_have_an_age(build):
    if os.path.exists(KERNEL_BTF) and not has_field("tw_entry_stamp"):
        MISSING[build.__name__] = "before Linux 6.14 what is left of a connection does not tell how old it is"
    return stuck(build)


def healthy(build):
    HEALTHY[build.__name__] = build
    return build


def told(stall, step, said):
    stall.tell(step)
    return stall.said(said)


def ours(stall, room, port, end, since=None, **expect):
    """Of a connection that the stall's server port names, and that the stall still holds."""
    expect = {
        "type": "closing",
        "comm": "python3",
        "netns": room.here.inode,
        "orphaned": False,
        "connections": 1,
        "pid": stall.pid,
        "fd": lambda fd: fd > 2,
        **expect,
    }
    return Case({"netns": room.here.inode, "local_port": port}, expect, end, since, since_tolerance=0.2)


class Stays(AssertionError):
    """A connection that cannot be ended from outside."""


def killed(room, port, side="dport"):
    def end():
        room.here.run("ss", "-K", side, "=", str(port))
        if room.here.sockets(side, "=", str(port)):
            raise Stays("this kernel does not end a connection that its application has let go of (Linux 6.11 does)")

    return end


def orphan(room, port, end, **expect):
    expect = {"type": "closing", "pid": None, "fd": None, "orphaned": True, "peer_port": port, **expect}
    return Case({"netns": room.here.inode, "peer_port": port}, expect, end)


# CLOSE_WAIT.


@stuck
def not_closed(room):
    """Answered, and told that the peer is through: all that is left to do is to close."""
    server, peer = accepted(room, 7001, peer=["send=10"])
    # Within one tick the kernel cannot tell who spoke last.
    tell(server, "take=10", "pause=0.1", "send=10")
    peer.tell("take=10")
    peer.said("took")
    closed = told(peer, "close", "closed")["time"]
    told(server, "finish", "finished")
    return ours(
        server,
        room,
        7001,
        lambda: told(server, "close", "closed"),
        lambda: closed,
        verdict="not_closed",
        state="CLOSE_WAIT",
        fault="application",
        eof_read=True,
        unread_bytes=0,
        gives_up_s=None,
        advice=lambda text: "close" in text,
    )


@stuck
def not_closed_of_client(room):
    """A client that leaks: the server has closed, and the client has read that."""
    client, peer = connected(room, 7002)
    told(peer, "close", "closed")
    told(client, "finish", "finished")
    return Case(
        {"netns": room.here.inode, "peer_port": 7002},
        {"type": "closing", "verdict": "not_closed", "fault": "application", "pid": client.pid},
        lambda: told(client, "close", "closed"),
    )


@stuck
def not_read(room):
    """A pooled connection: nobody looks whether the peer has closed it."""
    server, peer = accepted(room, 7003, peer=["send=10"])
    told(peer, "close", "closed")
    return ours(
        server,
        room,
        7003,
        server.end,
        verdict="not_read",
        state="CLOSE_WAIT",
        fault="application",
        eof_read=False,
        unread_bytes=10,
    )


# FIN_WAIT2.


@stuck
def peer_not_closed(room):
    server, peer = accepted(room, 7004)
    told(server, "shut", "shut")
    return ours(
        server,
        room,
        7004,
        peer.end,
        verdict="peer_not_closed",
        state="FIN_WAIT2",
        fault="peer_application",
        eof_read=None,
        gives_up_s=None,
    )


@stuck_where_entries_have_an_age
def peer_not_closed_orphan(room):
    """
    The kernel keeps an entry for tcp_fin_timeout, and then it is gone; or the socket, where the ACK of the FIN came while it was
    in use (tcp_rcv_state_process()): of that it is not told when.
    """
    room.here.sysctl("net.ipv4.tcp_fin_timeout", 60)
    client, peer = connected(room, 7005)
    told(client, "close", "closed")
    return orphan(
        room,
        7005,
        peer.end,
        verdict="peer_not_closed",
        state="FIN_WAIT2",
        fault="peer_application",
        gives_up_s=lambda value: value is None or 0 < value < 70,
    )


@stuck
def peer_not_closed_long_orphan(room):
    """With more than a minute it keeps the socket until only a minute of it is left."""
    room.here.sysctl("net.ipv4.tcp_fin_timeout", int(100 + 100 * SLOW))
    client, peer = connected(room, 7010)
    told(client, "close", "closed")
    wait_until(lambda: room.here.sockets("state", "fin-wait-2", "dport", "=", "7010"), 5, "FIN_WAIT2")
    return orphan(
        room, 7010, peer.end, verdict="peer_not_closed", state="FIN_WAIT2", fault="peer_application", gives_up_s=None
    )


# FIN_WAIT1, LAST_ACK, CLOSING.


@stuck
def unanswered_fin_wait1(room):
    link = room.new_link()
    client, _ = connected(room, 7006, link=link)
    room.there.drop("input", "tcp dport 7006")
    told(client, "close", "closed")
    link.cut()
    return orphan(
        room,
        7006,
        killed(room, 7006),
        verdict="unanswered",
        state="FIN_WAIT1",
        fault="peer_or_path",
        retransmits=positive,
        gives_up_s=positive,
        unacked_bytes=1,
    )


@stuck
def unanswered_last_ack(room):
    client, peer = connected(room, 7007)
    told(peer, "close", "closed")
    told(client, "finish", "finished")
    room.there.drop("input", "tcp dport 7007")
    told(client, "close", "closed")
    return orphan(
        room,
        7007,
        killed(room, 7007),
        verdict="unanswered",
        state="LAST_ACK",
        fault="peer_or_path",
        retransmits=positive,
    )


@stuck
def unanswered_held(room):
    """The application has shut its side down, and waits."""
    server, peer = accepted(room, 7008)
    room.there.drop("input", "tcp sport 7008")
    told(server, "shut", "shut")
    return ours(
        server,
        room,
        7008,
        killed(room, 7008, "sport"),
        verdict="unanswered",
        state="FIN_WAIT1",
        fault="peer_or_path",
        retransmits=positive,
        gives_up_s=positive,
    )


@stuck
def window_zero(room):
    """What was sent before the close does not fit through the peer's closed window."""
    client, peer = connected(room, 7009)
    told(client, "fill", "filled")
    told(client, "close", "closed")
    return orphan(
        room,
        7009,
        peer.end,
        verdict="window_zero",
        state="FIN_WAIT1",
        fault="peer_application",
        unsent_bytes=positive,
        gives_up_s=positive,
    )


# Healthy.


@healthy
def half_closed(room):
    """The client has sent its request, closed its side, and waits for the answer."""
    server, peer = accepted(room, 7101, peer=["send=10", "shut"])
    tell(server, "take=10", "finish")
    server.said("finished")
    return ours(server, room, 7101, server.end, verdict="half_closed", state="CLOSE_WAIT", fault=None, eof_read=True)


@healthy
def open_connection(room):
    server, peer = accepted(room, 7102)
    return Case({"netns": room.here.inode, "local_port": 7102}, None, None)


@healthy
def time_wait(room):
    client, peer = connected(room, 7103)
    told(client, "close", "closed")
    told(peer, "close", "closed")
    wait_until(lambda: room.here.sockets("state", "time-wait", "dport", "=", "7103"), 5, "TIME_WAIT")
    return Case({"netns": room.here.inode, "peer_port": 7103}, None, None)


@healthy
def answering(room):
    """The peer has closed its side, and is still being sent to, and reads."""
    server, peer = accepted(room, 7104, peer=["send=10", "shut", "drain"])
    tell(server, "take=10", "finish")
    server.said("finished")
    server.tell("pour")
    server.said("pouring")
    return Case({"netns": room.here.inode, "local_port": 7104, "type": "closing"}, None, None)


ALL_STUCK = [
    pytest.param(name, marks=pytest.mark.skipif(name in MISSING, reason=MISSING.get(name, ""))) for name in STUCK
]


@pytest.fixture(scope="module")
def zoo():
    room = Room()
    began = time.monotonic()
    zoo = Zoo(
        {name: build for name, build in STUCK.items() if name not in MISSING},
        room,
        "closing",
        "-i",
        "100ms",
        "-m",
        "300ms",
        once_options=["closing", "-m", "300ms"],
    )
    zoo.healthy = {name: build(room) for name, build in HEALTHY.items()}
    zoo.began = began
    yield zoo
    zoo.finish()


@pytest.fixture(scope="module")
def once(zoo):
    return zoo.once_records()


@pytest.fixture(scope="module")
def others(zoo, once):
    young = {"default": run.once("closing"), "all": run.once("closing", "-a")}
    return {"young": time.monotonic() - zoo.began < 60, "overview": run.once("-m", "300ms"), **young}


@pytest.fixture
def young(others):
    if not others["young"]:
        pytest.skip("the minute that an application has was over before this machine had looked")
    return others


@pytest.fixture(scope="module")
def ended(zoo, once, others):
    return zoo.end_stalls()


@pytest.mark.parametrize("name", ALL_STUCK)
def test_live(zoo, name):
    zoo.live(name)


@pytest.mark.parametrize("name", ALL_STUCK)
def test_started_before(zoo, once, name):
    zoo.once(name, once)


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_is_not_shown(zoo, once, others, name):
    who = zoo.healthy[name].who
    assert not run.findings(once, **who)
    assert not run.findings(others["overview"], **{**who, "type": "closing"})
    assert not run.findings(zoo.stream.records(), **who)


def test_half_closed_with_all(zoo, others):
    case = zoo.healthy["half_closed"]
    check(run.only(others["all"], **case.who), case)


def test_young_with_all(zoo, young):
    """Without --min-age the same is normal for a minute."""
    case = zoo.case("peer_not_closed")
    assert run.only(young["all"], **case.who)["verdict"] == "under_way"


def test_the_overview_has_them(zoo, others):
    case = zoo.case("not_closed")
    assert run.only(others["overview"], **case.who)["verdict"] == "not_closed"


@pytest.mark.parametrize(
    "name, shown",
    [("not_closed", False), ("not_read", False), ("peer_not_closed", False), ("unanswered_fin_wait1", True)],
)
def test_an_application_has_a_minute(zoo, young, name, shown):
    """Without --min-age only what evidently goes nowhere is shown at once."""
    assert bool(run.findings(young["default"], **zoo.case(name).who)) == shown


@pytest.mark.parametrize("name", ALL_STUCK)
def test_close(zoo, ended, name):
    if isinstance(zoo.broken.get(name), Stays):
        pytest.skip(str(zoo.broken[name]))
    zoo.check_close(name, ended.get(name))


def test_whole_stream(zoo, ended):
    zoo.stream.stop()


def test_a_leak_is_one_finding(room):
    """Hundreds of connections that one process does not close."""
    server = Stall(room.here, "leak.py", f"{room.link.left4}", "7201", "150")
    words = server.said("leaking")
    wanted = {"pid": words["pid"], "type": "closing"}

    def one():
        found = run.findings(run.once("closing", "-m", "300ms"), **wanted)
        return found if found and found[0]["connections"] == 150 else None

    records = wait_until(one, 10, "one finding")
    assert len(records) == 1 and records[0]["verdict"] == "not_read" and "150 connections" in records[0]["why"]
