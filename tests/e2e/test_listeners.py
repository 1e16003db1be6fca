# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Listeners under more than they can take, and what is advised: the setting that binds, a command that works."""

import subprocess

import pytest

import run
from child import Stall, wait_until
from scene import block, waiting_client

OPTIONS = ["handshakes", "-m", "300ms"]


def listening(room, port, *steps, backlog=16):
    server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},{port},{backlog}", *steps)
    server.said("listening")
    return server


def listener(records, room, port):
    found = run.findings(records, type="listener", netns=room.here.inode, local_port=port)
    return found[0] if found else None


# Connections get through, but not as fast as they come.


def test_dropping(room, stream):
    """
    The accept queue is full at every look, and each connection in it is young: an application that accepts, but too
    slowly. Beside it one that keeps up with fewer.
    """
    live = stream("handshakes", "-j", "-i", "500ms", "-m", "2s")
    server = listening(room, 8101, "accept_every=0.3", backlog=3)  # so none waits for longer than 1.2 s
    listening(room, 8102, "accept_every=0.001", backlog=511)
    hammer = Stall(room.there, "endpoint.py", f"hammer={room.link.left4},8101")
    hammer.said("hammering")
    Stall(room.there, "endpoint.py", *[f"connect={room.link.left4},8102"] * 200)
    record = live.wait(60, type="listener", verdict="dropping", netns=room.here.inode, local_port=8101)
    assert record["pid"] == server.pid and record["drops"] > 0 and record["drops_per_s"] > 0
    assert record["age_s"] >= 2 and "drops a second" in record["why"]
    assert "raise the backlog of its listen call (now 3)" in record["advice"]
    hammer.end()
    live.wait(10, event="close", type="listener", id=record["id"])
    assert not run.findings(live.stop(), netns=room.here.inode, local_port=8102)


def flood(room, port, count):
    """Half-open connections whose clients stay silent, each with a port of its own."""
    room.there.drop("input", f"tcp sport {port}")
    many = Stall(room.there, "endpoint.py", *[f"connect_later={room.link.left4},{port}"] * count)
    for _ in range(count):
        many.said("connecting")


def test_flood_is_one_finding(room):
    """More than a hundred stuck handshakes of one verdict are their listener's; a few are themselves."""
    server = listening(room, 8103, backlog=500)
    listening(room, 8104, backlog=500)
    flood(room, 8104, 3)
    flood(room, 8103, 150)

    def flooded():
        records = run.once(*OPTIONS)
        found = listener(records, room, 8103)
        few = run.findings(records, netns=room.here.inode, local_port=8104)
        return found and found["verdict"] == "syn_flood" and len(few) == 3 and (records, few)

    records, few = wait_until(flooded, 15, "a flood, and three")
    found = run.only(records, netns=room.here.inode, local_port=8103)
    assert found["pid"] == server.pid and found["half_open"] == found["syn_queue"] == 150
    assert found["oldest_half_open_s"] >= 0.3 and found["age_s"] >= 0.3
    assert [record["verdict"] for record in few] == ["peer_silent"] * 3


# Advice.


@pytest.mark.parametrize(
    "backlog, somaxconn, advised",
    [(16, 2, "net.core.somaxconn (now 2)"), (2, 16, "the backlog of its listen call (now 2)")],
)
def test_which_limit_binds(room, backlog, somaxconn, advised):
    """The smaller of the two is the queue's limit, and the one to raise."""
    room.here.sysctl("net.core.somaxconn", somaxconn)
    listening(room, 8105, backlog=backlog)
    clients = Stall(room.there, "endpoint.py", *[f"connect={room.link.left4},8105"] * 3)
    for _ in range(3):
        clients.said("connected")
    found = wait_until(lambda: listener(run.once(*OPTIONS), room, 8105), 10, "a full queue")
    assert found["verdict"] == "accept_queue_full" and found["accept_queue_max"] == 2
    assert found["somaxconn"] == somaxconn
    assert f"raise {advised}" in found["advice"], found["advice"]


@pytest.mark.parametrize("address", ["inet", "inet6", "mapped"])
def test_the_line_that_ends_it(room, address):
    """`sockstall end` as it is advised, with --yes, ends this connection and no other."""
    mapped = f"::ffff:{room.link.right4}"
    to = {"inet": room.link.right4, "inet6": room.link.right6, "mapped": mapped}[address]
    stuck, other = (block(waiting_client(room, port, to)) for port in (5201, 5202))
    record = run.only(run.once("readers", "-m", "0", "-p", stuck.pid), pid=stuck.pid)
    line = record["advice"].rpartition("to end the connection now: ")[2].partition(", or ")[0]
    assert line.startswith("sockstall end "), record["advice"]
    line = line.replace("sockstall", run.SOCKSTALL, 1)
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and f"(pid {stuck.pid}, descriptor {record['fd']})" in done.stdout, done
    assert not [words for words in stuck.lines if b"returned" in words]
    done = subprocess.run(f"{line} --yes", shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert stuck.said("returned")["error"] == "ECONNABORTED"
    assert run.only(run.once("readers", "-m", "0", "-p", other.pid), pid=other.pid)["verdict"] == "awaiting_reply"


def end_with_ss(record, tid):
    """The other line that is advised, for where sockstall itself is not to do it."""
    line = record["advice"].rpartition(", or ")[2]
    assert line.startswith(f"nsenter -t {tid} -n ss -K "), record["advice"]
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and str(record["local_port"]) in done.stdout, done


@pytest.mark.parametrize("address", ["inet", "inet6", "mapped"])
def test_the_line_of_ss(room, address):
    """It ends this connection and no other."""
    mapped = f"::ffff:{room.link.right4}"
    to = {"inet": room.link.right4, "inet6": room.link.right6, "mapped": mapped}[address]
    stuck, other = (block(waiting_client(room, port, to)) for port in (5203, 5204))
    end_with_ss(run.only(run.once("readers", "-m", "0", "-p", stuck.pid), pid=stuck.pid), stuck.pid)
    assert stuck.said("returned")["error"] == "ECONNABORTED"
    assert run.only(run.once("readers", "-m", "0", "-p", other.pid), pid=other.pid)["verdict"] == "awaiting_reply"


def test_the_line_where_the_first_thread_has_exited(room):
    """Such a process has no network namespace to enter, but its threads have."""
    peer = Stall(room.there, "endpoint.py", f"listen={room.link.right4},5205,16", "accept")
    peer.said("listening")
    stuck = Stall(room.here, "leaderless_reader.py", room.link.right4, 5205)
    tid = stuck.said("blocking")["tid"]
    record = wait_until(lambda: run.findings(run.once("readers", "-m", "100ms", "-p", stuck.pid)), 5, "the reader")[0]
    assert (record["pid"], record["tid"], record["verdict"]) == (stuck.pid, tid, "awaiting_reply")
    end_with_ss(record, tid)
    assert stuck.said("returned")["error"] == "ECONNABORTED"
