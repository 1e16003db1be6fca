# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What epoll instances watch, and the two findings that come of it: lost wake-ups and dead watches."""

import os
import select
import socket
import time

import pytest

import run
from child import Stall, wait_until
from late import late
from zoo import moment

SHORT_IDLE = {**os.environ, "SOCKSTALL_LONG_IDLE": "1500ms"}
FAST = ("epoll", "-j", "-i", "200ms")


class Watched:
    """A watcher.py in one namespace and its peer in the other."""

    ports = iter(range(6001, 7000))

    def __init__(self, room, mode, *options, send=10):
        self.port = next(self.ports)
        self.watcher = Stall(room.here, "watcher.py", f"{room.link.left4},{self.port}", mode, *options)
        self.watcher.said("listening")
        steps = [f"connect={room.link.left4},{self.port}"]
        self.peer = Stall(room.there, "endpoint.py", *steps)
        self.peer.said("connected")
        words = self.watcher.said("watching")
        self.pid, self.epoll, self.fd = self.watcher.pid, words["epoll"], words["fd"]
        if send:
            self.send(send)

    def send(self, size):
        self.sent = time.time()
        self.peer.tell(f"send={size}")
        self.peer.said("sent")

    def end(self):
        self.watcher.end()
        self.peer.end()


@pytest.fixture
def watched(room):
    made = []

    def make(*arguments, **options):
        made.append(Watched(room, *arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


# edge_stall


def check_edge_stall(record, case):
    assert record["verdict"] == "edge_stall" and record["epoll_fd"] == case.epoll
    assert record["now"] == "waiting" and record["tid"] == case.pid
    assert f"descriptor {case.fd} " in record["why"] and "8 bytes" in record["why"]
    assert str(case.port) in record["why"] and record["advice"]
    assert abs(moment(record["since"]) - case.sent) < 0.1 + late(case.sent)
    assert record["age_s"] >= 1
    assert record["watches"] == record["watches_edge"] == 1 and record["watches_oneshot"] == 0


def test_lost_wake_up_live(watched, stream):
    live = stream(*FAST)
    case = watched("partial")
    opened = live.wait(20, event="open", pid=case.pid)
    check_edge_stall(opened, case)
    case.send(1)  # a new edge: two bytes are read, the rest is still there
    case.send(1)
    closed = live.wait(5, event="close", id=opened["id"])
    assert closed["verdict"] == "edge_stall"
    again = live.wait_line(lambda line: _opened_after(line, case.pid, opened["id"]), 20)
    assert again["id"] != opened["id"]
    live.stop()


def _opened_after(line, pid, name):
    record = run.parse_line(line)
    wanted = record.get("event") == "open" and record["pid"] == pid and record["id"] != name
    return record if wanted else None


def test_lost_wake_up_of_a_process_that_was_asked_for(watched, stream):
    case = watched("partial")
    live = stream(*FAST, "-p", case.pid)
    opened = live.wait(10, event="open", pid=case.pid)
    check_edge_stall(opened, case)
    began = moment(live.records()[0]["time"])
    assert moment(opened["time"]) - began < 4 + late(began, 4), "others are read every ten seconds"
    live.stop()


def test_lost_wake_up_with_a_timeout(watched, stream):
    """Waits that end for nothing change nothing."""
    case = watched("partial", "timeout=0.5")
    live = stream(*FAST, "-p", case.pid)
    opened = live.wait(10, event="open", pid=case.pid)
    assert opened["verdict"] == "edge_stall"
    time.sleep(1.5)
    assert not run.matching(live.stop(), event="close")


def test_lost_wake_up_once(watched):
    case = watched("partial")
    time.sleep(1.2)
    check_edge_stall(run.only(run.once("epoll"), pid=case.pid), case)
    check_edge_stall(run.only(run.once(), pid=case.pid), case)


def test_no_lost_wake_up(watched, stream):
    """Their correct twins, and what only looks like it."""
    live = stream(*FAST)
    cases = {mode: watched(mode) for mode in ("drain", "level", "oneshot", "low", "worker", "full")}
    cases["worker"].watcher.said("worked", 15)
    time.sleep(3)
    asked = ",".join(str(case.pid) for case in cases.values())
    again = run.once("epoll", "-p", asked)
    records = live.stop()
    for mode, case in cases.items():
        assert not run.findings(records, pid=case.pid), mode
        assert not run.findings(again, pid=case.pid), mode


# dead_watches


def test_dead_watches_live(watched, stream):
    case = watched("drain")
    live = stream(*FAST, env=SHORT_IDLE)
    opened = live.wait(20, event="open", pid=case.pid)
    assert opened["verdict"] == "dead_watches" and opened["timeout_s"] is None
    assert opened["watches_idle_unbounded"] == opened["watches"] == 1
    assert f"descriptor {case.fd} " in opened["why"] and "keepalive" in opened["why"]
    assert abs(moment(opened["since"]) - case.sent) < 0.1 + late(case.sent)
    case.peer.end()  # the kernel says so, and the instance is read again every 10 s
    live.wait(15, event="close", id=opened["id"])
    live.stop()


def test_dead_watches_once(watched):
    case = watched("drain", send=0)
    time.sleep(1.6)
    shown = run.sockstall("epoll", "-1", "-j", env=SHORT_IDLE)
    assert run.only(run.parse(shown.stdout), pid=case.pid)["verdict"] == "dead_watches"
    # Five minutes are long, two seconds are not.
    assert not run.findings(run.once("epoll", "-p", case.pid))


@pytest.mark.parametrize("option", ["keepalive", "timeout=30", "timer"])
def test_no_dead_watches(watched, option):
    case = watched("drain", option)
    time.sleep(1.8)
    shown = run.sockstall("epoll", "-1", "-j", "-a", "-p", case.pid, env=SHORT_IDLE)
    record = run.only(run.parse(shown.stdout), pid=case.pid)
    assert record["verdict"] == "ok"
    assert record["watches_idle_unbounded"] == (0 if option == "keepalive" else 1)


def test_connections_inside_the_machine_end_by_themselves(stall):
    watcher = stall(None, "watcher.py", "127.0.0.1,6000", "drain")
    watcher.said("listening")
    with socket.create_connection(("127.0.0.1", 6000)):
        watcher.said("watching")
        time.sleep(1.8)
        shown = run.sockstall("epoll", "-1", "-j", "-p", watcher.pid, env=SHORT_IDLE)
        assert not run.findings(run.parse(shown.stdout))


# --watches


@pytest.fixture(scope="module")
def menagerie():
    """One of each kind, in this very process, which nobody waits for."""
    epoll = select.epoll()
    kept = {}
    pipe = os.pipe()
    kept["pipe"] = os.fdopen(pipe[0], "rb"), os.fdopen(pipe[1], "wb")
    kept["listener"] = socket.create_server(("127.0.0.1", 0))
    kept["tcp"] = socket.create_connection(kept["listener"].getsockname())
    kept["far"], _ = kept["listener"].accept()
    kept["udp"] = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    kept["unix"], kept["unix end"] = socket.socketpair()
    kept["epoll"] = select.epoll()
    epoll.register(kept["pipe"][0], select.EPOLLIN)
    epoll.register(kept["listener"], select.EPOLLIN | select.EPOLLEXCLUSIVE)
    epoll.register(kept["tcp"], select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET)
    epoll.register(kept["udp"], select.EPOLLIN | select.EPOLLOUT)
    epoll.register(kept["unix"], select.EPOLLPRI | select.EPOLLONESHOT)
    epoll.register(kept["epoll"], select.EPOLLIN)
    kept["far"].send(b"unread")
    kept["instance"] = epoll
    yield kept
    for one in kept.values():
        for each in one if isinstance(one, tuple) else (one,):
            each.close()


@pytest.fixture(scope="module")
def watches(menagerie):
    records = run.once("epoll", "-p", os.getpid(), "--watches")
    return {
        record["kind"]: record
        for record in records
        if record["type"] == "watch" and record["epoll_fd"] == menagerie["instance"].fileno()
    }


def test_kinds(menagerie, watches):
    assert set(watches) == {"pipe", "listener", "tcp", "udp", "unix", "epoll"}
    for kind, record in watches.items():
        kept = menagerie[kind][0] if kind == "pipe" else menagerie[kind]
        assert record["fd"] == kept.fileno() and record["pid"] == os.getpid()
        # Also of a process of which no thread is in a loop.
        assert record["comm"] and record["cgroup"]


@pytest.mark.parametrize(
    "kind, events, flags",
    [
        ("pipe", "in", ()),
        ("listener", "in exclusive", ("exclusive",)),
        ("tcp", "in rdhup et", ("edge", "rdhup")),
        ("udp", "in out", ()),
        ("unix", "pri oneshot", ("oneshot",)),
        ("epoll", "in", ()),
    ],
)
def test_events(watches, kind, events, flags):
    record = watches[kind]
    assert record["events"] == events
    for flag in "edge", "oneshot", "exclusive", "rdhup":
        assert record[flag] == (flag in flags)


def test_connection(menagerie, watches):
    record, sock = watches["tcp"], menagerie["tcp"]
    assert (record["local_addr"], record["local_port"]) == sock.getsockname()
    assert (record["peer_addr"], record["peer_port"]) == sock.getpeername()
    assert record["state"] == "ESTABLISHED" and record["family"] == "inet"
    assert record["unread_bytes"] == 6 and record["last_received_s"] < 60
    assert record["last_sent_s"] is None and record["ends_by_s"] is None
    assert record["keepalive"] is False and record["idle_unbounded"] is False
    assert watches["listener"]["state"] == "LISTEN"
    assert watches["listener"]["unread_bytes"] is None
    assert watches["listener"]["peer_addr"] is None and watches["listener"]["peer_port"] is None
    assert watches["pipe"]["family"] is None and watches["unix"]["family"] == "unix"


def test_live_watches_at_every_interval(menagerie, stream):
    live = stream("epoll", "-p", os.getpid(), "--watches", "-j", "-i", "100ms")
    live.wait(5, type="watch", kind="udp")
    menagerie["tcp"].setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    record = live.wait(5, type="watch", kind="tcp", keepalive=True)
    assert record["ends_by_s"] > 60
    live.stop()


def test_many_watches():
    """Each of them, and their instance is read once in 10 s."""
    epoll = select.epoll()
    events = [os.eventfd(0) for _ in range(5000)]
    try:
        for fd in events:
            epoll.register(fd, select.EPOLLIN | select.EPOLLET)
        records = run.once("epoll", "-p", os.getpid(), "--watches")
        fds = [record["fd"] for record in records if record["type"] == "watch" and record["epoll_fd"] == epoll.fileno()]
        assert sorted(fds) == sorted(events)
    finally:
        epoll.close()
        for fd in events:
            os.close(fd)


def test_descriptor_that_leads_elsewhere():
    """Closed, but a copy keeps the file and so its watch; the number is now another file's."""
    epoll, event = select.epoll(), os.eventfd(0)
    copy = os.dup(event)
    epoll.register(event, select.EPOLLIN)
    os.close(event)
    with open("/dev/null", "rb") as other:
        assert other.fileno() == event
        records = run.once("epoll", "-p", os.getpid(), "--watches")
        mine = run.matching(records, type="watch", epoll_fd=epoll.fileno())
        assert [(record["fd"], record["kind"]) for record in mine] == [(event, None)]
    epoll.close()
    os.close(copy)


def test_counts_without_asking(watched):
    case = watched("drain")
    wait_until(lambda: run.only(run.once("epoll", "-a", "-p", case.pid))["watches"] == 1, 10, "the count")


def test_tables_and_replay(menagerie, tmp_path):
    path = tmp_path / "recording"
    arguments = ("epoll", "-p", os.getpid(), "--watches", "-1")
    text = run.sockstall(*arguments, "--record", path).stdout.decode()
    assert "in rdhup et" in text and "watches\n" in text
    again = run.sockstall("replay", path, "-1").stdout.decode()
    assert again == text


def test_usage():
    done = run.sockstall("epoll", "--watches", "-1")
    assert done.returncode == 2 and b"--pid" in done.stderr
    assert run.sockstall("readers", "--watches", "-1", "-p", "1").returncode == 2
