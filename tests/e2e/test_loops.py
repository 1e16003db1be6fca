# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Event loops: what keeps them from their wait, and the healthy one."""

import signal
import time

import pytest

import run
from child import SLOW, Stall, wait_until
from late import late
from zoo import Case, Room, Zoo, check, keepers, moment

STUCK = {}
# These keep a CPU busy: each runs by itself, and not for long.
BUSY = ("computing", "spinning")
WAITS = ("epoll_wait", "epoll_pwait", "epoll_pwait2")


def stuck(build):
    STUCK[build.__name__] = build
    return build


def number(value):
    return isinstance(value, (int, float)) and value >= 0


def positive(value):
    return number(value) and value > 0


def known_or(wanted):
    """What the last wait asked for cannot be known where no wait was seen."""
    return lambda value: value is None or value == wanted


def turning(room, syscall="epoll_wait"):
    """A healthy loop that has been turning for a while."""
    loop = Stall(room.here, "loop.py", syscall)
    loop.fd = loop.said("looping")["fd"]
    loop.said("turned")
    return loop


def enter(loop, handler):
    loop.tell(handler)
    return loop.said("entering")


def back(loop):
    """End the handler: the loop turns again."""

    def end():
        loop.process.send_signal(signal.SIGUSR1)
        loop.said("left")

    return end


def away(loop, words, verdict, **expect):
    """A loop that is in a handler. Its stall began when it left its wait."""
    expect = {
        "type": "loop",
        "verdict": verdict,
        "interface": "epoll",
        "comm": "python3",
        "max_events": known_or(4),
        **expect,
    }
    return Case(
        {"type": "loop", **keepers(loop)}, expect, back(loop), since=lambda: words["time"], since_tolerance=0.05
    )


@stuck
def sleeping(room):
    loop = turning(room)
    return away(
        loop,
        enter(loop, "sleep=600"),
        "stalled",
        now="blocked",
        now_s=positive,
        now_in=lambda text: "nanosleep" in text,
        epoll_fd=loop.fd,
    )


@stuck
def sleeping_after_epoll_pwait(room):
    loop = turning(room, "epoll_pwait")
    return away(loop, enter(loop, "sleep=600"), "stalled", now="blocked")


def read_in_loop(room, handler):
    server = Stall(room.there, "endpoint.py", f"listen={room.link.right4},9001,16", "accept")
    server.said("listening")
    loop = turning(room)
    enter(loop, f"{handler}={room.link.right4},9001")
    return loop, loop.said("reading")


@stuck
def reading(room):
    loop, words = read_in_loop(room, "recv")
    return away(
        loop,
        words,
        "blocked_in_read",
        now="blocked",
        now_s=positive,
        now_in=lambda text: "recvfrom" in text
        and room.link.right4 in text
        and room.link.left4 in text
        and "9001" in text,
    )


@stuck
def computing(room):
    loop = turning(room)
    return away(loop, enter(loop, "compute=60"), "stalled", now="running")


@stuck
def spinning(room):
    loop = turning(room)
    case = away(loop, enter(loop, "spin=60"), "spinning", timeout_s=0)
    case.since_tolerance = 2  # known to the interval in which it began
    return case


@stuck
def saturated(room):
    loop = turning(room)
    case = away(loop, enter(loop, "saturate=60"), "saturated", events_per_wait=4)
    case.since_tolerance = 2
    return case


QUIET = [name for name in STUCK if name not in BUSY]


@pytest.fixture(scope="module")
def zoo():
    room = Room()
    zoo = Zoo({name: STUCK[name] for name in QUIET}, room, "epoll", "-i", "200ms", once_options=["epoll"])
    zoo.healthy = {syscall: turning(room, syscall) for syscall in WAITS}
    yield zoo
    zoo.finish()


@pytest.fixture(scope="module")
def once(zoo):
    return zoo.once_records()


@pytest.fixture(scope="module")
def ended(zoo, once):
    return zoo.end_stalls()


@pytest.mark.parametrize("name", QUIET)
def test_live(zoo, name):
    zoo.live(name)


@pytest.mark.parametrize("name", [name for name in QUIET if name != "saturated"])
def test_started_before(zoo, once, name):
    zoo.once(name, once)


@pytest.mark.parametrize("syscall", WAITS)
def test_healthy_is_not_shown(zoo, once, syscall):
    loop = zoo.healthy[syscall]
    assert not run.findings(once, pid=loop.pid)
    assert not run.findings(zoo.stream.records(), pid=loop.pid)


@pytest.mark.parametrize("name", QUIET)
def test_close(zoo, ended, name):
    zoo.check_close(name, ended.get(name))


def test_whole_stream(zoo, ended):
    zoo.stream.stop()


@pytest.mark.parametrize("name", BUSY)
def test_busy_live(room, stream, name):
    live = stream("epoll", "-j", "-i", "200ms")
    case = STUCK[name](room)
    opened = live.wait(10, event=("open", "change"), verdict=case.expect["verdict"], **case.who)
    check(opened, case)
    case.end()
    closed = live.wait(5, event="close", id=opened["id"])
    assert closed["tid"] == opened["tid"]
    live.stop()


def test_spinning_started_before_once(room):
    case = STUCK["spinning"](room)
    case.since = None
    check(run.only(run.once("epoll", "-p", case.who["pid"]), **case.who), case)


@pytest.mark.parametrize("name", ["spinning", "saturated"])
def test_busy_started_before(room, stream, name):
    """A live run that begins when the loop is in this state already sees it too."""
    case = STUCK[name](room)
    case.since = None
    live = stream("epoll", "-j", "-i", "200ms", "-p", case.who["pid"])
    check(live.wait(10, event="open", **case.who), case)
    live.stop()


def test_what_it_read_stays_known(room, stream):
    """After the read it computes, and is in no socket any more: change and close still say which one that was."""
    live = stream("epoll", "-j", "-i", "200ms", "-a")
    loop, words = read_in_loop(room, "recv_then_compute")
    opened = live.wait(10, event=("open", "change"), verdict="blocked_in_read", pid=loop.pid)
    assert opened["fd"] == words["fd"] and opened["local_port"] == words["port"]
    loop.process.send_signal(signal.SIGUSR1)
    loop.said("computing")
    running = live.wait(10, id=opened["id"], now="running")
    assert running["verdict"] == "stalled", running
    back(loop)()
    closed = live.wait(10, event="close", id=opened["id"])
    for record in running, closed:
        for key in "since", "fd", "family", "local_addr", "local_port", "peer_addr", "peer_port", "netns", "now_in":
            assert record[key] == opened[key], f"{key} differs: {opened} {record}"
    live.stop()


def test_sleeping_started_before_live(room, stream):
    case = STUCK["sleeping"](room)
    live = stream("epoll", "-j", "-i", "200ms", "-p", case.who["pid"])
    opened = live.wait(10, event="open", **case.who)
    check(opened, case)
    case.end()
    live.wait(5, event="close", id=opened["id"])
    live.stop()


# The healthy loop, with -a.


@pytest.fixture(scope="module")
def healthy_records():
    """Some intervals of three healthy loops: {syscall: records}."""
    room = Room()
    live = run.Stream("epoll", "-j", "-a", "-i", "250ms")
    loops = {syscall: turning(room, syscall) for syscall in WAITS}
    for loop in loops.values():
        live.wait_line(_count_to(4, loop.pid), 10, what="four intervals")
    records = live.stop()
    yield {syscall: (loop, run.findings(records, type="loop", tid=loop.pid)) for syscall, loop in loops.items()}
    room.close()


def _count_to(count, pid):
    seen = []

    def wanted(line):
        record = run.parse_line(line)
        if record["type"] == "loop" and record["pid"] == pid:
            seen.append(record)
        return len(seen) >= count

    return wanted


@pytest.mark.parametrize("syscall", WAITS)
def test_healthy_with_all(healthy_records, syscall):
    loop, records = healthy_records[syscall]
    for record in records:
        assert record["verdict"] == "ok" and record["interface"] == "epoll"
        assert record["event"] is None and record["id"] is None
        assert record["epoll_fd"] == loop.fd and record["pid"] == loop.pid
    last = records[-1]
    assert last["timeout_s"] == 5 and last["max_events"] == 4


@pytest.mark.parametrize("syscall", WAITS)
def test_healthy_rates(healthy_records, syscall):
    """A timer turns the loop a hundred times a second, less where the machine is busy."""
    last = healthy_records[syscall][1][-1]
    assert 5 < last["waits_per_s"] < 120 and 5 < last["events_per_s"] < 240
    assert last["events_per_wait"] >= 0.9 and last["empty_per_s"] < 1
    assert 0 <= last["busy_ratio"] < 1
    assert 0 < last["lag_p50_s"] <= last["lag_p99_s"]
    assert last["lag_max_s"] > 0
    assert 0.001 < last["wait_p50_s"] <= last["wait_p99_s"]
    for key in "lag_cpu_s", "lag_runqueue_s", "lag_blocked_s":
        assert 0 <= last[key] < 1
    assert last["lag_cpu_s"] > 0


def test_intervals_follow_each_other(healthy_records):
    """With -a a loop is there at every interval."""
    times = [record["time"] for record in healthy_records["epoll_wait"][1]]
    assert times == sorted(set(times))


def test_lag_is_split(room, stream):
    """One handler computes, another sleeps: the parts of the lag tell them apart."""
    live = stream("epoll", "-j", "-a", "-i", "1s")
    loop = turning(room)
    live.wait(10, type="loop", tid=loop.pid)
    for handler in "compute=0.1", "sleep=0.3":
        enter(loop, handler)
        loop.said("left")
    live.wait_line(_count_to(3, loop.pid), 10, what="three intervals")
    records = run.findings(live.stop(), type="loop", tid=loop.pid)
    assert max(record["lag_max_s"] for record in records) >= 0.3
    # It computes by the clock: on a busy machine it may wait for a CPU for a part of that.
    assert sum(record["lag_cpu_s"] + record["lag_runqueue_s"] for record in records) >= 0.095
    assert sum(record["lag_blocked_s"] for record in records) >= 0.29


def test_default_min_age_of_loops(room, stream):
    """A stall of a loop is shown from 100 ms on; with -m 1h never."""
    loop = turning(room)
    began = time.time()
    enter(loop, "sleep=600")
    found = wait_until(lambda: run.findings(run.once("epoll", "-p", loop.pid)), 5, "the stall")
    assert 0.1 <= found[0]["age_s"] < time.time() - began
    assert not run.findings(run.once("epoll", "-p", loop.pid, "-m", "1h"))


def test_a_loop_that_has_ended(room, stream):
    """It has closed its epoll instance and does something else: as after asyncio.run(). A twin only sleeps."""
    live = stream("epoll", "-j", "-i", "100ms")
    loop, twin = turning(room), turning(room)
    enter(loop, "leave=600")
    enter(twin, "sleep=600")
    live.wait(10, event="open", pid=twin.pid, verdict="stalled")
    back(twin)()
    live.wait(10, event="close", pid=twin.pid)
    assert not run.findings(live.stop(), pid=loop.pid)


def test_used_epoll_once_and_left(room, stream):
    """A thread that waited a few times and then went to sleep for good is no stalled loop."""
    live = stream("epoll", "-j", "-i", "100ms")
    loop = Stall(room.here, "once_then_sleep.py")
    loop.said("sleeping")
    probe = turning(room)
    enter(probe, "sleep=600")
    live.wait(10, event="open", pid=probe.pid)
    back(probe)()
    live.wait(10, event="close", pid=probe.pid)
    assert not run.findings(live.stop(), pid=loop.pid)


# Who serves one connection waits for its next request, and is at work on the one before: a database's backend.


class Served:
    """A server that has answered twenty requests, and its client; then it is at work for long."""

    def __init__(self, room, port, how, count=1):
        self.server = Stall(room.there, "serves.py", f"{room.link.right4},{port}", how, count)
        self.server.said("listening")
        self.clients = [Stall(room.here, "endpoint.py", f"connect={room.link.right4},{port}") for _ in range(count)]
        for client in self.clients:
            client.said("connected")
        for _ in range(20):
            self.ask("?")
            self.client.tell("take=1")
            self.client.said("took")
        self.ask("w")
        self.began = self.server.said("working")["time"]
        self.pid = self.server.pid

    @property
    def client(self):
        return self.clients[0]

    def ask(self, words):
        self.client.tell(f"say={words}")
        self.client.said("sent")


@pytest.mark.parametrize("how", ["epoll", "poll"])
def test_service_of_one_connection(room, stream, how):
    """Nobody waits for it but its client. One that serves two lets the other wait."""
    live = stream("epoll", "-j", "-i", "100ms", "--interfaces", "all")
    serves = Served(room, 9101, how)
    twin = Served(room, 9102, how, 2)
    opened = live.wait(10, event="open", pid=twin.pid)
    assert opened["verdict"] == "stalled" and abs(moment(opened["since"]) - twin.began) < 0.05 * SLOW + late(twin.began)
    time.sleep(1)
    assert not run.findings(live.records(), pid=serves.pid)
    live.stop()


def test_service_with_all(room, stream):
    live = stream("epoll", "-j", "-a", "-i", "100ms")
    serves = Served(room, 9103, "epoll")
    record = live.wait_line(lambda line: _away(line, serves.pid), 10, what="row of it at work")
    assert record["verdict"] == "ok" and record["advice"] is None
    assert "one connection" in record["why"] and "nanosleep" in record["now_in"]
    assert record["watches"] == 3
    live.stop()


def _away(line, pid):
    record = run.parse_line(line)
    return record if record.get("pid") == pid and record["now_s"] >= 0.3 and record["now"] == "blocked" else None


def test_service_of_one_connection_that_is_left_unread(room, stream):
    """What comes meanwhile lies there: then it is a loop that does not come back."""
    live = stream("epoll", "-j", "-i", "100ms")
    serves = Served(room, 9104, "epoll")
    time.sleep(0.5)
    assert not run.findings(live.records(), pid=serves.pid)
    serves.ask("again")
    opened = live.wait(10, event="open", pid=serves.pid)
    assert opened["verdict"] == "stalled" and abs(moment(opened["since"]) - serves.began) < 0.05 * SLOW + late(
        serves.began
    )
    live.stop()


# Frozen with its cgroup, as docker pause does it: that is not its own doing.


@pytest.mark.parametrize("kind", ["freezer", "old_freezer"])
@pytest.mark.parametrize("where", ["wait", "sleep", "read"])
def test_frozen_loop(room, stream, request, kind, where):
    """Wherever it is. Its twin is not frozen, and stays away as well."""
    group = request.getfixturevalue(kind)
    live = stream("epoll", "-j", "-i", "100ms", "-m", "1s")
    loop, twin = turning(room), turning(room)
    group.add(loop.pid)
    if where == "sleep":
        enter(loop, "sleep=600")
    elif where == "read":
        server = Stall(room.there, "endpoint.py", f"listen={room.link.right4},9201,16", "accept")
        server.said("listening")
        enter(loop, f"recv={room.link.right4},9201")
        loop.said("reading")
    group.freeze()
    enter(twin, "sleep=600")
    opened = live.wait(10, event="open", pid=loop.pid)
    assert opened["verdict"] == "stalled" and opened["now"] == "blocked" and opened["now_in"] == "frozen"
    assert "frozen" in opened["why"] and "thaw" in opened["advice"]
    assert "nanosleep" in live.wait(10, event="open", pid=twin.pid)["now_in"]
    assert run.only(run.once("epoll", "-p", loop.pid))["now_in"] == "frozen"
    group.thaw()
    if where == "wait":
        live.wait(10, event="close", id=opened["id"])
    live.stop()


def test_service_of_one_connection_that_reads_another(room, stream):
    """The thread is not at work: it is in a blocking read."""
    live = stream("epoll", "-j", "-i", "100ms")
    silent = Stall(room.there, "endpoint.py", f"listen={room.link.right4},9106,16", "accept")
    silent.said("listening")
    serves = Served(room, 9105, f"epoll,{room.link.right4},9106")
    opened = live.wait(10, event="open", pid=serves.pid)
    assert opened["verdict"] == "blocked_in_read"
    live.stop()
