# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Locks that threads sleep in, and who has them: of each kind, against what the program knows; and what has no owner."""

import json
import os
import signal
import subprocess

import pytest

import run
from child import PID_NAMESPACE, PYTHON, STALLS, Child, stop_process, wait_until

# What is said of each, and what its address leads to.
MUTEX = "mutex {address} held by thread {tid} (holder)"
RWLOCK = "rwlock {address} held by thread {tid} (holder)"
PI = "PI mutex {address} held by thread {tid} (holder)"
OTHER = " of process {pid}"
KINDS = {
    "mutex": MUTEX,
    "recursive": MUTEX,
    "robust": MUTEX,
    "robust-pi": PI,
    "pi": PI,
    "rwlock": RWLOCK,
    "rwlock-read": RWLOCK,
    "rwlock-readers": "rwlock {address} held by 1 reader",
    "shared": MUTEX + OTHER,
    "shared-robust": MUTEX + OTHER,
    "shared-pi": PI + OTHER,
    "shared-rwlock": RWLOCK + OTHER,
    "join": "the end of thread {tid} (sleeper)",
}
NOBODY = "futex: a lock or condition variable without a known owner"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("locks") / "locks"
    subprocess.run(["gcc", "-O1", "-pthread", "-o", path, os.path.join(STALLS, "locks.c")], check=True)
    return str(path)


class Locks(Child):
    """locks.c: who has what, and who waits."""

    def __init__(self, program, *words, before=(), holds=1, waits=1):
        super().__init__([*before, program, *words], stderr=None)
        self.counts = {"holds": holds, "waits": waits}
        wait_until(lambda: all(len(self.said(event)) >= count for event, count in self.counts.items()), 20, "locks")

    def said(self, event):
        return [words for words in map(json.loads, self.lines) if words["event"] == event]

    def one(self, event):
        (words,) = self.said(event)
        return words

    def end_all(self):
        for words in map(json.loads, self.lines):
            try:
                os.kill(words["pid"], signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.end()


@pytest.fixture
def locks(program):
    """Starts one; it ends with the test."""
    started = []

    def start(*words, **options):
        started.append(Locks(program, *words, **options))
        return started[-1]

    yield start
    for one in started:
        one.end_all()


def now_in(words):
    """Of the thread, once it is asleep in a lock; None before that."""
    records = run.matching(run.once("threads", "-p", words["pid"]), type="thread", tid=words["tid"])
    said = records[0]["now_in"] if records else None
    return said if said and said.split(":")[0].split(" ")[0] in ("futex", "flock", "fcntl") else None


@pytest.mark.parametrize("kind", KINDS)
def test_who_has_it(locks, kind):
    child = locks(kind)
    holds = child.one("holds")
    expected = "futex: " + KINDS[kind].format(**holds)
    wait_until(lambda: now_in(child.one("waits")) == expected, 20, expected)


@pytest.mark.parametrize("kind", ["mutex", "rwlock", "pi"])
def test_live(program, stream, kind):
    """sockstall is there first, and sees the thread fall asleep."""
    child = Child([program, kind, "sleep", "-", "later"], stderr=None)
    live = stream("threads", "-p", child.pid, "-j", "-i", "200ms")
    live.wait(20, type="thread", pid=child.pid)
    child.tell("go")
    wait_until(lambda: len(child.lines) == 2, 20, "both")
    said = {words["event"]: words for words in map(json.loads, child.lines)}
    live.wait(20, type="thread", tid=said["waits"]["tid"], now_in="futex: " + KINDS[kind].format(**said["holds"]))
    live.stop()
    child.end()


@pytest.mark.parametrize("kind", ["cond", "semaphore"])
def test_nobody_has_it(locks, kind):
    child = locks(kind, holds=0)
    wait_until(lambda: now_in(child.one("waits")) == NOBODY, 20, NOBODY)


def test_a_thread_that_locks_twice(locks):
    child = locks("twice")
    expected = f"futex: mutex {child.one('holds')['address']} held by the thread itself"
    wait_until(lambda: now_in(child.one("waits")) == expected, 20, expected)


def test_in_a_pid_namespace(locks):
    """Its threads have other numbers there."""
    child = locks("mutex", before=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])

    def found():
        children = open(f"/proc/{child.pid}/task/{child.pid}/children", encoding="ascii").read().split()
        records = run.matching(run.once("threads", "-p", children[0]), type="thread") if children else []
        tids = {record["comm"]: record["tid"] for record in records}
        said = {record["comm"]: record["now_in"] for record in records}
        return said.get("waiter") == "futex: " + MUTEX.format(tid=tids["holder"], address=child.one("holds")["address"])

    assert child.one("holds")["tid"] < 100, "no namespace of its own"
    wait_until(found, 20, "the holder by its number here")


def test_it_is_rewritten_all_the_time(locks):
    """A program that changes its mutex while it is read costs this answer, and nothing else."""
    child = locks("rewrite")
    waits = child.one("waits")
    wait_until(lambda: now_in(waits) and len(os.listdir(f"/proc/{waits['pid']}/task")) == 4, 20, "all its threads")
    for _ in range(5):
        records = run.once("threads", "-p", waits["pid"])
        assert not run.matching(records, type="lost")
        threads = run.matching(records, type="thread")
        assert len(threads) == 4
        assert all(not thread["now_in"] or str(thread["tid"]) not in thread["now_in"] for thread in threads)


@pytest.mark.parametrize("kind", ["flock", "fcntl"])
def test_files(locks, tmp_path, kind):
    path = tmp_path / "locked"
    child = locks(kind, "sleep", path)
    expected = f"{kind} {path} held by locks (pid {child.one('holds')['pid']})"
    wait_until(lambda: now_in(child.one("waits")) == expected, 20, expected)


# locks_translate_pid() in fs/locks.c: whoever took it has no number in a namespace below.
@pytest.mark.skipif(PID_NAMESPACE, reason="only the machine's own PID namespace shows a lock whose taker has ended")
def test_a_lock_that_was_handed_on(tmp_path):
    """flock(1) takes it for the shell, and has ended: its number means nobody."""
    path = tmp_path / "locked"
    shell = Child(["sh", "-c", f"exec 9>{path}; flock 9; echo locked; read wait"])
    shell.wait_line(lambda line: line, 20)
    waiter = Child(["flock", str(path), "true"])
    words = {"pid": waiter.pid, "tid": waiter.pid}
    expected = f"flock {path} held by sh (pid {shell.pid})"
    wait_until(lambda: now_in(words) == expected, 20, expected)
    shell.end()
    waiter.join()


def test_recorded(locks, tmp_path):
    """A recording has it, too."""
    child = locks("mutex")
    expected = "futex: " + MUTEX.format(**child.one("holds"))
    wait_until(lambda: now_in(child.one("waits")) == expected, 20, expected)
    path = tmp_path / "recording"
    done = run.sockstall("threads", "-p", child.one("waits")["pid"], "-1", "--record", path)
    assert done.returncode == 0, done.stderr
    records = run.parse(run.sockstall("replay", path, "-j").stdout)
    (record,) = run.matching(records, type="thread", tid=child.one("waits")["tid"])
    assert record["now_in"] == expected


# Chains


SERVER = """
import socket, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
connection = server.accept()
time.sleep(600)
"""


def chains(*pids):
    return run.findings(run.once("chains", "-m", "300ms", "-p", ",".join(map(str, pids))), type="chain")


def stuck(child, verdict):
    """The one chain of its processes, once it is there."""
    pids = {words["pid"] for words in child.said("holds") + child.said("waits") + child.said("between")}
    return wait_until(lambda: run.matching(chains(*pids), verdict=verdict), 20, verdict)[0]


def test_two_in_opposite_order(locks):
    child = locks("deadlock", holds=2, waits=2)
    record = stuck(child, "deadlock")
    assert [link["kind"] for link in record["links"]] == ["mutex", "mutex"]
    assert {link["verdict"] for link in record["links"]} == {"lock"}
    assert {link["tid"] for link in record["links"]} == {words["tid"] for words in child.said("waits")}
    assert "none of them can continue" in record["why"]
    assert record["severity"] >= 90


def test_itself(locks):
    child = locks("twice")
    record = stuck(child, "deadlock")
    assert [link["tid"] for link in record["links"]] == [child.one("waits")["tid"]]
    assert record["why"].endswith("that it has itself: it cannot continue")


def test_a_lock_and_sockets(locks):
    """It holds a mutex and asks another process, which asks the thread that waits for the mutex."""
    child = locks("sockets")
    record = stuck(child, "deadlock")
    between, holds, waits = (child.one(event) for event in ("between", "holds", "waits"))
    assert sorted(link["kind"] for link in record["links"]) == ["mutex", "tcp", "tcp"]
    assert {link["tid"] for link in record["links"]} == {between["tid"], holds["tid"], waits["tid"]}


def test_the_holder_asks_a_server(locks):
    server = Child([PYTHON, "-c", SERVER])
    port = server.wait_line(bytes.decode, 20).strip()
    child = locks("mutex", f"recv={port}")
    record = wait_until(lambda: run.matching(chains(server.pid), verdict="blocked"), 20, "blocked")[0]
    pid = child.one("waits")["pid"]
    assert [link["pid"] for link in record["links"]] == [pid, pid, server.pid]
    assert [link["kind"] for link in record["links"]][:2] == ["mutex", "tcp"]
    assert [link["tid"] for link in record["links"]][:2] == [child.one(event)["tid"] for event in ("waits", "holds")]
    server.end()


@pytest.mark.parametrize("kind", ["mutex", "rwlock-read", "pi", "shared"])
def test_the_holder_sleeps(locks, kind):
    child = locks(kind)
    record = stuck(child, "blocked")
    assert record["links"][-1]["in"] == "clock_nanosleep"
    assert record["tid"] == child.one("holds")["tid"]


NORMAL = [["order"], ["join"], ["cond"], ["semaphore"], ["pool"], ["mutex", "accept"], ["flock", "sleep"]]


@pytest.mark.parametrize("words", NORMAL, ids=lambda words: words[0])
def test_what_is_normal(locks, tmp_path, words):
    """Each beside one that is stuck, which is found in the same look."""
    words = words + [str(tmp_path / "file")] if len(words) > 1 else words
    waits = {"pool": 200}.get(words[0], 1)
    twin = locks(*words, holds=len(words) > 1 or words[0] == "join", waits=waits)
    child = locks("mutex")
    stuck(child, "blocked")
    pids = {words["pid"] for words in twin.said("holds") + twin.said("waits")}
    found = wait_until(lambda: chains(child.one("waits")["pid"], *pids), 20)
    assert [record["pid"] for record in found] == [child.one("waits")["pid"]]


# The report


def of_locks(*pids, expected, options=()):
    """What `locks` says of these processes, once it has this verdict."""

    def found():
        records = run.once("locks", "-m", "300ms", "-p", ",".join(map(str, pids)), *options)
        records = run.matching(records, type="lock")
        return records if run.matching(records, verdict=expected) else None

    return wait_until(found, 20, expected)


def test_one_row_for_each_lock(locks):
    child = locks("mutex")
    holds, waits = child.one("holds"), child.one("waits")
    (record,) = of_locks(waits["pid"], expected="blocked")
    assert (record["kind"], record["address"], record["path"]) == ("mutex", holds["address"], None)
    assert (record["pid"], record["tid"], record["comm"]) == (waits["pid"], waits["tid"], "waiter")
    assert (record["holder_pid"], record["holder_tid"]) == (holds["pid"], holds["tid"])
    assert (record["holder_comm"], record["holder_in"]) == ("holder", "clock_nanosleep")
    assert record["waiters"] == 1 and record["age_s"] > 0.3 and record["severity"] >= 40


def test_a_file(locks, tmp_path):
    path = tmp_path / "locked"
    child = locks("fcntl", "sleep", path)
    (record,) = of_locks(child.one("waits")["pid"], expected="blocked")
    assert (record["kind"], record["address"], record["path"]) == ("file", None, str(path))
    assert (record["holder_pid"], record["holder_tid"]) == (child.one("holds")["pid"], None)


def test_a_deadlock(locks):
    child = locks("deadlock", holds=2, waits=2)
    records = of_locks(child.said("waits")[0]["pid"], expected="deadlock")
    assert {record["address"] for record in records} == {words["address"] for words in child.said("holds")}
    assert all(record["severity"] >= 90 for record in records)


def test_stopped(locks):
    child = locks("shared")
    stop_process(child.one("holds")["pid"])
    (record,) = of_locks(child.one("waits")["pid"], expected="stopped")
    assert f"kill -CONT {child.one('holds')['pid']}" in record["advice"]


def test_running(locks):
    child = locks("mutex", "spin")
    (record,) = of_locks(child.one("waits")["pid"], expected="running")
    assert record["holder_in"] is None


def test_readers(locks):
    child = locks("rwlock-readers")
    (record,) = of_locks(child.one("waits")["pid"], expected="held")
    assert record["holder_tid"] is None and "1 reader has the rwlock" in record["why"]


ONLY_WITH_ALL = {"join": (["join"], 1), "no_owner": (["pool"], 200), "turns": (["mutex", "accept"], 1)}


@pytest.mark.parametrize("verdict", ONLY_WITH_ALL)
def test_only_with_all(locks, verdict):
    words, waiters = ONLY_WITH_ALL[verdict]
    child = locks(*words, holds=verdict != "no_owner", waits=waiters)
    pid = child.said("waits")[0]["pid"]
    wait_until(lambda: of_locks(pid, expected=verdict, options=["-a"])[0]["waiters"] == waiters, 20, "all of them")
    assert not run.findings(run.once("locks", "-m", "300ms", "-p", pid))


def test_it_opens_and_closes(locks, stream, tmp_path):
    path = tmp_path / "locked"
    child = locks("flock", "sleep", path)
    live = stream("locks", "-j", "-m", "300ms", "-i", "200ms", "-p", child.one("waits")["pid"])
    opened = live.wait(20, type="lock", event="open", path=str(path))
    os.kill(child.one("holds")["pid"], signal.SIGKILL)
    live.wait(20, type="lock", event="close", id=opened["id"])
    live.stop()
