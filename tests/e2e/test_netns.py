# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Network namespaces: all are seen, each for itself, and one may vanish at any time."""

import os
import subprocess
import tempfile
import time

import pytest

import run
from child import PYTHON, STALLS, Child, Stall, wait_until
from netns import Link, Namespace
from zoo import Room, in_syscall


def waiting_client(here, there, address, port):
    """A client in `here` that awaits a reply, and its peer."""
    peer = Stall(there, "endpoint.py", f"listen={address},{port},16", "accept")
    peer.said("listening")
    client = Stall(here, "endpoint.py", f"connect={address},{port}", "send=5", "block=recvfrom")
    client.said("blocking")
    in_syscall(client, "recvfrom")
    return client, peer


def half_open(room, port):
    room.there.drop("input", f"tcp sport {port}")
    server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},{port},16")
    server.said("listening")
    client = Stall(room.there, "endpoint.py", f"connect={room.link.left4},{port}")
    client.said("connecting")
    return server, client


@pytest.fixture(scope="module")
def twins():
    """Two rooms with the same addresses and ports, each with a reader and a handshake that are stuck."""
    rooms = [Room(), Room()]
    live = run.Stream("-j", "-i", "100ms", "-m", "200ms")
    for room in rooms:
        room.client, _ = waiting_client(room.here, room.there, room.link.right4, 5101)
        room.server, _ = half_open(room, 5102)
    yield rooms, live
    live.stop()
    for room in rooms:
        room.close()


def expected(room):
    return [
        {
            "type": "reader",
            "pid": room.client.pid,
            "netns": room.here.inode,
            "peer_addr": room.link.right4,
            "peer_port": 5101,
            "verdict": "awaiting_reply",
        },
        {
            "type": "handshake",
            "pid": room.server.pid,
            "netns": room.here.inode,
            "local_addr": room.link.left4,
            "local_port": 5102,
            "verdict": "peer_silent",
        },
    ]


def test_same_addresses_live(twins):
    rooms, live = twins
    ids = {live.wait(10, event="open", **wanted)["id"] for room in rooms for wanted in expected(room)}
    assert len(ids) == 4


def test_same_addresses_once(twins):
    rooms, live = twins
    for room in rooms:
        for wanted in expected(room):
            live.wait(10, **wanted)  # old enough by now
    records = run.once("-m", "200ms")
    for room in rooms:
        for wanted in expected(room):
            run.only(records, **wanted)


def test_nameless_namespace(stream):
    """A container's namespace has no name in /run/netns."""
    live = stream("-j", "-i", "100ms", "-m", "200ms")
    program = os.path.join(STALLS, "endpoint.py")
    child = Child(
        [
            "unshare",
            "-n",
            "sh",
            "-c",
            f"ip link set lo up && exec {PYTHON} -u {program} " "listen=127.0.0.1,5103,4 connect=127.0.0.1,5103",
        ]
    )
    child.wait_line(lambda line: b'"connected"' in line, 10)
    inode = os.stat(f"/proc/{child.pid}/ns/net").st_ino
    who = {"type": "handshake", "netns": inode, "local_port": 5103, "side": "server"}
    opened = live.wait(10, event="open", **who)
    assert opened["verdict"] == "not_accepted" and opened["pid"] == child.pid
    run.only(run.once("-m", "200ms"), **who)
    child.end()
    live.wait(5, event="close", id=opened["id"])


def test_namespace_made_later(stream):
    live = stream("-j", "-i", "100ms", "-m", "200ms")
    room = Room()
    try:
        half_open(room, 5104)
        live.wait(10, event="open", netns=room.here.inode, local_port=5104)
    finally:
        room.close()
    live.stop()


def test_namespace_vanishes(stream):
    """What was open in it is closed; the run goes on with the others."""
    gone, stays = Room(), Room()
    try:
        live = stream("-j", "-i", "100ms", "-m", "200ms")
        stuck = half_open(gone, 5105)
        opened = live.wait(10, event="open", netns=gone.here.inode, local_port=5105)
        gone.close()
        for child in stuck:
            child.end()
        live.wait(10, event="close", id=opened["id"])
        half_open(stays, 5106)
        live.wait(10, event="open", netns=stays.here.inode, local_port=5106)
        live.stop()
    finally:
        gone.close()
        stays.close()


def test_many_come_and_go(stream):
    """Namespaces that appear and vanish between and during looks disturb nothing."""
    live = stream("-j", "-i", "50ms", "-m", "200ms")
    for _ in range(20):
        Namespace().delete()
    room = Room()
    try:
        half_open(room, 5107)
        live.wait(10, event="open", netns=room.here.inode, local_port=5107)
    finally:
        room.close()
    live.stop()


def test_socket_of_another_namespace():
    """A socket belongs to the namespace it was made in, wherever its process went since."""
    first, second = Namespace(shared=True), Namespace()
    link = Link(first, second)
    try:
        peer = Stall(second, "endpoint.py", f"listen={link.right4},5108,16", "accept")
        peer.said("listening")
        client = Stall(
            first, "endpoint.py", f"connect={link.right4},5108", "send=5", f"enter={second.name}", "block=recvfrom"
        )
        client.said("blocking")
        in_syscall(client, "recvfrom")
        record = run.only(run.once("readers", "-m", "0"), pid=client.pid)
        assert record["netns"] == first.inode
        assert record["verdict"] == "awaiting_reply"
    finally:
        first.delete()
        second.delete()


def test_a_namespace_that_is_not_there():
    """A slip of the hand, or one that has gone: that nothing is stuck in it is no news."""
    gone = Namespace()
    inode = gone.inode
    there = run.sockstall("-1", "--netns", inode)
    assert there.returncode == 0 and not there.stderr
    gone.delete()

    def look():
        done = run.sockstall("-1", "--netns", inode)
        assert done.returncode == 0
        return done.stderr.decode()

    # Whoever looks into it beside this test keeps it a while longer.
    said = wait_until(look, 20, "the namespace to go")
    assert said == f"sockstall: there is no network namespace {inode} now (lsns -t net lists them)\n"


def test_a_file_that_is_no_namespace():
    """`ip netns add` makes it before the namespace is there, and leaves it where it fails between the two."""
    with tempfile.NamedTemporaryFile(dir="/run/netns", prefix="sst-"):
        assert not run.matching(run.once(), type="lost", where="network namespaces")


def test_by_name(room):
    """Live, by a selector of `end`, and in a recording, where the name may be of the past."""
    peer = Stall(room.there, "endpoint.py", f"listen={room.link.right4},5109,16", "accept")
    peer.said("listening")
    client = Stall(room.here, "endpoint.py", f"connect={room.link.right4},5109", "send=5", "block=recvfrom")
    words = client.said("blocking")
    in_syscall(client, "recvfrom")
    for name, found in (room.here.name, 1), (room.there.name, 0):
        assert len(run.findings(run.once("readers", "-m", "0", "--netns", name), pid=client.pid)) == found
    pair = (f"local={room.link.left4}:{words['port']}", f"peer={room.link.right4}:5109")
    for who in pair, (f"pid={client.pid}", f"fd={words['fd']}"):
        assert run.sockstall("end", *who, f"netns={room.here.name}").returncode == 0
        elsewhere = run.sockstall("end", *who, f"netns={room.there.name}")
        assert elsewhere.returncode == 1 and b"there is no such connection" in elsewhere.stderr


def test_by_name_in_a_recording(room, tmp_path):
    peer = Stall(room.there, "endpoint.py", f"listen={room.link.right4},5110,16", "accept")
    peer.said("listening")
    client = Stall(room.here, "endpoint.py", f"connect={room.link.right4},5110", "send=5", "block=recvfrom")
    client.said("blocking")
    in_syscall(client, "recvfrom")
    run.once("readers", "-m", "0", "--record", tmp_path / "recording")
    for name, found in (room.here.name, 1), (room.there.name, 0), ("nobody", 0):
        replayed = run.sockstall("replay", tmp_path / "recording", "-j", "--netns", name)
        assert replayed.returncode == 0
        # A name that nothing in the recording has may be a slip of the hand.
        assert not replayed.stderr or (not found and b": no process in it fits the filters" in replayed.stderr)
        assert len(run.findings(run.parse(replayed.stdout), pid=client.pid)) == found


def test_a_name_that_is_not_there():
    done = run.sockstall("-1", "--netns", "sst-nobody")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == b"sockstall: --netns: there is no network namespace named sst-nobody (ip netns lists them)\n"
    done = run.sockstall("end", "local=192.0.2.1:1", "peer=192.0.2.2:2", "netns=sst-nobody")
    assert done.returncode == 1 and done.stderr.endswith(b"named sst-nobody (ip netns lists them)\n")


MANY = 300
BUDGET = 0.05  # of one CPU: src/base/budget.h


def cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def after_the_first_look(pid):
    """Its CPU time when that look is over: on a busy machine it takes seconds, and then there is a pause that pays for it."""
    spent = [0.0]

    def has_paused():
        time.sleep(0.5)
        spent.append(cpu_seconds(pid))
        return spent[-1] > 0.1 and spent[-1] - spent[-2] < 0.02

    wait_until(has_paused, 30, "the end of the first look")
    return spent[-1]


def test_many_namespaces_take_no_more_than_the_budget(tmp_path, stream):
    """
    Looks at 300 of them, ten times a second, from the start on. To begin, and a first look in which each is new, may take long; what
    comes after it pays for that, and quiet namespaces are no reason to look less often for long.
    """
    program = tmp_path / "net_load"
    source = os.path.join(run.ROOT, "tests", "bench", "net_load.c")
    if not os.path.exists(source):
        pytest.skip("the machines of tests/kernels have no tests/bench")
    subprocess.run(["gcc", "-O1", "-D_GNU_SOURCE", "-o", program, source], check=True)
    many = Child([program, "namespaces", str(MANY)])
    try:
        many.wait_line(lambda line: b"ready" in line, 60)
        started = time.monotonic()
        live = stream("-j", "-i", "100ms")
        first = after_the_first_look(live.pid)
        before_s = time.monotonic() - started
        time.sleep(14)
        seconds, spent = time.monotonic() - started, cpu_seconds(live.pid)
        looks = live.stop()[-1]["looks"]
    finally:
        many.end()
    print(
        f"{first:.2f} s CPU in the first {before_s:.0f} s, {spent:.2f} s in {seconds:.0f} s: {100 * spent / seconds:.1f} %, {looks} looks"
    )
    last = spent / looks  # is paid for afterwards
    assert spent <= max(BUDGET * seconds, first + 0.9 * BUDGET * (seconds - before_s)) + last, (first, spent, looks)
    # How many looks that makes depends on the machine: on a slow one they are few, where they have used what there is.
    assert looks >= 5 or (looks >= 2 and spent >= 0.7 * BUDGET * seconds), (first, spent, looks)
