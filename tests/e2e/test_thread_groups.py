# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""threads -p: threads that stand in the same place are one group."""

import json
import os
import re
import signal
import subprocess

import pytest

import run
from child import PYTHON, Child, wait_until

POOL = """
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#define APART __attribute__((noinline))
static int pair[2];
APART long fetch_user(void) { char bytes[10];
	long got = recv(pair[0], bytes, 10, 0); /* 10 */
	return got + bytes[0]; }
static void *worker(void *argument) { return (char *)argument + fetch_user() + 1; }
static void *timer(void *argument) { poll(NULL, 0, -1); /* 13 */ return argument; }
int main(void) {
	pthread_t thread;
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	for (int i = 0; i < 53; i++)
		pthread_create(&thread, NULL, i < 50 ? worker : timer, NULL);
	puts("{}");
	fflush(stdout);
	pause(); /* 21 */ }
"""

PYTHON_POOL = """import os, queue, threading
def take(jobs):
    return jobs.get()
def worker(jobs):
    while True:
        take(jobs)
jobs = queue.Queue()
for _ in range(12):
    threading.Thread(target=worker, args=(jobs,), daemon=True).start()
print("{}", flush=True)
os.read(os.pipe()[0], 1)
"""


@pytest.fixture
def pool(tmp_path):
    (tmp_path / "pool.c").write_text(POOL)
    subprocess.run(["gcc", "-O2", "-g", "-o", tmp_path / "pool", tmp_path / "pool.c", "-pthread"], check=True)
    program = Child([str(tmp_path / "pool")])
    program.wait_line(bool, 10)
    yield program
    program.end(signal.SIGKILL)


@pytest.fixture
def python_pool(tmp_path):
    (tmp_path / "jobs.py").write_text(PYTHON_POOL)
    program = Child([PYTHON, str(tmp_path / "jobs.py")])
    program.wait_line(bool, 10)
    yield program
    program.end(signal.SIGKILL)


def tids_of(pid):
    return {int(tid) for tid in os.listdir(f"/proc/{pid}/task")}


def told(program):
    """What is told of its threads, once a look had time for all of them."""

    def look():
        records = run.matching(run.once("threads", "-p", program.pid, fold=True), type="thread")
        return records if all(record["user_stack"] for record in records) else None

    return wait_until(look, 20, "all stacks")


def shown(program, *options):
    def look():
        text = run.sockstall("threads", "-p", program.pid, "-1", *options).stdout.decode()
        return text if "50 threads: " in text and "3 threads: " in text else None

    return wait_until(look, 20, "groups")


def test_records(pool):
    records = told(pool)
    assert [record["count"] for record in records] == [50, 3, None]
    assert [record["code"] for record in records] == ["fetch_user (pool.c:10)", "timer (pool.c:13)", "main (pool.c:21)"]
    tids = [set(record["tids"] or [record["tid"]]) for record in records]
    assert set.union(*tids) == tids_of(pool.pid) and sum(map(len, tids)) == 54
    for record in records[:2]:
        assert record["tid"] in record["tids"] and record["now_s"] == record["oldest_s"] >= record["youngest_s"] >= 0
    assert records[2]["tids"] is records[2]["oldest_s"] is records[2]["youngest_s"] is None
    assert records[0]["user_stack"][1].startswith("fetch_user /")


def test_text(pool):
    lines = shown(pool).splitlines()
    assert lines[0] == "54 threads in 3 groups (-v shows each)"
    groups = [line for line in lines[1:] if not line.startswith(" ")]
    assert re.fullmatch(r"50 threads: \w*recv \S+ fetch_user \(pool\.c:10\)", groups[0]), groups
    assert re.fullmatch(r"3 threads: \w*poll \S+ timer \(pool\.c:13\)", groups[1]), groups
    assert re.fullmatch(r"1 thread: \w*pause \S+ main \(pool\.c:21\)", groups[2]), groups
    assert lines[2].startswith(f"    pool/{pool.pid}, sleeping for ") and lines[2].endswith(": recvfrom unix socket")
    assert lines[3].endswith(" and 38 more") and len(groups) == 3


def test_whole_stacks(pool):
    text = shown(pool, "--stacks")
    assert text.count("fetch_user /") == 1 and "(pool.c:10)\n" in text and "start_thread" in text


@pytest.mark.parametrize("option", ["-v", "--no-fold", "-a", "--no-stacks"])
def test_each_thread(pool, option):
    records = run.matching(run.once("threads", "-p", pool.pid, option, fold=True), type="thread")
    assert {record["tid"] for record in records} == tids_of(pool.pid) and len(records) == 54
    assert {record["count"] for record in records} == {None}
    lines = run.sockstall("threads", "-p", pool.pid, "-1", option).stdout.decode().splitlines()
    assert lines[0] == "54 threads" and lines[1].startswith("PROCESS")
    if option == "--no-stacks":
        assert {record["user_stack"] for record in records} == {None}


def test_python(python_pool):
    """By its functions."""
    records = told(python_pool)
    (workers,) = [record for record in records if record["count"] == 12]
    assert workers["code"] == "take (jobs.py:3)"
    assert "worker (jobs.py:6)" in workers["user_stack"]
    assert len(records) == 2


def test_stream(pool, stream):
    """Each thread has its record; who does not move is not unwound again, and keeps its stack."""
    live = stream("threads", "-j", "-i", "100ms", "-p", pool.pid)

    def looks():
        records = [record for record in live.records() if record["type"] == "thread"]
        times = sorted({record["time"] for record in records})
        return records if len(times) > 4 and all(r["user_stack"] for r in records if r["time"] == times[-2]) else None

    records = wait_until(looks, 30, "looks with all stacks")
    assert {record["count"] for record in records} == {None}
    live.stop()


def test_replayed(pool, tmp_path):
    path = tmp_path / "recording"
    live = run.once("threads", "-p", pool.pid, "--record", path, fold=True)
    again = run.parse(run.sockstall("replay", path, "-1", "-j").stdout)
    assert run.matching(again, type="thread") == run.matching(live, type="thread")


def test_on_screen(pool, tmux):
    """A row for each group, the largest first; Enter shows its threads."""
    live = tmux("threads", "-p", pool.pid, "-i", "200ms")
    text = live.wait("×50")
    assert text.index("×50") < text.index("×3")
    live.keys("Enter")
    live.wait("└ pool")


MANY = (
    "import threading, time; [threading.Thread(target=time.sleep, args=(600,)).start() for _ in range(300)]; "
    "print('{}', flush=True); time.sleep(600)"
)


def test_in_a_stream_each_has_its_turn(stream):
    """A look has time for 256 threads. What is known of them stays, so the next look reads the others."""
    program = Child([PYTHON, "-c", MANY])
    try:
        program.wait_line(bool, 10)
        live = stream("threads", "-p", program.pid, "-i", "300ms", "-j")
        looks = {}

        def is_whole(line):
            record = json.loads(line)
            if record["type"] == "thread":
                looks.setdefault(record["time"], []).append(bool(record["user_stack"]))
            return any(len(known) == 301 and all(known) for known in looks.values())

        live.wait_line(is_whole, 30)
    finally:
        program.end(signal.SIGKILL)
