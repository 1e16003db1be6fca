# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Floods, in namespaces of their own. `make floods` makes them large (FLOOD=1000000 half-open connections).
"""

import json
import os
import subprocess
import time

import pytest

import run
from child import SLOW, STALLS, Child, Stall, wait_until
from scene import MIN_AGE, block, waiting_client
from zoo import Room, moment

# They fill the machine, and measure what is left of it: one of them at a time.
pytestmark = pytest.mark.xdist_group("floods")

FLOOD = int(os.environ.get("FLOOD", "4000"))
NETWORKS = 12
RUSH_SECONDS = 60 if FLOOD >= 1000000 else 2
BUDGET_SECONDS = 120 if FLOOD >= 100000 else 15
STUCK = ("accept_queue_full", "not_accepted", "peer_silent", "no_answer", "syn_flood", "dropping", "not_accepting")
MEGABYTE = 1 << 20


def counts():
    """From each network another number, the last the most: FLOOD in all, about."""
    weight = NETWORKS * (NETWORKS + 1) // 2
    return [max(10, FLOOD * (i + 1) // weight) for i in range(NETWORKS)]


@pytest.fixture
def flooded():
    """
    A listener with room for them, and a subnet whose owner says nothing: its cable is down, where what is sent is dropped
    without an error. (With one the kernel forgets a half-open connection whose SYN-ACK it cannot send again.)
    """
    room = Room()
    for key, value in (
        ("net.core.somaxconn", 2 * FLOOD),
        ("net.ipv4.tcp_max_syn_backlog", 4 * FLOOD),
        ("net.ipv4.tcp_syncookies", 0),
        ("net.ipv4.conf.all.rp_filter", 0),
        ("net.ipv4.tcp_synack_retries", 8),
    ):
        room.here.sysctl(key, value)
    silent = room.new_link()
    silent.cut()
    network = ".".join(silent.right4.split(".")[:2]) + ".0.0"
    room.here.ip("link", "set", silent.device, "arp", "off")
    room.here.ip("route", "add", f"{network}/16", "dev", silent.device)
    server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},5080,{2 * FLOOD}")
    server.said("listening")
    room.network, room.server = network, server
    yield room
    room.close()


def flood(room):
    stall = Stall(room.there, "syn_flood.py", room.link.device, room.link.left4, 5080, room.network, *counts())
    stall.said("sent", 300)
    return stall


def half_open(room):
    """As the kernel has them."""
    return int(room.here.run("sh", "-c", "ss -Htn state syn-recv | wc -l"))


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def test_a_syn_flood_is_one_finding(flooded, stream):
    live = stream("-j", "-i", "200ms", *MIN_AGE)
    began = time.time()
    flood(flooded)
    found = live.wait(60, type="listener", netns=flooded.here.inode, verdict="syn_flood")
    client = block(waiting_client(flooded, 5081, flooded.link.right4))
    reader = live.wait(20, type="reader", event="open", pid=client.pid)
    assert reader["age_s"] < 4 * SLOW, "a reader has to wait for the flood"
    memory = resident(live.pid)
    records = live.stop()
    assert not run.matching(records, type="handshake", netns=flooded.here.inode, side="server"), "not folded"
    assert len(run.matching(records, type="listener", netns=flooded.here.inode, event="open")) == 1
    print(f"told after {moment(found['time']) - began:.1f} s, resident {memory / MEGABYTE:.0f} MiB")
    assert found["half_open"] > 100 and found["pid"] == flooded.server.pid
    assert memory < 64 * MEGABYTE, memory
    lost = sum(record["count"] for record in run.matching(records, type="lost", where="sockets"))
    assert records[-1]["lost"] >= lost


def test_where_a_flood_comes_from(flooded):
    flood(flooded)

    def report():
        records = run.once("handshakes", *MIN_AGE, "--netns", flooded.here.inode)
        found = run.matching(records, type="listener", verdict="syn_flood")
        return (found[0], records) if found else None

    found, records = wait_until(report, 60, "the flood's finding")
    first, *_ = entries = found["top_sources"].split(", ")
    lost = run.matching(records, type="lost", where="sockets")
    by_network = {entry.split()[0]: int(entry.split()[1]) for entry in entries if " others " not in entry}
    assert list(by_network.values()) == sorted(by_network.values(), reverse=True)
    prefix = flooded.network.rsplit(".", 2)[0]
    assert set(by_network) <= {f"{prefix}.{third}.0/24" for third in range(NETWORKS)}, by_network
    if not lost:  # all that the kernel counts are told apart
        assert len(entries) == 11 and entries[-1].startswith("2 others "), entries
        assert first.startswith(f"{prefix}.{NETWORKS - 1}.0/24 "), entries
        told = sum(by_network.values()) + int(entries[-1].split()[-1])
        assert abs(told - found["half_open"]) <= max(50, FLOOD // 50), (told, found)


def cpu_seconds(pid):
    """User and system time: what BPF iterators take is in it, because they run in its own read()."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def spend(pid, seconds):
    """CPU seconds of a process in so many seconds, and the most of it in five of them."""
    samples, end = [cpu_seconds(pid)], time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(1)
        samples.append(cpu_seconds(pid))
    return samples[-1] - samples[0], max(after - before for before, after in zip(samples, samples[5:]))


def on_time(room, live):
    """A reader and a loop that stall now."""
    client = block(waiting_client(room, 5083, room.link.right4))
    reader = live.wait(20, type="reader", event="open", pid=client.pid)
    loop = Stall(room.here, "loop.py")
    loop.said("turned")
    time.sleep(2)  # as long as it takes to be known for a loop
    loop.tell("sleep=600")
    stalled = live.wait(20, type="loop", event="open", pid=loop.pid)
    print(f"told at an age of: reader {reader['age_s']:.1f} s, loop {stalled['age_s']:.1f} s")
    assert reader["age_s"] < 4 * SLOW and stalled["age_s"] < 4 * SLOW, (reader, stalled)


# Of one CPU, in the long run (src/base/budget.h). Beside it a run may have spent, once, that of ten seconds in advance, and
# what a look took that began just before the end; and clocks tick.
BUDGET, ADVANCE_S, TICKS_S = 0.05, 0.5, 0.05


@pytest.mark.parametrize("command, interval", [(("handshakes",), "100ms"), ((), "1s")])
def test_its_share_of_a_cpu_in_a_flood(flooded, stream, command, interval):
    """A flood that comes while it looks: its CPU time from then on. What is not in the flood is not late for it."""
    live = stream(*command, "-j", "-i", interval, *MIN_AGE)
    time.sleep(1)
    flood(flooded)
    assert half_open(flooded) >= 0.99 * sum(counts())
    live.wait(60, type="listener", netns=flooded.here.inode, verdict="syn_flood")
    began = time.monotonic()
    spent, most = spend(live.pid, BUDGET_SECONDS)
    seconds = time.monotonic() - began
    if not command:
        on_time(flooded, live)
    end = live.stop()[-1]
    print(f"{' '.join(command)}: {spent:.2f} s CPU in {seconds:.0f} s: {100 * spent / seconds:.1f} %, {end}")
    assert spent <= BUDGET * seconds + ADVANCE_S + TICKS_S + most, (spent, most, seconds, end)


def test_without_a_flood_there_is_no_finding(flooded):
    client = Stall(flooded.there, "endpoint.py", f"connect={flooded.link.left4},5080")
    client.said("connected")
    records = run.once("handshakes", "--netns", flooded.here.inode)
    assert not [r for r in run.matching(records, type="listener") if r["verdict"] == "syn_flood" or r["top_sources"]]


class Rush(Child):
    """rush.c: as many waits and short connections as there is time for."""

    def __init__(self, room, folder, waiters, connectors):
        program = str(folder / "rush")
        subprocess.run(["gcc", "-O2", "-pthread", "-o", program, os.path.join(STALLS, "rush.c")], check=True)
        super().__init__([*room.here.enter(), program, *map(str, (RUSH_SECONDS, waiters, connectors))], stderr=None)
        room.here.programs.append(self)

    def said(self, event, timeout=10):
        return self.wait_line(lambda line: json.loads(line)["event"] == event and json.loads(line), timeout)


def counted(records, tid):
    """The turns of a loop: each has a lag. The record that closes a stall has those of the look before."""
    loops = [one for one in run.matching(records, type="loop", tid=int(tid)) if one["event"] != "close"]
    return sum(sum(record["lag_histogram"] or ()) for record in loops)


@pytest.mark.parametrize("waiters, connectors", [(2, 2), (2, 0), (0, 2)], ids=["both", "waits", "connections"])
def test_a_rush_of_waits_and_connections(room, stream, tmp_path, waiters, connectors):
    """Up to 2,000,000 waits and 50,000 connections a second: each wait is counted, or said to be lost; none is a stall."""
    rush = Rush(room, tmp_path, waiters, connectors)
    rush.said("waiting")
    client = waiting_client(room, 5082, room.link.right4)
    # -m: on a busy machine its own threads may not accept for some tenths of a second.
    live = stream("-j", "-a", "-i", "500ms", "-m", "1s", "-p", f"{rush.process.pid},{client.pid}")
    rush.tell("go")
    block(client)
    reader = live.wait(20, type="reader", event="open", pid=client.pid, verdict="awaiting_reply")
    assert reader["age_s"] < 4 * SLOW, "a reader has to wait for the rush"
    over = rush.said("over", RUSH_SECONDS + 60)
    ended = time.time()
    if waiters:
        live.wait(20, type="loop", pid=rush.pid, now="waiting", waits_per_s=0)
    assert time.time() - ended < 20 * SLOW
    records = live.stop()
    rates = sum(over["waits"].values()) / over["seconds"], over["connections"] / over["seconds"]
    print(f"{rates[0]:,.0f} waits and {rates[1]:,.0f} connections a second for {over['seconds']:.0f} s")
    lost = run.matching(records, type="lost")
    for tid, waits in over["waits"].items():
        difference = abs(counted(records, tid) - waits)
        assert difference <= 2 or run.matching(lost, where="loops"), (tid, waits, difference, lost)
    assert not [record for record in records if record.get("verdict") in STUCK and record["netns"] == room.here.inode]
    assert records[-1]["lost"] >= sum(record["count"] for record in lost)
