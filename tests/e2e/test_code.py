# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The code that a thread is in: functions and lines, by the tables of its program."""

import os
import signal
import socket
import subprocess
import threading

import pytest

import run
from child import Child, wait_until
from test_privileges import held, status

SOURCE = """
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#define APART __attribute__((noinline))
APART long read_reply(int fd) { char bytes[4000];
	long got = recv(fd, bytes, sizeof(bytes), 0); /* 7 */
	return got + bytes[3]; }
#ifdef __cplusplus
namespace store { struct Client { long fetch(int fd, const char *name); }; }
APART long store::Client::fetch(int fd, const char *name) { char more[300];
#else
APART long fetch(int fd, const char *name) { char more[300];
#endif
	long got = read_reply(fd); /* 15 */
	return got + more[got] + name[0]; }
APART long handle_request(int fd) {
#ifdef __cplusplus
	long got = store::Client().fetch(fd, "user"); /* 19 */
#else
	long got = fetch(fd, "user"); /* 21 */
#endif
	return got * 3; }
int main(void) { int pair[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, pair); puts("{}"); fflush(stdout);
	return (int)handle_request(pair[0]) + 1; /* 25 */ }
"""

KINDS = {
    "debug": ("gcc", "-g"),
    "names": ("gcc",),
    "no-pie": ("gcc", "-no-pie"),
    "static": ("gcc", "-static"),
    "static-pie": ("gcc", "-static-pie"),
    "c++": ("g++", "-g"),
    "stripped": ("gcc", "-s"),
}
OPTIONS = ["-O2", "-fomit-frame-pointer", "-fasynchronous-unwind-tables", "-fno-optimize-sibling-calls"]


def build(tmp_path, kind):
    compiler, *options = KINDS[kind]
    source = tmp_path / ("blocked.cc" if compiler == "g++" else "blocked.c")
    source.write_text(SOURCE)
    program = tmp_path / f"blocked-{kind}"
    subprocess.run([compiler, *OPTIONS, *options, "-o", program, source], check=True)
    return program


@pytest.fixture
def blocked(tmp_path):
    """Starts a program of the kind, which blocks in recv."""
    started = []

    def start(kind, *command):
        program = Child([*command, str(build(tmp_path, kind))])
        started.append(program)
        program.wait_line(bool, 10)
        return program

    yield start
    for program in started:
        program.end(signal.SIGKILL)


def frames_of(pid):
    def look():
        (thread,) = run.matching(run.once("threads", "--stacks", "-p", pid), type="thread", pid=pid)
        return thread["user_stack"]

    return wait_until(look, 10, "a stack")


def names(frames):
    """Of those that have one: the function, and the line where it is known."""
    return [frame.split(" ")[0] for frame in frames if " /" in frame]


@pytest.mark.parametrize("kind", ["debug", "names", "no-pie", "static", "static-pie"])
def test_functions(blocked, kind):
    """Without frame pointers; up to main, and what called that."""
    frames = frames_of(blocked(kind).pid)
    found = names(frames)
    at = found.index("read_reply")
    assert found[at : at + 4] == ["read_reply", "fetch", "handle_request", "main"]
    assert "recv" in found[0] and found[-1] == "_start"
    lines = [frame.split(" ")[2] for frame in frames if "/blocked-" in frame and " (blocked.c:" in frame]
    assert lines == (["(blocked.c:7)", "(blocked.c:15)", "(blocked.c:21)", "(blocked.c:25)"] if kind == "debug" else [])


def test_demangled(blocked):
    frames = frames_of(blocked("c++").pid)
    (fetch,) = [frame for frame in frames if "Client" in frame]
    assert fetch.startswith("store::Client::fetch /") and fetch.endswith(" (blocked.cc:15)")


def test_stripped(blocked):
    """No names, but all frames: as many as the same program with names has."""
    frames = frames_of(blocked("stripped").pid)
    assert len([frame for frame in frames if "/blocked-stripped+0x" in frame]) == 5
    assert len(frames) == len(frames_of(blocked("names").pid))


def test_deleted(blocked, tmp_path):
    """Its file is gone, and another has its name."""
    program = blocked("names")
    (tmp_path / "blocked-names").unlink()
    (tmp_path / "blocked-names").write_bytes(b"no program")
    assert names(frames_of(program.pid))[1:4] == ["read_reply", "fetch", "handle_request"]


def test_another_mount_namespace(blocked, tmp_path):
    """Its libraries are elsewhere in it, and its program is nowhere else."""
    program = blocked("names", "unshare", "-m", "--propagation", "private", "--")
    assert names(frames_of(program.pid))[1:4] == ["read_reply", "fetch", "handle_request"]


# What is stuck.

STUCK = """
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#define APART __attribute__((noinline))
static int connection;
APART long read_reply(void) { char bytes[4000];
	long got = recv(connection, bytes, sizeof(bytes), 0); /* 10 */
	return got + bytes[3]; }
APART long handle_request(void) { return read_reply() * 3; }
static void *idle(void *argument) { for (;;) pause(); return argument; }
int main(int count, char **words) {
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
	pthread_t thread;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connection = socket(AF_INET, SOCK_STREAM, 0);
	pthread_create(&thread, NULL, idle, NULL);
	if (count != 2 || connect(connection, (void *)&to, sizeof(to)) || write(connection, "GET", 3) != 3)
		return 1;
	return (int)handle_request(); }
"""


@pytest.fixture
def silent():
    """A server that reads requests, and answers none."""
    kept = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                kept.append(server.accept()[0])
                kept[-1].recv(10)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    for connection in [*kept, server]:
        connection.close()


@pytest.fixture
def stuck(tmp_path, silent):
    """Starts a program that waits for an answer, built with these options."""
    started = []

    def start(*options):
        (tmp_path / "stuck.c").write_text(STUCK)
        program = tmp_path / "stuck"
        subprocess.run(["gcc", *OPTIONS, *options, "-o", program, tmp_path / "stuck.c", "-pthread"], check=True)
        started.append(subprocess.Popen([program, str(silent)]))
        return started[-1].pid

    yield start
    for program in started:
        program.kill()
        program.wait()


def reader_of(pid, *options):
    def look():
        found = run.matching(run.once("readers", "-m", "200ms", "-p", pid, *options), type="reader", pid=pid)
        return found[0] if found else None

    return wait_until(look, 20, "a reader")


@pytest.mark.parametrize("options", [("-g",), (), ("-s",), ("-static",)], ids=["debug", "names", "stripped", "static"])
def test_code_that_is_stuck(stuck, options):
    reader = reader_of(stuck(*options))
    code = reader["code"]
    assert reader["why"].endswith(f"; in {code}") and "recv" in reader["user_stack"][0]
    if "-s" in options:
        assert code.startswith("stuck+0x")
    else:
        assert code == ("read_reply (stuck.c:10)" if "-g" in options else "read_reply")


def test_not_if_it_is_not_wanted(stuck):
    pid = stuck()
    assert reader_of(pid)["code"] == "read_reply"
    without = reader_of(pid, "--no-stacks")
    assert without["code"] is without["user_stack"] is None and "; in " not in without["why"]


def test_live_and_replayed(stuck, stream, tmp_path):
    """It stays the same from look to look, and is in a recording."""
    pid = stuck()
    file = tmp_path / "recording"
    live = stream("readers", "-j", "-i", "200ms", "-m", "200ms", "-p", pid, "--record", file)
    assert live.wait(20, type="reader", event="open", pid=pid)["code"] == "read_reply"
    live.stop()
    records = run.parse(run.sockstall("replay", file, "-j").stdout)
    assert run.matching(records, type="reader", pid=pid)[0]["code"] == "read_reply"


def test_of_threads_that_are_not_stuck(stuck):
    """`threads` names the code of an idle one, too, unless that is not wanted."""
    pid = stuck()
    reader_of(pid)
    threads = run.matching(run.once("threads", "--no-stacks", "-p", pid), type="thread", pid=pid)
    assert len(threads) == 2 and all(thread["code"] is None for thread in threads)
    for option in (), ("--stacks",):
        with_stacks = run.matching(run.once("threads", *option, "-p", pid), type="thread", pid=pid)
        assert {thread["code"] for thread in with_stacks} == {"read_reply", "idle"}


# The process that unwinds.


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def unwinder_of(live):
    def find():
        found = [
            worker
            for spawner in children(live.pid)
            if status(spawner)["Name"].strip() == "sockstall-codes"
            for worker in children(spawner)
        ]
        return found[0] if found else None

    return wait_until(find, 10, "who unwinds")


def test_it_has_no_rights(stream):
    live = stream("threads", "-j", "--stacks", "-i", "200ms", "-p", os.getpid())
    live.wait(10, type="thread")
    worker = unwinder_of(live)
    for which in ("CapPrm", "CapEff", "CapBnd"):
        assert not held(worker, which)
    assert int(status(worker)["NoNewPrivs"]) == 1 and int(status(worker)["Seccomp"]) == 2
    live.stop()


def test_it_is_killed(stream, blocked):
    """One line and one record; what frame pointers and module+offset tell is there."""
    program = blocked("names")
    live = stream("threads", "-j", "--stacks", "-i", "200ms", "-p", program.pid)
    assert "fetch " in " ".join(live.wait(10, type="thread")["user_stack"])
    os.kill(unwinder_of(live), signal.SIGKILL)
    live.wait(10, type="lost")

    def without():
        stacks = [record["user_stack"] or [] for record in live.records() if record["type"] == "thread"]
        return [" ".join(stack) for stack in stacks if stack and "fetch " not in " ".join(stack)]

    assert "+0x" in wait_until(without, 10, "a stack without names")[0]
    live.stop()
    assert live.errors.count(b"the process that unwinds stacks ended") == 1
