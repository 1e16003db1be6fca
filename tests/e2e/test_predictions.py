# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Predictions are checked by waiting for what was predicted: gives_up_s, next_retransmit_s, returns_by_s, alarm_s.
All wait at the same time; one live run says what it expects of each, again and again.
"""

import concurrent.futures
import json
import threading
import time

import pytest

import run
from child import PATIENCE, Stall
from zoo import Room, moment

LATEST = 30
PAUSE = 0.5


class Prediction:
    """Who is expected to end, in which field, and when it did."""

    def __init__(self, field, who, ended, settled_s=0):
        self.field, self.who, self.ended = field, who, ended
        self.settled_s = settled_s  # the age from which it can be predicted


def tolerance(seconds):
    return max(0.1 * seconds, 0.5)


def client(room, port, address, *options):
    stall = Stall(room.here, "endpoint.py", *options, f"connect={address},{port}")
    stall.said("connecting")
    return stall


def reader(room, port, link, *options, vanish=None, in_flight=False, settled_s=0):
    """
    A client blocked in a read; when the kernel has ended it, it says so. Its peer vanishes when the
    data has been acknowledged, or before that.
    """
    peer = Stall(room.there, "endpoint.py", f"listen={link.right4},{port},16", "accept")
    peer.said("listening")
    stall = client(room, port, link.right4, *options)
    stall.said("connected")
    if vanish and in_flight:
        vanish()
    stall.tell("send=10")
    stall.said("sent")
    if vanish and not in_flight:
        vanish()
    stall.tell("block=recvfrom")
    stall.said("blocking")
    return Prediction(
        "returns_by_s", {"type": "reader", "pid": stall.pid}, lambda: stall.said("returned", LATEST), settled_s
    )


def unanswered(room, port, *options):
    """Data in flight that nobody acknowledges: it is lost far away."""
    return reader(
        room, port, room.link, *options, in_flight=True, vanish=lambda: room.there.drop("input", f"tcp dport {port}")
    )


def receive_timeout(room):
    return reader(room, 6001, room.link, "rcvtimeo=4")


def keepalive(room):
    link = room.new_link()
    return reader(room, 6002, link, "keepalive=2,1,3", vanish=link.cut)


def keepalive_user_timeout(room):
    """TCP_USER_TIMEOUT takes the place of the count of probes."""
    link = room.new_link()
    return reader(room, 6003, link, "keepalive=1,1,60", "user_timeout=4", vanish=link.cut)


def retransmission_user_timeout(room):
    return unanswered(room, 6004, "user_timeout=3")


def retransmission_interface_down(room):
    """
    Where the interface on the next hop is down, the kernel's first retransmissions fail at home, and only
    the first that leaves starts the clock of TCP_USER_TIMEOUT: not predictable before that.
    """
    link = room.new_link()
    room.there.drop("input", "tcp dport 6007 tcp flags & psh == psh")
    return reader(room, 6007, link, "user_timeout=6", vanish=link.cut, settled_s=2)


def retransmission_retries2(room):
    """The limit of the namespace, tcp_retries2, which room_of_predictions() sets."""
    return unanswered(room, 6005)


def receive_timeout_before_keepalive(room):
    """The first of several ends it."""
    link = room.new_link()
    return reader(room, 6006, link, "rcvtimeo=3", "keepalive=10,10,9", vanish=link.cut)


def alarm(room):
    """What the kernel would do comes much later."""
    prediction = reader(room, 6008, room.link, "keepalive=60,10,9", "alarm=8")
    prediction.field = "alarm_s"
    return prediction


def closed_window(room, port, kind, peer, *steps):
    """The peer does not read: its window is closed, and its kernel answers each probe of it."""
    there = Stall(room.there, "endpoint.py", f"listen={room.link.right4},{port},16", "accept", *peer)
    there.said("listening")
    stall = Stall(room.here, "endpoint.py", "user_timeout=7", f"connect={room.link.right4},{port}")
    stall.said("connected")
    there.said("changed" if peer else "accepted")
    for step in steps:
        stall.tell(step)
    stall.said("blocking")
    # The first probe starts the clock.
    return Prediction("returns_by_s", {"type": kind, "pid": stall.pid}, lambda: stall.said("returned", LATEST), 1)


def window_user_timeout_of_a_reader(room):
    return closed_window(room, 6015, "reader", (), "fill", "block=recvfrom")


def window_user_timeout_of_a_writer(room):
    return closed_window(room, 6016, "writer", (), "stuff=write")


def window_user_timeout_in_flight(room):
    """The peer has no memory for what is in flight: since Linux 6.6 it says so by closing its window."""
    return closed_window(room, 6017, "reader", ["rcvbuf=1"], "send=60000", "block=recvfrom")


def connect_of(room, port, kind, step):
    """A thread that connects without waiting, and then waits for data, or with its first data: what ends connect() ends that."""
    room.there.drop("input", f"tcp dport {port}")
    stall = Stall(room.here, "endpoint.py", "syncnt=1", f"connect_later={room.link.right4},{port}", step)
    stall.said("blocking")
    return Prediction("returns_by_s", {"type": kind, "pid": stall.pid}, lambda: stall.said("returned", LATEST))


def connect_of_a_reader(room):
    return connect_of(room, 6013, "reader", "block=recvfrom")


def connect_of_a_writer(room):
    return connect_of(room, 6014, "writer", "push=100")


def connect_syncnt(room):
    room.there.drop("input", "tcp dport 6011")
    stall = client(room, 6011, room.link.right4, "syncnt=2")
    return Prediction(
        "gives_up_s", {"type": "handshake", "pid": stall.pid, "side": "client"}, lambda: stall.said("failed", LATEST)
    )


def connect_user_timeout(room):
    room.there.drop("input", "tcp dport 6012")
    stall = client(room, 6012, room.link.right4, "user_timeout=4")
    return Prediction(
        "gives_up_s", {"type": "handshake", "pid": stall.pid, "side": "client"}, lambda: stall.said("failed", LATEST)
    )


def half_open(room, port, *options):
    """A request socket whose client is gone for good: it died after its SYN."""
    room.there.drop("input", f"tcp sport {port}")
    room.there.only_one("output", f"tcp dport {port}")  # until it is dead: a second SYN would push the timer
    server = Stall(room.here, "endpoint.py", *options, f"listen={room.link.left4},{port},16")
    server.said("listening")
    dead = Stall(room.there, "endpoint.py", f"connect={room.link.left4},{port}")
    dead.said("connecting")
    while not requests(room, port):
        pass
    dead.end()
    who = {"type": "handshake", "netns": room.here.inode, "local_port": port, "side": "server"}
    return Prediction("gives_up_s", who, lambda: gone(room, port))


def requests(room, port):
    return room.here.sockets("state", "syn-recv", "sport", "=", str(port))


def gone(room, port):
    deadline = time.monotonic() + LATEST * PATIENCE
    while requests(room, port):
        assert time.monotonic() < deadline, f"the request at port {port} does not go away"
        time.sleep(0.02)
    return {"time": time.time()}


def request_synack_retries(room):
    """The limit of the namespace, tcp_synack_retries."""
    return half_open(room, 6021)


def request_syncnt(room):
    """The listener's own."""
    return half_open(room, 6022, "syncnt=1")


ENDINGS = {
    build.__name__: build
    for build in (
        receive_timeout,
        keepalive,
        keepalive_user_timeout,
        retransmission_user_timeout,
        retransmission_interface_down,
        retransmission_retries2,
        receive_timeout_before_keepalive,
        alarm,
        connect_syncnt,
        connect_of_a_reader,
        connect_of_a_writer,
        connect_user_timeout,
        window_user_timeout_of_a_reader,
        window_user_timeout_of_a_writer,
        window_user_timeout_in_flight,
        request_synack_retries,
        request_syncnt,
    )
}


def room_of_predictions():
    room = Room()
    room.here.sysctl("net.ipv4.tcp_synack_retries", 2)
    room.here.sysctl("net.ipv4.tcp_retries2", 4)
    return room


class Outcome:
    """What was predicted and what came true, for all of them."""

    def __init__(self):
        self.room = room_of_predictions()
        self.live = run.Stream("-j", "-i", "100ms", "-m", "100ms")
        self.sniffer = Stall(self.room.here, "sniff.py", self.room.link.device)
        self.sniffer.said("sniffing")
        self.late = 0  # by how much this machine wakes sleepers too late, at most
        self.predictions, over = {}, threading.Event()
        with concurrent.futures.ThreadPoolExecutor(len(ENDINGS) + 1) as pool:
            looks = pool.submit(self._looks, over)
            try:
                ends = {name: pool.submit(self._end, name, build(self.room)) for name, build in ENDINGS.items()}
                self.ends = {name: end.result() for name, end in ends.items()}
            finally:
                over.set()
        self.records = self.live.stop() + looks.result()

    def _end(self, name, prediction):
        self.predictions[name] = prediction
        return prediction.ended()

    def _looks(self, over):
        """Looks in the middle too, spread over the time of the waits: a live run speaks only when something changes."""
        records, began = [], time.monotonic()
        while not over.wait(PAUSE):
            self.late = max(self.late, time.monotonic() - began - PAUSE)
            records += run.once("-m", "100ms")
            began = time.monotonic()
        return records

    def of(self, name):
        """The records about one of them, while it lasted: where its thread has given up, nobody waits for the connection."""
        found = run.findings(self.records, **self.predictions[name].who)
        settled_s = self.predictions[name].settled_s
        return [
            record
            for record in found
            if record["event"] != "close"
            and record["age_s"] >= settled_s
            and record.get("waiter", "thread") == "thread"
        ]


@pytest.fixture(scope="module")
def outcome():
    outcome = Outcome()
    yield outcome
    outcome.room.close()


@pytest.mark.parametrize("name", ENDINGS)
def test_end_comes_when_predicted(outcome, name):
    field, end = outcome.predictions[name].field, outcome.ends[name]["time"]
    found = outcome.of(name)
    assert found, "it was not reported"
    for record in found:
        assert record[field] is not None, record
        error = moment(record["time"]) + record[field] - end
        assert -outcome.late - tolerance(record[field]) <= error <= tolerance(record[field]), f"{error:.3f} s: {record}"


def test_timed_out_as_meant(outcome):
    """The waits ended for the reason they were made for, or the test above proves nothing."""
    errors = {name: end.get("error") for name, end in outcome.ends.items()}
    for name in "receive_timeout", "receive_timeout_before_keepalive":
        assert errors[name] == "EAGAIN"
    assert errors["alarm"] == "EINTR"
    for name in (
        "keepalive",
        "keepalive_user_timeout",
        "retransmission_user_timeout",
        "retransmission_interface_down",
        "retransmission_retries2",
        "connect_syncnt",
        "connect_of_a_reader",
        "connect_of_a_writer",
        "connect_user_timeout",
        "window_user_timeout_of_a_reader",
        "window_user_timeout_of_a_writer",
        "window_user_timeout_in_flight",
    ):
        assert errors[name] in ("ETIMEDOUT", "EHOSTUNREACH"), name


def syns(outcome, **wanted):
    packets = [json.loads(line) for line in outcome.sniffer.lines]
    return [packet["time"] for packet in run.matching(packets, event="syn", **wanted)]


@pytest.mark.parametrize(
    "name, packets",
    [
        ("connect_syncnt", {"acked": False, "destination": 6011}),
        ("request_synack_retries", {"acked": True, "source": 6021}),
    ],
)
def test_next_retransmit(outcome, name, packets):
    """When the record says, a SYN or SYN-ACK is sent again."""
    sent = syns(outcome, **packets)
    checked = 0
    for record in outcome.of(name):
        if record["next_retransmit_s"] is None:
            continue
        predicted = moment(record["time"]) + record["next_retransmit_s"]
        if predicted > sent[-1] + 0.5:
            continue  # that one gave up instead
        error = min((packet - predicted for packet in sent), key=abs)
        assert abs(error) <= tolerance(record["next_retransmit_s"]), record
        checked += 1
    assert checked, "no record was followed by a retransmission"
