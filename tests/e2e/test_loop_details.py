# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What a loop is stuck in, its stacks, whose runtime it is, and how near its process is to a limit."""

import fcntl
import os
import resource
import socket
import subprocess

import pytest

import run
from child import PYTHON, wait_until
from netns import WORKER


def stuck(stall, stream, handler, *options):
    """The program, what it said, and the record that opens its stall."""
    live = stream("epoll", "-j", "-i", "200ms", *options)
    program = stall(None, "stuck_loop.py", handler)
    words = program.said("stuck", 20)
    opened = live.wait(10, type="loop", event="open", tid=program.pid)
    live.stop()
    return program, words, opened


def test_lock(stall, stream):
    _, _, opened = stuck(stall, stream, "lock")
    assert opened["verdict"] == "stalled"
    assert opened["now_in"] == "futex: a lock or condition variable without a known owner"
    assert opened["now_in"] in opened["why"]


def test_child(stall, stream):
    _, words, opened = stuck(stall, stream, "child")
    assert opened["now_in"] == f"wait4: child {words['child']} sleep"


def test_any_child(stall, stream):
    _, words, opened = stuck(stall, stream, "any-child")
    assert opened["now_in"] == f"wait4: any of 2 children, the first is {words['child']} sleep"


def test_file(stall, stream, tmp_path):
    path = tmp_path / "held"
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _, _, opened = stuck(stall, stream, f"file={path}")
    assert opened["now_in"] == f"flock {path} held by python3 (pid {os.getpid()})"


def test_hostile_path(stall, stream, tmp_path):
    """A file may have any name: no byte of it reaches a terminal or breaks JSON."""
    path = os.path.join(os.fsencode(tmp_path), b"a\x1b[2J\n\xff")
    with open(path, "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        program, _, opened = stuck(stall, stream, "file=" + os.fsdecode(path))
        assert "flock " in opened["now_in"] and "\ufffd" in opened["now_in"]
        shown = wait_until(lambda: run.sockstall("epoll", "-1", "-p", program.pid, "-m", "0").stdout, 5)
    assert b"\x1b" not in shown and b"\xff" not in shown


def test_kernel_stacks_only_when_asked(stall, stream):
    """The program's is there unless it is not wanted."""
    for options, kernel, user in ((), False, True), (("-v",), True, True), (("--no-stacks",), False, False):
        _, _, opened = stuck(stall, stream, "sleep", *options)
        assert (opened["kernel_stack"] is not None) == kernel
        assert (opened["user_stack"] is not None) == user
        if kernel:
            assert "nanosleep" in opened["kernel_stack"] and " < " in opened["kernel_stack"]
        if user:
            assert any("/libc" in frame and "+0x" in frame for frame in opened["user_stack"])


def test_stack_scan_only_when_asked(stream):
    for options, wanted in (("--no-stacks",), False), ((), True), (("--stacks",), True):
        records = stream("epoll", "-j", *options).stop()
        assert ("stack_scan" in records[0]["probes_used"].split()) == wanted


# User stacks of code that keeps its frame pointers.

FRAMES = """
#include <sys/epoll.h>
#include <unistd.h>
#define KEEP __attribute__((noinline, used))
/* The library's own wrapper keeps no frame: the syscall is made here. */
KEEP long handler(void) {
	long r = 34; /* pause */
	__asm__ volatile("syscall" : "+a"(r) : : "rcx", "r11", "memory");
	return r + 1; }
KEEP long dispatch(void) { return handler() + 1; }
int main(void) {
	struct epoll_event event; int i, fd = epoll_create1(0);
	for (i = 0; i < 150; i++) epoll_wait(fd, &event, 1, 2);
	return dispatch() + 1; }
"""


def test_user_stack_names_the_functions(stream, tmp_path):
    (tmp_path / "frames.c").write_text(FRAMES)
    program = tmp_path / "frames"
    subprocess.run(["gcc", "-O0", "-fno-omit-frame-pointer", "-o", program, tmp_path / "frames.c"], check=True)
    symbols = sorted(
        (int(address, 16), name)
        for address, _, name in (
            line.split() for line in subprocess.check_output(["nm", "--defined-only", program], text=True).splitlines()
        )
    )
    live = stream("epoll", "-j", "-i", "200ms", "--stacks")
    process = subprocess.Popen([program])
    try:
        opened = live.wait(10, type="loop", event="open", pid=process.pid)
    finally:
        process.kill()
        process.wait()
    frames = [frame.rpartition("+") for frame in opened["user_stack"]]
    own = [int(offset, 16) for module, _, offset in frames if module.endswith(str(program))]
    names = [max(symbol for symbol in symbols if symbol[0] <= offset)[1] for offset in own]
    assert names == ["handler", "dispatch", "main", "_start"]
    said = [module.split(" ")[0] for module, _, _ in frames if module.endswith(str(program))]
    assert said == names


# Limits.


@pytest.mark.parametrize("count, verdict", [(95, "near_limit"), (80, None)])
def test_near_limit(stall, stream, count, verdict):
    live = stream("epoll", "-j", "-a", "-i", "200ms")
    program = stall(None, "stuck_loop.py", f"fds={count}")
    words = program.said("stuck", 20)
    last = live.wait(25, type="loop", tid=program.pid, fd_limit=100, highest_fd=words["highest"])
    if verdict:
        opened = live.wait(5, type="loop", event="open", tid=program.pid)
        assert opened["verdict"] == verdict and opened["advice"]
        assert str(count) in opened["why"] and "100" in opened["why"]
    else:
        assert last["verdict"] == "ok"
    live.stop()


WATCHER = """
import os, resource, select, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (5000, 5000))
os.setuid(int(sys.argv[1]))
e = select.epoll()
for _ in range(3000): e.register(os.eventfd(0), select.EPOLLIN)
print("watching", flush=True)
while True: e.poll(0.005)
"""
UID = 424217 + WORKER  # of nobody else


@pytest.fixture
def watcher():
    """A loop of a user of its own, who watches 3,000 descriptors."""
    program = subprocess.Popen([PYTHON, "-c", WATCHER, str(UID)], stdout=subprocess.PIPE)
    program.stdout.readline()
    yield program
    program.kill()
    program.wait()


def with_file(path, text, tmp_path):
    """Something to put before sockstall: it alone sees this text in a file of /proc."""
    file = tmp_path / "file"
    file.write_text(text)
    return ["unshare", "-m", "sh", "-c", f'mount --bind {file} {path} && exec "$@"', "sh"]


def off_by():
    """The kernel's own counters, one for each CPU: see compat_user_watches()."""
    return max(32, 2 * os.cpu_count()) * os.cpu_count()


@pytest.mark.parametrize("limit, verdict", [(3000, "near_limit"), (6000, "ok")])
def test_watches_of_a_user(watcher, tmp_path, limit, verdict):
    before = with_file("/proc/sys/fs/epoll/max_user_watches", f"{limit}\n", tmp_path)
    record = run.only(run.once("epoll", "-a", "-p", watcher.pid, before=before))
    assert abs(record["user_watches"] - 3000) <= off_by() and record["watch_limit"] == limit
    assert record["verdict"] == verdict
    assert ("fs.epoll.max_user_watches" in record["why"]) == (verdict == "near_limit")


@pytest.mark.parametrize("used, verdict", [(900, "near_limit"), (899, "ok")])
def test_files_of_the_machine(watcher, tmp_path, used, verdict):
    before = with_file("/proc/sys/fs/file-nr", f"{used}\t0\t1000\n", tmp_path)
    record = run.only(run.once("epoll", "-a", "-p", watcher.pid, before=before))
    assert record["verdict"] == verdict
    assert ("fs.file-max" in record["why"]) == (verdict == "near_limit")


def test_counts_of_a_process(stall, stream):
    """Descriptors, sockets and limits as /proc has them."""
    pairs = [socket.socketpair() for _ in range(20)]
    inherited = [end.fileno() for pair in pairs for end in pair]
    program = subprocess.Popen(
        [PYTHON, os.path.join(os.path.dirname(__file__), "stalls", "stuck_loop.py"), "turn"],
        pass_fds=inherited,
        stdout=subprocess.PIPE,
    )
    try:
        program.stdout.readline()
        record = run.only(run.once("epoll", "-a", "-p", program.pid))
        fds = [int(name) for name in os.listdir(f"/proc/{program.pid}/fd")]
    finally:
        program.kill()
        program.wait()
    assert record["open_fds"] == len(fds) and record["highest_fd"] == max(fds)
    assert record["process_sockets"] == 40 and record["process_threads"] == 1
    assert record["fd_limit"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    with open("/proc/sys/fs/epoll/max_user_watches", encoding="ascii") as file:
        assert record["watch_limit"] == int(file.read())


# Each of its processes waits until the one that made them has gone.
MANY = """
import os, select, sys
there, here = os.pipe()
for _ in range(300):
    if not os.fork():
        os.close(here)
        epoll = select.epoll()
        epoll.register(there, select.EPOLLIN)
        epoll.poll()
        os._exit(0)
print("ready", flush=True)
sys.stdin.read()
"""


def test_of_many_processes_in_the_only_look():
    """Where looks go on, more than 256 are found out about one look after another; here there is no next one."""
    program = subprocess.Popen([PYTHON, "-c", MANY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        program.stdout.readline()
        children = set(map(int, subprocess.check_output(["pgrep", "-P", str(program.pid)]).split()))

        def all_of_them():
            records = [record for record in run.findings(run.once("epoll", "-a")) if record["pid"] in children]
            return len(records) == 300 and records

        found = wait_until(all_of_them, 10, "all of the loops")
        assert {record["open_fds"] for record in found} == {5}
        assert {record["fd_limit"] for record in found} == {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}
    finally:
        program.communicate()


# Runtimes of what is there on every machine that runs these tests.

ASYNCIO = "import asyncio\nasync def f():\n    while True: await asyncio.sleep(0.005)\nasyncio.run(f())"
PLAIN = "import select\ne = select.epoll()\nwhile True: e.poll(0.005)"


@pytest.mark.parametrize("script, runtime", [(ASYNCIO, "asyncio"), (PLAIN, None)])
def test_runtime(script, runtime):
    program = subprocess.Popen([PYTHON, "-c", script])
    try:
        found = wait_until(lambda: run.findings(run.once("epoll", "-a", "-p", program.pid)), 10, "the loop")
        assert found[0]["runtime"] == runtime
    finally:
        program.kill()
        program.wait()
