# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Threads blocked in a read: each verdict live and started before, and the twins that are healthy."""

import functools
import json
import os
import time

import pytest

import run
from child import Stall, wait_until
from zoo import Case, Room, Zoo, asleep_since, check, in_syscall, keepers

RELEASE = tuple(map(int, os.uname().release.split(".")[:2]))
STUCK = {}
HEALTHY = {}


def stuck(build):
    STUCK[build.__name__] = build
    return build


def healthy(build):
    HEALTHY[build.__name__] = build
    return build


def number(value):
    return isinstance(value, (int, float)) and value >= 0


def positive(value):
    return number(value) and value > 0


def connected(room, port, options=(), peer=(), link=None, address=None, listen=None):
    """A client here, connected to a peer there."""
    address = address or (link or room.link).right4
    peer = Stall(room.there, "endpoint.py", f"listen={listen or address},{port},16", "accept", *peer)
    peer.said("listening")
    client = Stall(room.here, "endpoint.py", *options, f"connect={address},{port}")
    client.said("connected")
    return client, peer


def accepted(room, port, options=(), peer=(), link=None, backlog=16):
    """A server here, which has accepted a connection from a peer there."""
    address = (link or room.link).left4
    server = Stall(room.here, "endpoint.py", *options, f"listen={address},{port},{backlog}", "accept")
    server.said("listening")
    peer = Stall(room.there, "endpoint.py", f"connect={address},{port}", *peer)
    peer.said("connected")
    server.said("accepted")
    return server, peer


def tell(stall, *steps):
    for step in steps:
        stall.tell(step)


def blocked(room, stall, how, end, **expect):
    """The stall blocks now, in this syscall; what is to be said about it."""
    stall.tell(f"block={how}")
    words = stall.said("blocking")
    # Taken at the first check, while it is still blocked: afterwards the thread's times move on.
    since = functools.lru_cache(1)(lambda: asleep_since(stall, words))
    expect = {
        "type": "reader",
        "syscall": how,
        "kind": "tcp",
        "comm": "python3",
        "fd": words["fd"],
        "netns": room.here.inode,
        "local_port": words["port"],
        **expect,
    }
    return Case(keepers(stall), expect, end, since)


def answer(stall, peer):
    """End the read by giving it something."""

    def end():
        peer.tell("send=5")
        stall.said("returned")

    return end


# Stuck.


@stuck
def awaiting_reply(room):
    client, peer = connected(room, 7001)
    tell(client, "send=217")
    return blocked(
        room,
        client,
        "recvfrom",
        answer(client, peer),
        verdict="awaiting_reply",
        role="client",
        state="ESTABLISHED",
        family="inet",
        local_addr=room.link.left4,
        peer_addr=room.link.right4,
        peer_port=7001,
        bytes_sent=217,
        bytes_received=0,
        last_sent_s=number,
        last_received_s=None,
        unacked_bytes=0,
        retransmits=0,
        keepalive=False,
        keepalive_probes=0,
        rcvtimeo_s=None,
        user_timeout_s=None,
        returns_by_s=None,
        alarm_s=None,
        # Null where nothing has asked the kernel for it yet.
        cookie=lambda text: text is None or int(text) > 0,
    )


@stuck
def awaiting_reply_again(room):
    """The second request of a connection: both have spoken, we last, within a moment of each other."""
    client, peer = connected(room, 7002, peer=["take=10", "send=10"])
    tell(client, "send=10", "take=10", "send=11")
    return blocked(
        room,
        client,
        "read",
        answer(client, peer),
        verdict="awaiting_reply",
        role="client",
        bytes_sent=21,
        bytes_received=10,
        last_received_s=number,
    )


@stuck
def reply_stopped(room):
    """A part of what the read waits for is here, and no more comes."""
    client, peer = connected(room, 7003, peer=["take=10", "send=103"])
    tell(client, "send=10", "take=100")

    def end():
        peer.tell("send=60")
        client.said("returned")

    return blocked(
        room,
        client,
        "peek",
        end,
        syscall="recvfrom",
        verdict="reply_stopped",
        role="client",
        bytes_sent=10,
        bytes_received=103,
        last_sent_s=number,
        last_received_s=number,
    )


@stuck
def no_request(room):
    server, peer = accepted(room, 7004)
    return blocked(
        room,
        server,
        "recvmmsg",
        answer(server, peer),
        verdict="no_request",
        role="server",
        bytes_received=0,
        bytes_sent=0,
        last_received_s=None,
        last_sent_s=None,
        local_addr=room.link.left4,
        peer_addr=room.link.right4,
    )


@stuck
def no_request_listener_gone(room):
    """Who accepted is known by the socket alone when the listener has been closed."""
    server, peer = accepted(room, 7005)
    tell(server, "unlisten")
    return blocked(room, server, "recvfrom", answer(server, peer), verdict="no_request", role="server")


@stuck
def request_stopped(room):
    server, peer = accepted(room, 7006, peer=["send=20"])
    tell(server, "take=20")
    return blocked(
        room,
        server,
        "readv",
        answer(server, peer),
        verdict="request_stopped",
        role="server",
        bytes_received=20,
        bytes_sent=0,
        last_received_s=number,
    )


@stuck
def spliced(room):
    """As a proxy moves data."""
    client, peer = connected(room, 7015)
    tell(client, "send=5")
    return blocked(room, client, "splice", answer(client, peer), verdict="awaiting_reply", role="client")


@stuck
def preadv2(room):
    client, peer = connected(room, 7016)
    tell(client, "send=5")
    return blocked(room, client, "preadv2", answer(client, peer), verdict="awaiting_reply", role="client")


@stuck
def awaiting_reply_from_an_address(room):
    """The client chose the address that it connects from, but not the port."""
    client, peer = connected(room, 7017, options=[f"source_from={room.link.left4}"], peer=["take=10", "send=10"])
    tell(client, "send=10", "take=10", "send=11")
    return blocked(
        room,
        client,
        "read",
        answer(client, peer),
        verdict="awaiting_reply",
        role="client",
        bytes_sent=21,
        bytes_received=10,
    )


@stuck
def receive_timeout(room):
    client, peer = connected(room, 7007, options=["rcvtimeo=120"])
    tell(client, "send=9")
    return blocked(
        room,
        client,
        "recvfrom",
        answer(client, peer),
        verdict="awaiting_reply",
        rcvtimeo_s=120,
        # The kernel's timer wheel may add an eighth.
        returns_by_s=lambda value: value is not None and 30 < value < 136,
    )


@stuck
def alarm_of_its_own(room):
    client, peer = connected(room, 7018, options=["alarm=3600"])
    tell(client, "send=9")
    return blocked(
        room,
        client,
        "recvfrom",
        answer(client, peer),
        verdict="awaiting_reply",
        returns_by_s=None,
        alarm_s=lambda value: 3000 < value <= 3600,
        why=lambda text: "only its own alarm (SIGALRM in " in text,
        advice=lambda text: "SO_RCVTIMEO" not in text,
    )


def vanish_with(room, link, port, stall, send):
    """The peer vanishes with our data on its way: the first segment is lost, then the interface is down."""
    room.there.drop("input", f"tcp dport {port}")
    room.there.drop("input", f"tcp sport {port}")
    tell(stall, f"send={send}")
    stall.said("sent")
    link.cut()


@stuck
def peer_dead_data(room):
    link = room.new_link()
    client, _ = connected(room, 7008, link=link)
    vanish_with(room, link, 7008, client, 100)
    return blocked(
        room,
        client,
        "recvfrom",
        client.end,
        verdict="peer_dead",
        role="client",
        unacked_bytes=100,
        retransmits=positive,
        keepalive=False,
        returns_by_s=positive,
    )


@stuck
def peer_dead_data_of_server(room):
    link = room.new_link()
    server, _ = accepted(room, 7009, link=link, peer=["send=10"])
    tell(server, "take=10")
    server.said("took")
    vanish_with(room, link, 7009, server, 50)
    return blocked(
        room, server, "recvfrom", server.end, verdict="peer_dead", role="server", unacked_bytes=50, retransmits=positive
    )


@stuck
def peer_dead_interface_down(room):
    """
    The interface goes down before we speak: the kernel may fail to send even the first segment, and then it
    probes instead of retransmitting. The peer is as dead, and its window is not closed.
    """
    link = room.new_link()
    client, _ = connected(room, 7014, link=link)
    link.cut()
    tell(client, "send=100")
    return blocked(
        room,
        client,
        "recvfrom",
        client.end,
        verdict="peer_dead",
        role="client",
        why=lambda text: "window is closed" not in text,
    )


@stuck
def peer_dead_keepalive(room):
    link = room.new_link()
    client, _ = connected(room, 7010, link=link, options=["keepalive=1,1,60"])
    tell(client, "send=10")
    client.said("sent")
    link.cut()
    return blocked(
        room,
        client,
        "recvfrom",
        client.end,
        verdict="peer_dead",
        role="client",
        keepalive=True,
        keepalive_probes=positive,
        unacked_bytes=0,
        returns_by_s=positive,
        keepalive_idle_s=1,
        keepalive_interval_s=1,
        keepalive_probes_max=60,
    )


@stuck
def ipv6(room):
    client, peer = connected(room, 7011, address=room.link.right6)
    tell(client, "send=10")
    return blocked(
        room,
        client,
        "recvfrom",
        answer(client, peer),
        verdict="awaiting_reply",
        family="inet6",
        local_addr=room.link.left6,
        peer_addr=room.link.right6,
    )


@stuck
def ipv4_mapped(room):
    client, peer = connected(room, 7012, address=f"::ffff:{room.link.right4}", listen=room.link.right4)
    tell(client, "send=10")
    return blocked(
        room,
        client,
        "recvfrom",
        answer(client, peer),
        verdict="awaiting_reply",
        family="inet",
        local_addr=room.link.left4,
        peer_addr=room.link.right4,
    )


@stuck
def user_timeout_shown(room):
    client, peer = connected(room, 7013, options=["user_timeout=20"])
    tell(client, "send=10")
    # Nothing is in flight and there is no keepalive: the timeout alone never ends a read.
    return blocked(
        room, client, "recvfrom", answer(client, peer), verdict="awaiting_reply", user_timeout_s=20, returns_by_s=None
    )


# Healthy.


@healthy
def subscriber(room):
    """The peer spoke last, and may or may not have more to say."""
    client, peer = connected(room, 7019, peer=["take=10", "send=100"])
    tell(client, "send=10", "take=100")
    return blocked(
        room,
        client,
        "recvfrom",
        answer(client, peer),
        verdict="waiting",
        role="client",
        bytes_received=100,
        why=lambda text: "cannot be seen whether more is due" in text,
    )


@healthy
def idle_server(room):
    server, peer = accepted(room, 7101, peer=["send=10", "take=10"])
    tell(server, "take=10", "send=10")
    return blocked(
        room, server, "recvfrom", answer(server, peer), verdict="idle", role="server", bytes_received=10, bytes_sent=10
    )


@healthy
def idle_server_without_backlog(room):
    """It has no backlog of its listener's, and a port that nobody chose: as a client that chose its address."""
    server, peer = accepted(room, 7103, peer=["send=10", "take=10"], backlog=0)
    tell(server, "take=10", "send=10")
    return blocked(room, server, "recvfrom", answer(server, peer), verdict="idle", role="server")


@healthy
def idle_server_keepalive(room):
    """Probes that are answered."""
    server, peer = accepted(room, 7102, options=["keepalive=1,1,60"], peer=["send=10", "take=10"])
    tell(server, "take=10", "send=10")
    return blocked(room, server, "recvfrom", answer(server, peer), verdict="idle", role="server", keepalive=True)


def other(room, kind, *place, **expect):
    stall = Stall(room.here, "other_reader.py", kind, *place)
    words = stall.said("blocking")

    def end():
        stall.tell("")
        stall.said("returned")

    since = functools.lru_cache(1)(lambda: asleep_since(stall, words))
    expect = {"type": "reader", "verdict": "waiting", "kind": kind, "syscall": "read", "fd": words["fd"], **expect}
    return Case(keepers(stall), expect, end, since)


@healthy
def udp(room):
    return other(room, "udp", f"{room.link.left4},7201", family="inet", local_port=7201)


@healthy
def unix(room):
    return other(room, "unix", family="unix")


@healthy
def pipe(room):
    return other(room, "pipe", family=None)


@pytest.fixture(scope="module")
def zoo():
    room = Room()
    zoo = Zoo(STUCK, room, "readers", "-i", "100ms", "-m", "300ms", once_options=["readers", "-m", "300ms"])
    zoo.healthy = {name: build(room) for name, build in HEALTHY.items()}
    client, _ = connected(room, 7301, peer=["echo"])
    tell(client, "ask")
    client.said("asking")
    zoo.talker = client
    yield zoo
    zoo.finish()


@pytest.fixture(scope="module")
def once(zoo):
    return zoo.once_records()


@pytest.fixture(scope="module")
def all_once(zoo, once):
    return run.once("readers", "-a", "-m", "300ms")


@pytest.fixture(scope="module")
def ended(zoo, once, all_once):
    """Every stall of the zoo is over; the live run still goes on."""
    return zoo.end_stalls()


@pytest.mark.parametrize("name", STUCK)
def test_live(zoo, name):
    zoo.live(name)


@pytest.mark.parametrize("name", STUCK)
def test_started_before(zoo, once, name):
    zoo.once(name, once)


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_is_not_shown(zoo, once, name):
    who = zoo.healthy[name].who
    assert not run.findings(once, **who)
    assert not run.findings(zoo.stream.records(), **who)


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_with_all(zoo, all_once, name):
    case = zoo.healthy[name]
    check(run.only(all_once, **case.who), case)


def test_all_shows_the_stuck_too(zoo, all_once):
    case = zoo.case("awaiting_reply")
    assert run.only(all_once, **case.who)["verdict"] == "awaiting_reply"


def test_talking_client_is_not_shown(zoo, once):
    assert not run.findings(once, pid=zoo.talker.pid)
    assert not run.findings(zoo.stream.records(), pid=zoo.talker.pid)


def test_worst_things_only(once):
    """Without -a nothing that is normal is in the output, of whatever process."""
    assert not [r for r in run.findings(once) if r["verdict"] in ("idle", "waiting", "young", "ok")]


@pytest.mark.parametrize("name", STUCK)
def test_close(zoo, ended, name):
    zoo.check_close(name, ended.get(name))


def test_whole_stream(zoo, ended):
    """From start to end, and no stall closes while it lasts, only to open again."""
    zoo.stream.stop()


def test_nothing_stays_open(zoo, ended):
    """A look after the end no longer has them."""
    records = run.once("readers", "-m", "300ms")
    for name in ended:
        assert not run.findings(records, **zoo.cases[name].who)


def test_one_probe_is_lost():
    """The healthy twin of peer_dead_keepalive: the peer is there, and the next probe would show it."""
    room = Room()
    try:
        server, peer = accepted(room, 7403, options=["keepalive=1,3600,9"], peer=["send=10", "take=10"])
        tell(server, "take=10", "send=10", "block=recvfrom")
        server.said("blocking")
        peer.said("took")
        room.there.drop_one("input", "tcp sport 7403")  # from now on it has no more to say than probes
        options = "readers", "-a", "--netns", room.here.inode
        wait_until(
            lambda: run.findings(run.once(*options), pid=server.pid, keepalive_probes=1), 10, "a probe that is lost"
        )
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            record = run.only(run.once(*options), pid=server.pid)
            assert (record["verdict"], record["keepalive_probes"]) == ("idle", 1), record
    finally:
        room.close()


@pytest.mark.skipif(os.uname().machine == "aarch64", reason="arm64 forgets in which system call a frozen thread is")
def test_frozen_reader(freezer):
    """
    Frozen in its read, it sleeps on when the answer has come: the peer has not stopped. Its twin, who is as frozen and has no
    answer, waits for one.
    """
    room = Room()
    try:
        answered, peer = connected(room, 7401)
        waiting, _ = connected(room, 7402)
        for client in answered, waiting:
            tell(client, "send=5", "block=recvfrom")
            client.said("blocking")
            in_syscall(client, "recvfrom")
            freezer.add(client.pid)
        freezer.freeze()
        tell(peer, "send=7")
        peer.said("sent")
        options = "readers", "-m", "100ms", "--netns", room.here.inode
        wait_until(lambda: run.findings(run.once(*options), pid=waiting.pid), 10, "the one without an answer")
        records = run.once("-a", *options)
        assert run.only(records, pid=waiting.pid)["verdict"] == "awaiting_reply"
        record = run.only(records, pid=answered.pid)
        assert record["verdict"] == "waiting" and "7 bytes unread" in record["why"], record
        assert not run.findings(run.once(*options), pid=answered.pid)
        freezer.thaw()
        assert answered.said("returned")["count"] == 7
    finally:
        room.close()


@pytest.mark.parametrize("options, expected", [((), "maybe_dead"), (("keepalive=60,60,9",), None)])
def test_maybe_dead(options, expected):
    """Idle for long, and nothing would notice a dead peer; with keepalive something would. Five minutes, shortened."""
    room = Room()
    try:
        server, peer = accepted(room, 7201, options=list(options), peer=["send=10", "take=10"])
        tell(server, "take=10", "send=10", "block=recvfrom")
        in_syscall(server, "recvfrom")
        env = {**os.environ, "SOCKSTALL_LONG_IDLE": "1s"}
        deadline = time.monotonic() + 4

        def shown():
            done = run.sockstall("readers", "-1", "-j", env=env)
            return run.findings(run.parse(done.stdout), pid=server.pid)

        while not (found := shown()) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert [record["verdict"] for record in found] == ([expected] if expected else [])
        if expected:
            assert found[0]["returns_by_s"] is None and "SO_KEEPALIVE" in found[0]["advice"]
    finally:
        room.close()


@pytest.mark.skipif(RELEASE < (5, 12), reason="before Linux 5.12 they are kernel threads")
def test_workers_of_io_uring(room):
    """They have the registers of the thread that they were made for, which reads; they do not read themselves."""
    server = Stall(room.there, "endpoint.py", f"listen={room.link.right4},7501,16", "accept")
    server.said("listening")
    program = Stall(room.here, "ring_reader.py", f"{room.link.right4},7501")
    words = program.said("blocking")
    in_syscall(program, "recvfrom")
    records = wait_until(
        lambda: run.findings(run.once("readers", "-a", "-m", "100ms"), pid=program.pid), 10, "the reader"
    )
    assert [(record["tid"], record["fd"]) for record in records] == [(program.pid, words["fd"])]
    threads = run.matching(run.once("threads", "-p", program.pid), type="thread")
    told = {record["tid"]: record["syscall"] for record in threads if record["tid"] in (program.pid, *words["workers"])}
    assert told == {program.pid: "recvfrom", **dict.fromkeys(words["workers"])}


def test_reader_of_kernel_tls(room):
    """One waits for an answer. To the other a record has begun to come: bytes lie there, and cannot be read yet."""
    clients = []
    for port in 7601, 7602:
        client, peer = connected(room, port)
        tell(client, "tls")
        wait_until(lambda: client.lines and b"connect" not in client.lines[-1], 10, "TLS")
        if b"refused" in client.lines[-1]:
            pytest.skip(f"this kernel has no TLS ({json.loads(client.lines[-1])['error']})")
        tell(client, "send=5", "block=recvfrom")
        client.said("blocking")
        in_syscall(client, "recvfrom")
        clients.append((client, peer))
    (waiting, _), (begun, peer) = clients
    tell(peer, "record=100")
    peer.said("sent")
    options = "readers", "-m", "100ms", "--netns", room.here.inode
    wait_until(lambda: run.findings(run.once(*options), pid=waiting.pid), 10, "the one without an answer")
    records = run.once("-a", *options)
    assert run.only(records, pid=waiting.pid)["verdict"] == "awaiting_reply"
    record = run.only(records, pid=begun.pid)
    assert record["verdict"] == "waiting" and "TLS record" in record["why"], record
