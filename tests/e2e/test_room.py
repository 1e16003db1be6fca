# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
The maps that tell a scan what to look for have room for so many entries. What finds none is counted, under the name of
what is not seen for it. Small maps are as full as large ones, with less in them (SHIM_ROOM in shim.c).
"""

import json
import os
import re
import resource
import subprocess

import pytest

import run
import shim
from child import PATIENCE, PYTHON, SLOW, Child, Stall, wait_until
from scene import waiting_client

FLOOD = int(os.environ.get("FLOOD", "0"))
SOCKETS = 16384  # of wanted_sockets
PORT = 5090


class Inside:
    """A network namespace of the test's, entered from within a process namespace."""

    def __init__(self, netns, enter):
        self.netns, self.programs, self._enter = netns, netns.programs, enter

    def enter(self):
        return self._enter + self.netns.enter()


class Apart:
    """A room whose programs have a process namespace to themselves: a look from inside sees no others."""

    def __init__(self, room):
        self.holder = Child(
            ["unshare", "-p", "-f", "--mount-proc", "--kill-child", "sh", "-c", "echo; exec sleep 1000"]
        )
        self.holder.wait_line(bool, 10)
        with open(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children", encoding="ascii") as file:
            self.before = ["nsenter", "-t", file.read().split()[0], "-p", "-m", "--"]
        self.here, self.there, self.link = Inside(room.here, self.before), Inside(room.there, self.before), room.link


@pytest.fixture
def apart(room):
    apart = Apart(room)
    yield apart
    apart.holder.end()


def lost(arguments, room=None, before=()):
    """What was lost, by name: with so much room in a map ("map=number"), or with what there is."""
    apart = ["--no-fold"] if arguments[0] == "threads" else []
    done = run.sockstall(
        *arguments, *apart, "-1", "-j", before=before, env=shim.environment(ROOM=room) if room else None
    )
    assert done.returncode == 0, done.stderr
    records = run.parse(done.stdout)
    found = {record["where"]: record["count"] for record in run.matching(records, type="lost")}
    assert records[-1]["lost"] == sum(found.values())
    return found, records


# Of sockets it is exact: `closing` asks for the owners of this namespace's only.


def leak(netns, count):
    stall = Stall(netns, "leak.py", "127.0.0.1", PORT, count)
    stall.said("leaking", 60)
    return stall


def test_sockets_without_room(room):
    count = 9
    stall = leak(room.here, count)
    arguments = ["closing", "-a", "--netns", room.here.inode]
    for space in count - 4, count - 1:
        found, records = lost(arguments, f"wanted_sockets={space}")
        assert found == {"owners": count - space}, found
        shown = run.findings(records, type="closing", local_port=PORT)
        with_owner = run.matching(shown, pid=stall.pid)
        assert sum(record["connections"] for record in with_owner) == space, shown
        assert sum(record["connections"] for record in shown) == count, "they are shown all the same"
    for space in f"wanted_sockets={count}", None:
        found, records = lost(arguments, space)
        assert not found, found


@pytest.mark.skipif(FLOOD < 100000, reason="make floods")
@pytest.mark.parametrize("count", [SOCKETS, SOCKETS + 100])
def test_more_sockets_than_the_map_takes(room, count):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < count + 100:
        pytest.skip("one process may not have so many descriptors here")
    leak(room.here, count)
    done = run.sockstall("closing", "-a", "-1", "-j", "--netns", room.here.inode)
    # To hold each record against the schema would take minutes.
    records = [json.loads(line) for line in done.stdout.splitlines() if b'"type":"lost"' in line]
    found = {record["where"]: record["count"] for record in records}
    assert done.stdout.count(b'"verdict":') == 2 * count, "both ends are shown all the same"
    assert found == ({"owners": count - SOCKETS} if count > SOCKETS else {}), found


def test_queued_connections_without_room(room):
    """Of listeners that share a port the queue tells whose a connection is: where it cannot be noted, that is told."""
    server = Stall(room.here, "sharing.py", "reuseport", room.link.left4, PORT)
    child = server.said("listening")["child"]
    clients = Stall(room.there, "endpoint.py", *[f"connect={room.link.left4},{PORT}"] * 12)
    for _ in range(12):
        clients.said("connected")
    arguments = ["handshakes", "-a", "--netns", room.here.inode]

    def look(room_for=None):
        found, records = lost(arguments, room_for and f"queued_sockets={room_for}")
        return found, run.matching(records, local_port=PORT, verdict="not_accepted")

    wait_until(lambda: look()[1] and all(record["age_s"] > 1 for record in look()[1]), 10, "what nobody accepts")
    found, shown = look()
    count = len(shown)
    assert 1 < count < 12 and not found, "all on one side, which is one in 2048"
    assert {record["pid"] for record in shown} == {child}
    found, shown = look(1)
    assert found == {"owners": count - 1} and len(shown) == count, "they are shown all the same"
    found, _ = look(count)
    assert not found, found


@pytest.mark.parametrize("space, callers", [(1, 1), (16, 3)])
def test_connects_without_room(room, stream, space, callers):
    """Which thread called connect, where that does not wait, is not known of what found no room; the process is, by its file."""
    room.there.drop("input", f"tcp dport {PORT}")
    live = stream(
        "handshakes",
        "-j",
        "-i",
        "100ms",
        "-m",
        "100ms",
        "--netns",
        room.here.inode,
        env=shim.environment(ROOM=f"connectors={space}"),
    )
    client = Stall(room.here, "endpoint.py", *[f"connect_later={room.link.right4},{PORT}"] * 3)

    def shown():
        return run.matching(live.records(), event="open", pid=client.pid, verdict="no_answer")

    wait_until(lambda: len(shown()) == 3, 10, "all of the connects")
    assert sorted(record["tid"] or 0 for record in shown()) == [0] * (3 - callers) + [client.pid] * callers
    lost_ones = run.matching(live.stop(), type="lost")
    assert bool(lost_ones) == (callers < 3) and {record["where"] for record in lost_ones} <= {"events"}, lost_ones


THREADS = (
    "import threading, time; [threading.Thread(target=time.sleep, args=(600,)).start() for _ in range(%d)]; "
    "print('there', flush=True); time.sleep(600)"
)


@pytest.mark.parametrize("count, left_out", [(255, 0), (275, 20)])  # and the first thread
def test_stacks_beyond_those_of_one_look(count, left_out):
    child = Child([PYTHON, "-c", THREADS % count])
    try:
        child.wait_line(bool, 10)
        found, records = lost(["threads", "--stacks", "-p", child.pid])
    finally:
        child.end()
    threads = run.matching(records, type="thread", pid=child.pid)
    assert len(threads) == count + 1 and set(found) <= {"notes"}
    assert sum(not thread["user_stack"] for thread in threads) >= left_out
    # On a busy machine time ends before room does: those have what frame pointers give.
    assert left_out <= found.get("notes", 0) <= count + 1


READERS = (
    "import os, threading, time; fd = os.openpty()[1]; "
    "[threading.Thread(target=os.read, args=(fd, 1)).start() for _ in range(%d)]; print('there', flush=True); time.sleep(600)"
)


def test_paths_beyond_those_of_one_look(stream):
    """One look reads 64 paths. What a thread is in stays known, so the others have their turn, and none is lost."""
    count = 150
    child = Child([PYTHON, "-c", READERS % count])

    def with_path(records):
        looks = {}
        for record in run.matching(records, type="thread", pid=child.pid):
            looks.setdefault(record["time"], []).append("/dev/pts/" in (record["now_in"] or ""))
        return [sum(paths) for paths in looks.values()]

    try:
        child.wait_line(bool, 10)
        wait_until(
            lambda: with_path(lost(["threads", "-p", child.pid])[1]) == [count], 10, "all of them, in the only look"
        )
        live = stream("threads", "-j", "-i", "200ms", "--no-stacks", "-p", child.pid)
        wait_until(lambda: count in with_path(live.records()), 20, "all of them, after some looks")
        records = live.stop()
    finally:
        child.end()
    assert with_path(records)[0] == 64, with_path(records)
    assert not run.matching(records, type="lost", where="notes")


def test_the_title_names_what_this_look_lost(tmux):
    """Stacks that have no room are missing at each look: the number stays what it is, and does not add up."""
    child = Child([PYTHON, "-c", THREADS % 275])
    try:
        child.wait_line(bool, 10)
        screen = tmux("threads", "--stacks", "-p", str(child.pid), "-i", "200ms")
        first = screen.wait("lost this look: ")
        for _ in range(5):  # more than has no room is missing where a busy machine has no time
            wait_until(lambda: screen.screen().splitlines()[0] != first.splitlines()[0], 10, "another look")
            first = screen.wait("276 shown")
            missing = re.search(r"lost this look: (\d+) notes", first)
            assert missing and 20 <= int(missing[1]) <= 276
        screen.keys("?")
        help_text = screen.wait("lost this look: what this look left out")
        assert "notes: a path, a child, a stack or a connect" in help_text and "any key: back" in help_text
        screen.keys("q", "q")
        screen.check_restored()
    finally:
        child.end()


def test_threads_that_have_nothing_to_tell_are_not_lost(tmux):
    """The page of chains looks at all threads. Of most there is no path to read: then none is missing."""
    child = Child([PYTHON, "-c", THREADS % 275])
    try:
        child.wait_line(bool, 10)
        screen = tmux("-i", "200ms")
        screen.keys("7")
        screen.wait("7 chains")
        seen = set()

        def titles():
            seen.add("\n".join(screen.screen().splitlines()[:2]))
            return len(seen) > 3

        wait_until(titles, 20, "some looks")
        assert not any("notes" in title for title in seen), seen
        screen.keys("q")
        screen.check_restored()
    finally:
        child.end()


# The others are of the whole machine, as a look from inside sees it.


def readers(room):
    """Three ends of connections that are waited for."""
    for number in range(3):
        client = waiting_client(room, PORT + number, room.link.right4)
        client.tell("block=recvfrom")
        client.said("blocking")


def pipes(room):
    for _ in range(3):
        Stall(room.here, "pipes.py", "idle").said("blocking")


def unfetched(room):
    for _ in range(3):
        Stall(room.here, "unfetched.py").said("sleeping")


def namespaces(room):
    for netns in room.here, room.there:
        Stall(netns, "unfetched.py").said("sleeping")


@pytest.mark.parametrize(
    "build, command, name, where, few, count",
    [
        (readers, "chains", "wanted_peers", "owners", 1, 2),
        (pipes, "chains", "wanted_pipes", "owners", 1, 2),
        (unfetched, "epoll", "suspects", "threads", 1, 2),
        (
            namespaces,
            "readers",
            "namespaces",
            "network namespaces",
            2,
            1,
        ),  # how many it has turned away it does not tell
    ],
)
def test_a_full_map_is_told(apart, build, command, name, where, few, count):
    build(apart)
    wait_until(
        lambda: lost([command], f"{name}={few}", apart.before)[0] == {where: count}, 10, f"what {name} has no room for"
    )
    for space in f"{name}=4", None:
        found, _ = lost([command], space, apart.before)
        assert not found, (space, found)


LOOPS = (
    "import select, threading; "
    "[threading.Thread(target=select.epoll().poll).start() for _ in range(%d)]; print('there', flush=True)"
)


@pytest.mark.parametrize("count, left_out", [(1000, 0), (1034, 10)])
def test_loops_beyond_those_that_are_kept_in_mind(apart, count, left_out):
    """What sleeping loops watch is looked at: of those that there is no room for it is told, once."""
    child = Child([*apart.before, PYTHON, "-c", LOOPS % count])
    try:
        child.wait_line(bool, 30)
        arguments = [*apart.before, run.SOCKSTALL, "epoll", "-j", "-i", "500ms", "-d", f"{6 * SLOW}s"]
        output = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, timeout=30 * PATIENCE).stdout
    finally:
        apart.holder.end()  # with all that is in there
        child.end()
    told = [record["count"] for record in run.matching(run.parse(output), type="lost", where="watches")]
    assert sum(told) == left_out, told
