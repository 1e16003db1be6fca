# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Who owes whom a word: who spoke last, one-way streams and subscribers, and waits that a retransmission does not begin anew."""

import datetime
import time

import pytest

import run
from child import Stall, wait_until
from test_readers import accepted, connected, tell
from zoo import Room

LOG, HUB, FEED, ASKED, PROBED, TALKED, LOOP, PROXY, BEHIND = range(7951, 7960)
BEGUN = range(7980, 7985)


@pytest.fixture(scope="module")
def room():
    return Room()


def live(*words, age="300ms"):
    return run.Stream(*words, "-j", "-i", "100ms", "-m", age)


def blocked(stall, *steps):
    tell(stall, *steps, "block=recvfrom")
    return stall.said("blocking")


def probes_answered(room, port):
    """Our keepalive probes were: since they began, the socket has heard from its peer later than from any data."""

    def found():
        lines = room.here.run("ss", "-Htinp", "sport", "=", f":{port}").splitlines()
        times = {}
        for line in lines:
            for word in line.split():
                name, colon, value = word.partition(":")
                if colon and name in ("lastsnd", "lastrcv", "lastack"):
                    times[name] = int(value)
        return len(times) == 3 and times["lastack"] + 900 < min(times["lastsnd"], times["lastrcv"])

    wait_until(found, 20, "an answered keepalive probe")


def test_who_spoke_last_stays_with_keepalive(room):
    """The beginning of the next request comes within a tick of our answer; then probes are answered, and nothing else comes."""
    stream = live("readers")
    server, _ = accepted(room, PROBED, options=["keepalive=1,1,60"], peer=["send=10", "take=10", "send=5"])
    blocked(server, "take=10", "send=10", "take=5")
    stream.wait(20, event="open", pid=server.pid, verdict="request_stopped")
    probes_answered(room, PROBED)
    server_too, _ = accepted(room, ASKED, peer=["send=10", "take=10"])
    blocked(server_too, "take=10", "send=10")
    client, _ = connected(room, TALKED)
    blocked(client, "send=7")
    stream.wait(20, event="open", pid=client.pid, verdict="awaiting_reply")
    records = stream.stop()
    assert [one["event"] for one in records if one.get("pid") == server.pid and "event" in one] == ["open"]
    assert not run.findings(records, pid=server_too.pid)


def probed(room, port, ours, theirs):
    """A server whose probes the client has answered, after these steps of both."""
    server, _ = accepted(room, port, options=["keepalive=1,1,60"], peer=theirs)
    blocked(server, *ours)
    probes_answered(room, port)
    return server.pid


def test_who_spoke_last_before_the_start_and_a_keepalive_probe(room):
    """What we acknowledged soon after our last data came after it: the answer to the probe shows that."""
    turns = ["take=10", "send=10"] * 3, ["send=10", "take=10"] * 3
    begun = probed(room, BEGUN[0], turns[0] + ["take=5"], turns[1] + ["send=5"])
    first = probed(room, BEGUN[1], ["take=10", "send=10", "take=1"], ["send=10", "take=10", "send=1"])
    long = probed(room, BEGUN[2], turns[0] + ["take=1000"], turns[1] + ["send=1000"])
    idle = [
        probed(room, BEGUN[3], *turns),
        probed(room, BEGUN[4], ["take=9000", "send=9000"], ["send=9000", "take=9000"]),
    ]
    records = run.once("readers", "-m", "300ms")
    for pid in begun, first, long:
        assert [one["verdict"] for one in run.findings(records, pid=pid)] == ["request_stopped"], records
    for pid in idle:
        assert not run.findings(records, pid=pid)


def streams(room, *words):
    return Stall(room.here, "streams.py", *words)


def test_streams_and_subscribers(room):
    """None of them waits for anything; a client that has asked, and a request that stopped, do."""
    address = room.link.left4
    # What a stream needs to be known as one: its second message comes well before five times the age.
    age, pause = "1s", "2.5"
    stream = live(age=age)
    log = streams(room, "log", f"{address},{LOG}")
    hub = streams(room, "hub", f"{address},{HUB}", pause)
    feed = streams(room, "feed", f"{address},{FEED}", pause)
    for server in (log, hub, feed):
        server.said("listening")
    senders = [streams(room, "send", f"{address},{LOG}", period) for period in (pause, "60")]
    subscriber = streams(room, "subscribe", f"{address},{HUB}")
    listener = streams(room, "listen", f"{address},{FEED}")
    for _ in range(4):
        senders[0].said("sent")
        hub.said("sent")
        feed.said("sent")
    # Their stuck twins: a question without an answer, and a request of which no more comes.
    client, _ = connected(room, ASKED + 10)
    blocked(client, "send=7")
    server, peer = accepted(room, TALKED + 10, peer=["send=10", "take=10"])
    tell(server, "take=10", "send=10")
    server.said("sent")
    time.sleep(0.1)
    peer.tell("send=5")
    blocked(server, "take=5")
    stream.wait(20, event="open", pid=client.pid, verdict="awaiting_reply")
    stream.wait(20, event="open", pid=server.pid, verdict="request_stopped")
    late = [run.once(*words, "-m", age) for words in ((), ("chains",))]
    for records in (stream.stop(), *late):
        for stall in (log, hub, feed, subscriber, listener, *senders):
            assert not run.findings(records, pid=stall.pid), stall.argv
    assert run.findings(late[0], pid=client.pid) and run.findings(late[0], pid=server.pid)


def test_a_wait_does_not_begin_anew_with_each_retransmission(room):
    """The peer is gone: the chain's age is that of the question, and it stays open."""
    far = room.link.right4
    back = Stall(room.there, "relay.py", "one", f"{far},{LOOP}")
    front = Stall(room.here, "relay.py", "loop", f"{room.link.left4},{LOOP}", f"{far},{LOOP}")
    back.said("listening")
    front.said("listening")
    room.there.drop("input", f"tcp dport {LOOP} tcp flags & (syn|ack) == ack")
    stream = live("chains")
    before = time.time()
    client = Stall(room.here, "endpoint.py", f"connect={room.link.left4},{LOOP}", "say=sleep", "block=recvfrom")
    client.said("blocking")

    def is_ours(record):
        return any(link["pid"] == client.pid for link in record.get("links") or [])

    def since(record):
        return datetime.datetime.fromisoformat(record["since"].replace("Z", "+00:00")).timestamp()

    def late():
        found = [one for one in run.findings(run.once("chains", "-m", "300ms"), type="chain") if is_ours(one)]
        return found and found[0]["age_s"] > 7 and found

    (record,) = wait_until(late, 40, "a chain of 7 s")
    assert record["links"][-1]["pid"] == front.pid
    waits = [link for link in record["links"] if link["pid"] == front.pid]
    # Of the loop's wait: retransmissions were at about 0.2, 0.6, 1.4, 3 and 6.2 s.
    assert waits[0]["age_s"] > record["age_s"] - 0.5 and since(record) > before - 0.1
    # Of the chain with this end: until the question has been passed on, the client's chain ends in the loop.
    stem = record["id"].rpartition("-")[0]
    records = [one for one in stream.stop() if is_ours(one) and one["id"].rpartition("-")[0] == stem]
    assert records and "close" not in [one["event"] for one in records if one["event"] != "snapshot"]


@pytest.mark.parametrize("what", ["keeps", "closes"])
def test_a_proxy_is_not_blamed_for_the_server_behind_it(room, what):
    """The client has closed, the proxy has passed that on; the server had answered at once, and keeps its side open."""
    address = room.link.left4
    server = Stall(room.here, "half_close.py", "server", f"{address},{BEHIND}", what)
    server.said("listening")
    proxy = Stall(room.here, "half_close.py", "proxy", f"{address},{PROXY}", f"{address},{BEHIND}")
    proxy.said("listening")
    client = Stall(room.here, "endpoint.py", f"connect={address},{PROXY}", "send=5", "take=5", "close")
    proxy.said("passed")
    server.said("ended")

    def of(stall, *options):
        return run.findings(run.once("closing", "-m", "1s", *options), pid=stall.pid)

    if what == "keeps":
        (found,) = wait_until(lambda: of(server), 20, "the server")
        assert found["verdict"] == "not_closed" and found["fault"] == "application"
        assert [one["fault"] for one in of(proxy)] == ["peer_application"]
        assert of(proxy)[0]["peer_port"] == BEHIND
    else:
        # Its twin; by then a connection that only its client keeps open would be shown.
        time.sleep(1.5)
        assert not of(server) and not of(proxy)
    for stall in (client, proxy, server):
        stall.end()
