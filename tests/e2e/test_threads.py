# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""threads -p: every thread of a process, against what the threads know of themselves."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

import run
from child import PYTHON, STALLS, Child, wait_until
from stalls.machine import NUMBER, PAUSE
from zoo import moment

ALL = "vm files fs sighand"
SHARES = {"raw_no_files": "vm fs sighand", "raw_no_fs": "vm files sighand", "raw_bare": "vm sighand"}


class Threads(Child):
    """threads.c: its threads by name, as each described itself."""

    def __init__(self, program):
        self.began = time.time()
        super().__init__([program], stderr=None)
        wait_until(lambda: len(self.lines) == 15, 10, "all threads")
        self.ended = time.time()
        self.threads = {}
        self.take()

    def take(self):
        for line in self.lines:
            words = json.loads(line)
            if words["event"] == "thread":
                self.threads[words["name"]] = words
        return self.threads

    def asleep(self):
        """Until all are in their last sleep."""
        for words in self.threads.values():
            path = f"/proc/{self.pid}/task/{words['tid']}/syscall"
            wait_until(lambda: open(path).read().split()[0] in (str(NUMBER["read"]), str(NUMBER[PAUSE])), 5, "sleep")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("threads") / "threads")
    subprocess.run(["gcc", "-O1", "-pthread", "-o", path, os.path.join(STALLS, "threads.c")], check=True)
    return path


@pytest.fixture(scope="module")
def threads(program):
    child = Threads(program)
    child.asleep()
    yield child
    child.end()


@pytest.fixture(scope="module")
def records(threads):
    return run.once("threads", "-p", threads.pid, "-a")


def of(records, words):
    found = [record for record in records if record["type"] == "thread" and record["tid"] == words["tid"]]
    assert len(found) == 1, found
    return found[0]


NAMES = (
    "main",
    "plain",
    "large",
    "no_guard",
    "no_guard_2",
    "deep",
    "middle",
    "static",
    "heap",
    "raw",
    "raw_guard",
    "raw_no_files",
    "raw_no_fs",
    "raw_bare",
)


def test_all_threads_and_no_others(threads, records):
    assert set(NAMES) == set(threads.threads)
    shown = [record["tid"] for record in records if record["type"] == "thread"]
    assert sorted(shown) == sorted(words["tid"] for words in threads.threads.values())


@pytest.mark.parametrize("name", NAMES)
def test_thread(threads, records, name):
    words = threads.threads[name]
    record = of(records, words)
    assert record["pid"] == threads.pid and record["comm"] == "threads"
    assert record["state"] == "sleeping"
    assert record["syscall"] == ("read" if name in ("main", "plain") else PAUSE)
    assert 0 <= record["now_s"] < 60 and record["cpu_s"] < 5 and record["switches"] >= 1
    with open(f"/proc/{threads.pid}/task/{words['tid']}/status", encoding="utf-8") as status:
        counts = dict(line.split(":", 1) for line in status)
    assert record["switches_voluntary"] <= int(counts["voluntary_ctxt_switches"]) <= record["switches_voluntary"] + 2
    assert record["switches_involuntary"] <= int(counts["nonvoluntary_ctxt_switches"])
    assert record["switches"] == record["switches_voluntary"] + record["switches_involuntary"]
    assert threads.began - 0.1 < moment(record["created"]) < threads.ended + 0.1
    assert record["creator_tid"] is None  # it was there before
    assert record["shares"] == SHARES.get(name, ALL)


@pytest.mark.parametrize("name", NAMES)
def test_stack(threads, records, name):
    words = threads.threads[name]
    record = of(records, words)
    start, end = int(record["stack_start"], 16), int(record["stack_end"], 16)
    if name == "main":
        # pthread_getattr_np() gives the limit that it may grow to, and not what holds the environment.
        assert int(words["start"], 16) <= start and 0 <= end - int(words["end"], 16) <= 1 << 20
        assert record["stack_guard"] is None
    else:
        assert (record["stack_start"], record["stack_end"]) == (words["start"], words["end"])
        assert record["stack_guard"] == words["guard"]
    assert start < words["sp"] < end
    # Asleep it is not just where it described itself.
    assert abs(record["stack_used"] - (end - words["sp"])) < 4096


def test_how_much_is_used(threads, records):
    assert 100 << 10 <= of(records, threads.threads["deep"])["stack_used"] < 120 << 10
    assert of(records, threads.threads["plain"])["stack_used"] < 16 << 10


def regions(records):
    return [
        (int(record["start"], 16), int(record["end"], 16), record) for record in records if record["type"] == "region"
    ]


def test_regions_are_the_address_space(threads, records):
    """In order, without overlaps, and together what the kernel says."""
    found = regions(records)
    for (_, end, _), (start, _, _) in zip(found, found[1:]):
        assert end <= start
    with open(f"/proc/{threads.pid}/maps") as maps:
        mapped = [[int(word, 16) for word in line.split()[0].split("-")] for line in maps]
    assert sum(end - start for start, end in mapped) == sum(end - start for start, end, _ in found)
    for start, end, record in found:
        assert record["bytes"] == end - start and record["pid"] == threads.pid
        assert any(first <= start and end <= last for first, last in mapped)


def test_stacks_are_placed_in_it(threads, records):
    stacks = {record["tid"]: record for _, _, record in regions(records) if record["kind"] == "stack"}
    guards = {record["tid"]: record for _, _, record in regions(records) if record["kind"] == "guard"}
    for name, words in threads.threads.items():
        place = stacks[words["tid"]]
        thread = of(records, words)
        assert (place["start"], place["end"]) == (thread["stack_start"], thread["stack_end"])
        assert (words["tid"] in guards) == (words["guard"] > 0)
        if words["guard"]:
            assert guards[words["tid"]]["bytes"] == words["guard"]
            assert guards[words["tid"]]["end"] == place["start"]


def test_kinds_of_regions(threads, program, records):
    kinds = {}
    for _, _, record in regions(records):
        kinds.setdefault(record["kind"], []).append(record)
    assert [record["path"] for record in kinds["code"]].count(program) == 1
    assert any(record["path"] == program for record in kinds["data"])
    assert all(record["path"] == "[heap]" for record in kinds["heap"])
    assert any(record["path"] == "[vdso]" for record in kinds["kernel"])


def test_no_regions_without_all(threads):
    assert not regions(run.once("threads", "-p", threads.pid))


def test_creator_of_a_new_thread(program, stream):
    """Seen live; and live there are records at every interval, without -a too."""
    child = Threads(program)
    live = stream("threads", "-j", "-i", "100ms", "-p", child.pid)
    live.wait(10, type="thread", tid=child.pid)
    began = time.time()
    child.tell("more")
    wait_until(lambda: "later" in child.take(), 10, "the new thread")
    record = live.wait(10, type="thread", tid=child.threads["later"]["tid"])
    assert record["creator_tid"] == child.threads["plain"]["tid"]
    assert began - 0.1 < moment(record["created"]) < time.time() + 0.1
    live.stop()
    child.end()


WAITING = """
import fcntl, os, socket, subprocess, sys, threading, time
lock, file = threading.Lock(), open(sys.argv[1], "w")
lock.acquire()
fcntl.flock(file, fcntl.LOCK_EX)
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
child = subprocess.Popen(["sleep", "600"])
other = open(sys.argv[1], "w")
for wait in lock.acquire, child.wait, lambda: client.recv(1), lambda: fcntl.flock(other, fcntl.LOCK_EX):
    threading.Thread(target=wait, daemon=True).start()
print(client.getsockname()[1], server.getsockname()[1], child.pid, flush=True)
time.sleep(600)
"""


def test_what_threads_are_in(tmp_path):
    path = tmp_path / "locked"
    program = Child([PYTHON, "-c", WAITING, str(path)])
    words = program.wait_line(bytes.decode, 10).split()
    expected = {
        "futex: a lock or condition variable without a known owner",
        f"wait4: child {words[2]} sleep",
        f"flock {path} held by python3 (pid {program.pid})",
        f"recvfrom 127.0.0.1:{words[0]} -> 127.0.0.1:{words[1]}",
    }

    def told():
        records = run.matching(run.once("threads", "-p", program.pid), type="thread")
        return {record["now_in"] for record in records if record["tid"] != program.pid}

    try:
        wait_until(lambda: told() == expected, 10, "all four")
    finally:
        os.kill(int(words[2]), signal.SIGKILL)
        program.end()


def test_leader_has_exited(stall):
    """Its state is told, and its threads' stacks are still found."""
    child = stall(None, "leader_exits.py")
    tid = child.said("thread")["tid"]

    def leader():
        records = [record for record in run.once("threads", "-p", child.pid) if record["type"] == "thread"]
        states = {record["tid"]: record for record in records}
        return states if states[child.pid]["state"] == "zombie" else None

    threads = wait_until(leader, 10, "a zombie leader")
    assert threads[child.pid]["stack_start"] is None and threads[child.pid]["shares"] is None
    assert threads[tid]["stack_start"] and threads[tid]["state"] == "sleeping"


def test_replay_says_the_same(threads, tmp_path):
    path = tmp_path / "recording"
    live = run.once("threads", "-p", threads.pid, "--record", path, fold=True)
    again = run.parse(run.sockstall("replay", path, "-1", "-j").stdout)
    assert [record for record in again if record["type"] == "thread"] == [
        record for record in live if record["type"] == "thread"
    ]
    whole = run.parse(run.sockstall("replay", path, "-1", "-j", "-a").stdout)
    assert regions(whole)


def test_tables(threads):
    """Also into a pipe and live, where stalls would be lines."""
    once = run.sockstall("threads", "-p", threads.pid, "-1").stdout.decode()
    assert "14 threads" in once and "sleeping" in once
    live = run.sockstall("threads", "-p", threads.pid, "-i", "50ms", "-d", "120ms").stdout.decode()
    assert live.count("14 threads") >= 2


def test_no_such_process():
    done = run.sockstall("threads", "-p", "4194304", "-1")
    assert done.returncode == 0 and b"no such thread" in done.stdout
    assert done.stderr == b"sockstall: there is no process 4194304 now\n"


@pytest.mark.parametrize("selected", ["thread", "thread,process", "process,thread"])
def test_thread_in_place_of_its_process(threads, selected):
    """As top -H names it: -p takes the process, in every report, and says so."""
    thread = threads.threads["plain"]["tid"]
    pids = selected.replace("thread", str(thread)).replace("process", str(threads.pid))
    done = run.sockstall("threads", "-p", pids, "-1", "-j", "--no-fold")
    assert done.returncode == 0
    assert done.stderr.decode() == f"sockstall: {thread} is a thread of process {threads.pid}: reporting that process\n"
    wanted = run.parse(run.sockstall("threads", "-p", threads.pid, "-1", "-j", "--no-fold").stdout)
    assert _ids(run.parse(done.stdout)) == _ids(wanted) and len(_ids(wanted)) == 14


def _ids(records):
    return sorted((record["pid"], record["tid"]) for record in records if record["type"] == "thread")


def test_end_takes_no_thread_for_its_process(threads):
    """There a slip of the hand would end another's connection."""
    thread = threads.threads["plain"]["tid"]
    done = run.sockstall("end", f"pid={thread}", "fd=0")
    assert done.returncode == 1 and not done.stdout
    assert (
        done.stderr.decode()
        == f"sockstall: end: {thread} is a thread of process {threads.pid}: pid={threads.pid} has it\n"
    )


def test_tables_name_process_and_thread(threads):
    """In columns of their own; that of the thread only where it is another number."""
    shown = run.sockstall("threads", "-p", threads.pid, "-1", "--no-fold").stdout.decode().splitlines()
    assert shown[1].split()[:2] == ["PROCESS", "TID"], shown[1]
    cells = [line.split()[:2] for line in shown[2:] if re.match(rf"\S+/{threads.pid} ", line)]
    told = {(process.rpartition("/")[2], thread) for process, thread in cells}
    others = {words["tid"] for words in threads.threads.values()} - {threads.pid}
    assert told == {(str(threads.pid), "-"), *((str(threads.pid), str(tid)) for tid in others)}, shown


def test_kernel_stacks(threads):
    """With --verbose: where each thread sleeps; without, nothing is said of it."""
    if b"stack_scan" not in run.sockstall("check", "-v").stdout:
        pytest.skip("no stack scan")
    records = [record for record in run.once("threads", "-p", threads.pid, "-v") if record["type"] == "thread"]
    assert len(records) == len(threads.threads)
    for record in records:
        assert record["state"] != "sleeping" or " < " in record["kernel_stack"], record
    assert {
        record["kernel_stack"] for record in run.once("threads", "-p", threads.pid) if record["type"] == "thread"
    } == {None}
