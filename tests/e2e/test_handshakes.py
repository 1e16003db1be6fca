# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Handshakes that do not complete, and listeners: each verdict live and started before, and the healthy."""

import time

import pytest

import run
from child import Stall, wait_until
from zoo import Case, Room, Zoo, check_life

STUCK = {}
HEALTHY_PORTS = {"healthy": 8010, "healthy_ipv6": 8011}
OPTIONS = ["handshakes", "-m", "300ms"]


def stuck(build):
    STUCK[build.__name__] = build
    return build


def number(value):
    return isinstance(value, (int, float)) and value >= 0


def positive(value):
    return number(value) and value > 0


def listening(room, address, port, *options, backlog=16):
    server = Stall(room.here, "endpoint.py", *options, f"listen={address},{port},{backlog}")
    server.fd = server.said("listening")["fd"]
    return server


def connecting(netns, address, port, *options):
    client = Stall(netns, "endpoint.py", *options, f"connect={address},{port}")
    words = client.said("connecting")
    client.fd, client.began = words["fd"], words["time"]
    return client


def end_both(*stalls):
    def end():
        for stall in stalls:
            stall.end()

    return end


def at_server(room, server, client, port, stage, verdict, end=None, **expect):
    """A server's handshake, known by its listener's namespace and port."""
    who = {"type": "handshake", "netns": room.here.inode, "local_port": port}
    expect = {
        "side": "server",
        "stage": stage,
        "verdict": verdict,
        "pid": server.pid,
        "comm": "python3",
        "fd": server.fd,
        "accept_queue": number,
        "accept_queue_max": number,
        "syn_queue": number,
        **expect,
    }
    return Case(who, expect, end or end_both(server, client), lambda: client.began, 0.1)


def at_client(room, client, port, end=None, netns=None, **expect):
    who = {"type": "handshake", "netns": (netns or room.there).inode, "peer_port": port}
    expect = {
        "side": "client",
        "stage": "SYN_SENT",
        "verdict": "no_answer",
        "pid": client.pid,
        "comm": "python3",
        "fd": client.fd,
        "accept_queue": None,
        "accept_queue_max": None,
        "syn_queue": None,
        "retransmits_max": positive,
        "gives_up_s": positive,
        "next_retransmit_s": number,
        **expect,
    }
    return Case(who, expect, end or client.end, lambda: client.began, 0.1)


@stuck
def peer_silent(room):
    """The client is dead after its SYN: what the server sends it is dropped."""
    room.there.drop("input", "tcp sport 8001")
    server = listening(room, room.link.left4, 8001)
    client = connecting(room.there, room.link.left4, 8001)
    return at_server(
        room,
        server,
        client,
        8001,
        "SYN_RECV",
        "peer_silent",
        family="inet",
        local_addr=room.link.left4,
        peer_addr=room.link.right4,
        retransmits_max=positive,
        gives_up_s=positive,
        next_retransmit_s=number,
    )


@stuck
def syn_ack_lost(room):
    """The other side of the same: it sees no answer to its SYN."""
    room.there.drop("input", "tcp sport 8002")
    server = listening(room, room.link.left4, 8002)
    client = connecting(room.there, room.link.left4, 8002)
    return at_client(room, client, 8002, end_both(server, client))


def fill_accept_queue(room, port):
    """
    A listener whose accept queue is full (backlog 3 holds 4), with two request sockets whose ACK has come:
    their ACKs are held back until four others have taken the room.
    """
    server = listening(room, room.link.left4, port, backlog=3)
    address = f"{room.link.left4},{port}"
    first, second = 41000 + port % 100, 42000 + port % 100
    table = room.there.drop("output", f"tcp sport {{ {first}, {second} }} tcp flags & (syn|ack) == ack")
    held = Stall(
        room.there, "endpoint.py", f"source={first}", f"connect={address}", f"source={second}", f"connect={address}"
    )
    held.began = held.said("connecting")["time"]
    held.said("connected")
    held.said("connected")
    filling = Stall(room.there, "endpoint.py", *[f"connect={address}"] * 4)
    for _ in range(4):
        filling.said("connected")
    wait_until(
        lambda: len(room.here.sockets("state", "established", "sport", "=", str(port))) == 4, 5, "a full accept queue"
    )
    room.there.undrop(table)
    return server, held, filling


@stuck
def accept_queue_full(room):
    server, held, filling = fill_accept_queue(room, 8003)
    case = at_server(
        room,
        server,
        held,
        8003,
        "SYN_RECV",
        "accept_queue_full",
        end_both(server, held, filling),
        accept_queue=4,
        accept_queue_max=3,
    )
    case.who["verdict"] = "accept_queue_full"  # beside not_accepted ones of the same listener
    case.who["peer_port"] = 41003
    return case


@stuck
def accept_queue_full_listener(room):
    server, held, filling = fill_accept_queue(room, 8004)
    who = {"type": "listener", "netns": room.here.inode, "local_port": 8004}
    expect = {
        "verdict": "accept_queue_full",
        "accept_queue": 4,
        "accept_queue_max": 3,
        "syn_queue": number,
        "drops": number,
        "half_open": number,
        "pid": server.pid,
        "fd": server.fd,
        "comm": "python3",
    }
    return Case(who, expect, end_both(server, held, filling))


@stuck
def accept_queue_full_client(room):
    """Where the queue is full already, a SYN is dropped: no trace of it at the server."""
    server = listening(room, room.link.left4, 8005, backlog=0)
    first = connecting(room.there, room.link.left4, 8005)
    first.said("connected")
    second = connecting(room.there, room.link.left4, 8005)
    return at_client(room, second, 8005, end_both(server, first, second))


@stuck
def not_accepted(room):
    server = listening(room, room.link.left4, 8006)
    client = connecting(room.there, room.link.left4, 8006)
    client.said("connected")
    client.tell("send=100")
    client.said("sent")

    def end():
        server.tell("accept")
        server.said("accepted")

    return at_server(
        room,
        server,
        client,
        8006,
        "ACCEPT_QUEUE",
        "not_accepted",
        end,
        bytes_waiting=100,
        accept_queue=1,
        accept_queue_max=16,
        gives_up_s=None,
        next_retransmit_s=None,
        local_addr=room.link.left4,
        peer_addr=room.link.right4,
    )


@stuck
def not_accepting_listener(room):
    server = listening(room, room.link.left4, 8017)
    client = connecting(room.there, room.link.left4, 8017)
    client.said("connected")

    def end():
        server.tell("accept")
        server.said("accepted")

    who = {"type": "listener", "netns": room.here.inode, "local_port": 8017}
    return Case(
        who,
        {"verdict": "not_accepting", "accept_queue": 1, "accept_queue_max": 16, "pid": server.pid, "fd": server.fd},
        end,
    )


@stuck
def not_accepted_closed(room):
    """The client has given up and closed: CLOSE_WAIT, and still nobody accepts it."""
    server = listening(room, room.link.left4, 8007)
    client = connecting(room.there, room.link.left4, 8007)
    client.said("connected")
    client.tell("send=7")
    client.tell("close")
    client.said("closed")

    def end():
        server.tell("accept")
        server.said("accepted")

    return at_server(room, server, client, 8007, "ACCEPT_QUEUE", "not_accepted", end, bytes_waiting=7)


@stuck
def deferred(room):
    server = listening(room, room.link.left4, 8008, "defer=60")
    client = connecting(room.there, room.link.left4, 8008)
    client.said("connected")

    def end():
        client.tell("send=1")
        server.tell("accept")
        server.said("accepted")

    return at_server(room, server, client, 8008, "SYN_RECV", "deferred", end)


@stuck
def black_hole(room):
    """No server at all; the client is the one that is looked at."""
    room.there.drop("input", "tcp dport 8009")
    client = connecting(room.here, room.link.right4, 8009)
    return at_client(
        room,
        client,
        8009,
        netns=room.here,
        family="inet",
        local_addr=room.link.left4,
        peer_addr=room.link.right4,
        retransmits=number,
        bytes_waiting=None,
    )


@stuck
def black_hole_syncnt(room):
    room.there.drop("input", "tcp dport 8012")
    client = connecting(room.here, room.link.right4, 8012, "syncnt=9")
    # Linux 6.5 adds tcp_syn_linear_timeouts.
    return at_client(room, client, 8012, netns=room.here, retransmits_max=lambda value: 9 <= value <= 13)


@stuck
def peer_silent_ipv6(room):
    room.there.drop("input", "tcp sport 8013")
    server = listening(room, room.link.left6, 8013)
    client = connecting(room.there, room.link.left6, 8013)
    return at_server(
        room,
        server,
        client,
        8013,
        "SYN_RECV",
        "peer_silent",
        family="inet6",
        local_addr=room.link.left6,
        peer_addr=room.link.right6,
    )


@stuck
def black_hole_ipv6(room):
    room.there.drop("input", "tcp dport 8014")
    client = connecting(room.here, room.link.right6, 8014)
    return at_client(
        room, client, 8014, netns=room.here, family="inet6", local_addr=room.link.left6, peer_addr=room.link.right6
    )


@stuck
def peer_silent_mapped(room):
    """An IPv4 client at a listener on [::]."""
    room.there.drop("input", "tcp sport 8015")
    server = listening(room, "::", 8015)
    client = connecting(room.there, room.link.left4, 8015)
    return at_server(
        room,
        server,
        client,
        8015,
        "SYN_RECV",
        "peer_silent",
        family="inet",
        local_addr=room.link.left4,
        peer_addr=room.link.right4,
    )


@stuck
def not_accepted_mapped(room):
    server = listening(room, "::", 8016)
    client = connecting(room.there, room.link.left4, 8016)
    client.said("connected")
    return at_server(
        room,
        server,
        client,
        8016,
        "ACCEPT_QUEUE",
        "not_accepted",
        family="inet",
        local_addr=room.link.left4,
        peer_addr=room.link.right4,
        bytes_waiting=0,
    )


def serve(room, address, port):
    """A healthy listener with an accepted connection, and a client that got through."""
    server = listening(room, address, port)
    server.tell("accept")  # before there is something to accept: it must not wait until this test has the CPU again
    server.said("accepting")
    client = connecting(room.there, address, port)
    client.said("connected")
    server.said("accepted")
    return server, client


@pytest.fixture(scope="module")
def zoo():
    room = Room()
    # A slow machine must not give up the first ones before the last are there: 511 s, not 63 and 127 s.
    for namespace in (room.here, room.there):
        namespace.sysctl("net.ipv4.tcp_synack_retries", 8)
        namespace.sysctl("net.ipv4.tcp_syn_retries", 8)
    zoo = Zoo(STUCK, room, *OPTIONS, "-i", "100ms", once_options=OPTIONS)
    serve(room, room.link.left4, HEALTHY_PORTS["healthy"])
    serve(room, room.link.left6, HEALTHY_PORTS["healthy_ipv6"])
    yield zoo
    zoo.finish()


@pytest.fixture(scope="module")
def once(zoo):
    return zoo.once_records()


@pytest.fixture(scope="module")
def all_once(zoo, once):
    return run.once(*OPTIONS, "-a")


@pytest.fixture(scope="module")
def ended(zoo, once, all_once):
    return zoo.end_stalls()


@pytest.mark.parametrize("name", STUCK)
def test_live(zoo, name):
    zoo.live(name)


@pytest.mark.parametrize("name", STUCK)
def test_started_before(zoo, once, name):
    zoo.once(name, once)


@pytest.mark.parametrize("port", HEALTHY_PORTS.values(), ids=HEALTHY_PORTS)
def test_healthy_is_not_shown(zoo, once, port):
    for records in once, zoo.stream.records():
        assert not run.findings(records, netns=zoo.room.here.inode, local_port=port)
        assert not run.findings(records, netns=zoo.room.there.inode, peer_port=port)


@pytest.mark.parametrize("port", HEALTHY_PORTS.values(), ids=HEALTHY_PORTS)
def test_healthy_listener_with_all(zoo, all_once, port):
    record = run.only(all_once, netns=zoo.room.here.inode, local_port=port)
    assert (record["type"], record["verdict"]) == ("listener", "ok")
    assert (record["accept_queue"], record["accept_queue_max"]) == (0, 16)
    assert record["syn_queue"] == 0 and record["drops"] == 0 and record["half_open"] == 0


def test_both_acked_requests_are_shown(zoo, once):
    found = run.findings(
        once, type="handshake", netns=zoo.room.here.inode, local_port=8003, verdict="accept_queue_full"
    )
    assert {record["peer_port"] for record in found} == {41003, 42003}


def test_one_stall_of_one_client(zoo, once):
    """A client in SYN_SENT and the server's request socket are two findings, not more."""
    for netns, key in (zoo.room.here, "local_port"), (zoo.room.there, "peer_port"):
        run.only(once, type="handshake", netns=netns.inode, **{key: 8001})


def test_a_retry_is_a_change(zoo):
    """Each SYN-ACK that is sent again is told, under the same id."""
    opened = zoo.live("peer_silent")
    changed = zoo.stream.wait(12, event="change", id=opened["id"])
    assert changed["retransmits"] > opened["retransmits"]
    assert changed["since"] == opened["since"]


def test_young_needs_all(room, stream):
    """Before min-age a handshake is only shown as young, and only with -a."""
    room.there.drop("input", "tcp sport 8020")
    listening(room, room.link.left4, 8020)
    connecting(room.there, room.link.left4, 8020)
    who = {"type": "handshake", "netns": room.here.inode, "local_port": 8020}
    assert not run.findings(run.once("handshakes", "-m", "1h"), **who)
    record = run.only(run.once("handshakes", "-m", "1h", "-a"), **who)
    assert record["verdict"] == "young" and record["side"] == "server"
    check_life(record)


def test_default_min_age(room):
    """Without -m nothing younger than a second is shown, and what is older is."""
    room.there.drop("input", "tcp sport 8021")
    listening(room, room.link.left4, 8021)
    client = connecting(room.there, room.link.left4, 8021)
    who = {"type": "handshake", "netns": room.here.inode, "local_port": 8021}
    shown = wait_until(lambda: run.findings(run.once("handshakes"), **who), 5, "a record")
    assert 1 <= shown[0]["age_s"] < time.time() - client.began + 0.1


def test_completed_handshake_closes(room, stream):
    """A handshake that comes through late is closed, and nothing of it stays."""
    table = room.there.drop("input", "tcp sport 8022")
    live = stream("handshakes", "-j", "-i", "100ms", "-m", "200ms")
    server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},8022,16", "accept")
    server.said("listening")
    client = connecting(room.there, room.link.left4, 8022)
    opened = live.wait(10, event="open", netns=room.here.inode, local_port=8022)
    assert opened["verdict"] == "peer_silent"
    room.there.undrop(table)
    client.said("connected")
    server.said("accepted")
    live.wait(5, event="close", id=opened["id"])
    records = live.stop()
    assert len(run.matching(records, event="open", local_port=8022, netns=room.here.inode)) == 1


@pytest.mark.parametrize("name", STUCK)
def test_close(zoo, ended, name):
    zoo.check_close(name, ended.get(name))


def test_whole_stream(zoo, ended):
    """From start to end, and no stall closes while it lasts, only to open again."""
    zoo.stream.stop()


def test_deferred_at_a_full_queue(room):
    """The queue is full, and that is not what keeps it out: it has sent no data. Its twin has done all it could."""
    server = listening(room, room.link.left4, 8101, "defer=60", backlog=1)
    client = connecting(room.there, room.link.left4, 8101)
    port = client.said("connected")["port"]
    filling = Stall(room.there, "endpoint.py", *[f"connect={room.link.left4},8101", "send=1"] * 2)
    filling.said("sent")
    filling.said("sent")
    fill_accept_queue(room, 8103)
    options = ["handshakes", "-m", "100ms", "--netns", room.here.inode]
    records = wait_until(
        lambda: _with(run.once(*options), verdict="accept_queue_full", peer_port=41003), 10, "the twin"
    )
    record = run.only(records, peer_port=port)
    assert record["verdict"] == "deferred" and "now the accept queue is full" in record["why"], record
    assert run.only(records, type="listener", local_port=8101)["verdict"] == "accept_queue_full"
    server.end()


def _with(records, **wanted):
    return records if run.findings(records, **wanted) else None
