# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Threads blocked in a write: each verdict live and started before, and the twins that are healthy."""

import functools
import time

import pytest

import run
from child import Stall, wait_until
from test_readers import accepted, connected, number, positive, tell
from zoo import Case, Room, Zoo, asleep_since, check, keepers

STUCK = {}


def stuck(build):
    STUCK[build.__name__] = build
    return build


def stuffed(room, stall, syscall, end, **expect):
    """The stall blocks now, in this syscall; what is to be said about it."""
    stall.tell(f"stuff={syscall}")
    words = stall.said("blocking")
    since = functools.lru_cache(1)(lambda: asleep_since(stall, words))
    expect = {
        "type": "writer",
        "syscall": syscall,
        "kind": "tcp",
        "comm": "python3",
        "fd": words["fd"],
        "netns": room.here.inode,
        "local_port": words["port"],
        **expect,
    }
    return Case(keepers(stall), expect, end, since)


def read_on(stall, peer):
    """End the write by reading what was written."""

    def end():
        peer.tell("drain")
        stall.said("returned")

    return end


def window_zero(room, port, syscall, options=(), **expect):
    client, peer = connected(room, port, options=list(options))
    return stuffed(
        room,
        client,
        syscall,
        read_on(client, peer),
        **{
            "verdict": "window_zero",
            "state": "ESTABLISHED",
            "peer_port": port,
            "peer_window": 0,
            "unsent_bytes": positive,
            "unacked_bytes": 0,
            "window_closed_s": positive,
            "returns_by_s": positive,
            "sndtimeo_s": None,
            "retransmits": 0,
            **expect,
        },
    )


@stuck
def window_zero_write(room):
    return window_zero(room, 7001, "write", family="inet", last_sent_s=number, last_received_s=None)


@stuck
def window_zero_writev(room):
    return window_zero(room, 7002, "writev")


@stuck
def window_zero_sendto(room):
    return window_zero(room, 7003, "sendto", advice=lambda text: "application" in text)


@stuck
def window_zero_sendmsg(room):
    return window_zero(room, 7004, "sendmsg", options=["user_timeout=90"], user_timeout_s=90)


@stuck
def window_zero_sendfile(room):
    return window_zero(room, 7005, "sendfile")


@stuck
def window_zero_of_server(room):
    server, peer = accepted(room, 7006)
    return stuffed(room, server, "write", read_on(server, peer), verdict="window_zero", local_port=7006)


@stuck
def send_timeout(room):
    # The kernel's timer wheel may add an eighth.
    return window_zero(
        room,
        7007,
        "write",
        options=["sndtimeo=120"],
        sndtimeo_s=120,
        returns_by_s=lambda value: value is not None and 30 < value < 136,
    )


@stuck
def peer_dead(room):
    """The peer vanishes with our data on its way. The link stays: without it nothing would be on its way."""
    client, _ = connected(room, 7008, link=room.new_link())
    room.there.drop("input", "tcp dport 7008")
    return stuffed(
        room,
        client,
        "write",
        client.end,
        verdict="peer_dead",
        unacked_bytes=positive,
        retransmits=positive,
        returns_by_s=positive,
    )


@stuck
def peer_dead_behind_a_closed_window(room):
    """The peer vanishes after it had closed its window: the probes go unanswered."""
    link = room.new_link()
    client, _ = connected(room, 7009, link=link)
    tell(client, "fill")
    client.said("filled")
    link.cut()
    return stuffed(
        room, client, "write", client.end, verdict="peer_dead", window_probes=positive, unsent_bytes=positive
    )


@pytest.fixture(scope="module")
def zoo():
    room = Room()
    zoo = Zoo(STUCK, room, "writers", "-i", "100ms", "-m", "300ms", once_options=["writers", "-m", "300ms"])
    client, _ = connected(room, 7101, peer=["sip"])
    tell(client, "pour")
    client.said("pouring")
    zoo.talker = client
    zoo.pipe = Stall(room.here, "other_writer.py", "pipe")
    zoo.unix = Stall(room.here, "other_writer.py", "unix")
    zoo.others = {"pipe": zoo.pipe.said("blocking"), "unix": zoo.unix.said("blocking")}
    yield zoo
    zoo.finish()


@pytest.fixture(scope="module")
def once(zoo):
    return zoo.once_records()


@pytest.fixture(scope="module")
def overview(zoo, once):
    return run.once("-m", "300ms")


@pytest.fixture(scope="module")
def ended(zoo, once, overview):
    return zoo.end_stalls()


@pytest.mark.parametrize("name", STUCK)
def test_live(zoo, name):
    zoo.live(name)


@pytest.mark.parametrize("name", STUCK)
def test_started_before(zoo, once, name):
    zoo.once(name, once)


def test_the_overview_has_them(zoo, overview):
    case = zoo.case("window_zero_write")
    assert run.only(overview, **case.who)["verdict"] == "window_zero"


def test_who_is_read_from_is_not_shown(zoo, once):
    assert not run.findings(once, pid=zoo.talker.pid)
    assert not run.findings(zoo.stream.records(), pid=zoo.talker.pid)


@pytest.mark.parametrize("kind", ["pipe", "unix"])
def test_others(zoo, kind):
    """More of these: test_writers_unread.py. That nothing is taken shows late: a reader gets seconds for a large piece."""
    words = zoo.others[kind]
    unread = {"pid": words["pid"], "verdict": "not_read"}
    record = run.only(
        wait_until(lambda: run.findings(run.once("writers", "-a", "-m", "300ms"), **unread), 20, "what nobody reads")
    )
    expect = {
        "type": "writer",
        "verdict": "not_read",
        "kind": kind,
        "fd": words["fd"],
        "syscall": "write",
        "peer_window": None,
        "peer_pid": words["peer"],
        "peer_comm": "python3",
    }
    check(record, Case({}, expect, None))


@pytest.mark.parametrize("name", STUCK)
def test_close(zoo, ended, name):
    zoo.check_close(name, ended.get(name))


def test_whole_stream(zoo, ended):
    zoo.stream.stop()


def test_nothing_stays_open(zoo, ended):
    records = run.once("writers", "-m", "300ms")
    for name in ended:
        assert not run.findings(records, **zoo.cases[name].who)


def test_network_loss(room):
    """Most segments get lost, and some come through: neither is the peer dead nor does it not read."""
    client, _ = connected(room, 7201, peer=["drain"])
    room.there.drop("input", "tcp dport 7201 numgen random mod 100 < 60")
    tell(client, "pour")
    stream = run.Stream("writers", "-j", "-i", "50ms", "-m", "100ms", "-p", client.pid)
    try:
        record = stream.wait(20, verdict="network_loss")
        assert record["retransmits"] >= 1 and record["unacked_bytes"] > 0 and record["window_closed_s"] is None
    finally:
        stream.end()


def test_a_slow_reader(room):
    """The buffer is full, and the peer takes what is in it: that is what a buffer is for."""
    client, _ = connected(room, 7202, peer=["sip"])
    tell(client, "pour")
    stream = run.Stream("writers", "-j", "-a", "-i", "50ms", "-p", client.pid)
    try:
        record = stream.wait(20, verdict="sending")
        assert record["unsent_bytes"] > 0 and record["advice"] is None
    finally:
        stream.end()
    assert not run.findings(run.once("writers"), pid=client.pid)


def test_a_closed_window_before_the_user_timeout(room):
    """The last wait for a probe is cut short by TCP_USER_TIMEOUT: it does not make the window closed for longer."""
    client, _ = connected(room, 7203, options=["user_timeout=8"])
    begun = time.time()
    tell(client, "stuff=write")
    client.said("blocking")
    told, longest = [], 0

    def look():
        nonlocal longest
        asked = time.time()
        # The last wait is from 6.4 s on: other work must not keep all looks out of it.
        records = run.findings(run.once("writers", "-m", "100ms", "-p", client.pid, before=("nice", "-n", "-20")))
        told.extend((time.time() - begun, record["window_closed_s"]) for record in records)
        longest = max(longest, time.time() - asked)
        return records

    wait_until(look, 5, "the stall")
    while look():
        time.sleep(0.02)
    assert client.said("returned")["error"] == "ETIMEDOUT"
    assert all(closed_s <= since_s for since_s, closed_s in told), told
    if told[-1][0] <= 6.6 and longest > 0.7:
        pytest.skip(
            f"a look took {longest:.1f} s here: none was in the last wait, which is from 6.4 s on, and not for 2 s"
        )
    assert told[-1][0] > 6.6 and told[-1][1] > 6, told
