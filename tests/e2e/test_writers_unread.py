# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Writers of unix sockets and pipes: who does not read what they write, and readers that are only slow or at work."""


import pytest

import run
from child import Stall, stop_process, wait_until
from zoo import Room

WRITERS = ("writers", "-m", "300ms")
# Longer than a pipe's reader is given.
LONG_S = 6

KINDS = {"pipe": ("pipe", "write"), "stream": ("unix", "sendto"), "datagram": ("unix", "sendto")}
HEALTHY = [(kind, "slow") for kind in KINDS] + [("pipe", how) for how in ("computes", "waits", "terminal")]


def fill(room, kind, how):
    stall = Stall(room.here, "fills.py", kind, how)
    return stall, stall.said("blocking")


def is_told(record, stall, words, kind):
    """All that is said of a writer whose reader takes nothing."""
    assert (record["kind"], record["syscall"]) == KINDS[kind]
    assert (record["fd"], record["tid"]) == (words["fd"], stall.pid)
    assert (record["peer_pid"], record["peer_comm"]) == (words["reader"], "reader")
    assert f"reader (pid {words['reader']})" in record["why"] and "does not read" in record["why"]
    assert f"sockstall threads -p {words['reader']}" in record["advice"]
    assert record["waiter"] == "thread" and record["severity"] >= 40


@pytest.fixture(scope="module", name="healthy")
def twins():
    """All that are only slow, or at work: where nothing at all is taken, they have slept for long."""
    room = Room()
    stalls = [(kind, how, *fill(room, kind, how)) for kind, how in HEALTHY]
    asleep = {stall.pid for _, how, stall, _ in stalls if how != "slow"}

    def old():
        records = run.findings(run.once(*WRITERS, "-a"))
        return asleep <= {record["pid"] for record in records if record["age_s"] > LONG_S}

    wait_until(old, 60, "twins that have slept for long")
    yield stalls
    for _, _, stall, _ in stalls:
        stall.end()
    room.close()


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_reads(room, stream, healthy, kind):
    """Live, and started after it began; beside twins of which nothing is said."""
    live = stream(*WRITERS, "-j")
    stall, words = fill(room, kind, "sleeps")
    is_told(live.wait(event="open", pid=stall.pid, verdict="not_read"), stall, words, kind)
    before = run.once(*WRITERS)
    record = run.only(before, pid=stall.pid, verdict="not_read")
    is_told(record, stall, words, kind)
    told = before + live.records()
    for _, how, twin, _ in healthy:
        assert not run.findings(told, pid=twin.pid), how
    stall.end()
    live.wait(event="close", pid=stall.pid)


@pytest.mark.parametrize("how", ["computes", "terminal"])
def test_at_work(healthy, how):
    """It waits for long, and why that is normal stands there."""
    stall = next(one[2] for one in healthy if one[1] == how)
    record = run.only(run.once(*WRITERS, "-a"), pid=stall.pid)
    assert record["verdict"] == "waiting" and record["severity"] == 0
    assert ("is at work" if how == "computes" else "has a terminal") in record["why"]


def test_a_datagram_to_whom_it_names(room):
    """The socket is not connected: who should read is not known, but that nobody does."""
    stall, words = fill(room, "unconnected", "sleeps")
    record = wait_until(lambda: run.findings(run.once(*WRITERS), pid=stall.pid), 30, "the writer")[0]
    assert record["verdict"] == "not_read" and record["peer_pid"] is None and record["fd"] == words["fd"]


def test_the_overview_and_chains_have_it(room):
    """A chain of its own: to who does not read."""
    stall, words = fill(room, "datagram", "sleeps")
    wait_until(lambda: run.findings(run.once("-m", "300ms"), pid=stall.pid, verdict="not_read"), 30, "the writer")
    record = run.only(run.once("chains", "-m", "300ms", "-p", stall.pid), type="chain")
    assert [link["pid"] for link in record["links"]] == [stall.pid, words["reader"]]
    assert record["verdict"] == "blocked" and record["links"][0]["verdict"] == "not_read"
    stop_process(words["reader"])
    record = wait_until(
        lambda: run.findings(run.once("chains", "-p", stall.pid), type="chain", verdict="stopped"),
        30,
        "a stopped reader",
    )[0]
    assert record["pid"] == words["reader"]
