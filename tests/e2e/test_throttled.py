# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Loops that are late because of the CPU quota of their cgroup."""

import pytest

import cgroups
import run
from child import Stall, wait_until


@pytest.fixture
def limited(room):
    """Start a loop that works for 3 ms a hundred times a second, in a group with this quota of each 100 ms."""
    mount = cgroups.quota()
    if not mount:
        pytest.skip("no cgroup hierarchy here gives CPU quotas")
    groups = []

    def start(quota_us):
        groups.append(cgroups.Quota(mount))
        groups[-1].limit(quota_us)
        stall = Stall(room.here, "works.py", 3)
        groups[-1].add(stall.pid)
        stall.said("works")
        return stall

    yield start
    for group in groups:
        group.delete()


def test_a_quota_keeps_it_from_running(limited, stream):
    """The twin has a quota, too, which it does not use up; so whatever else it waits for is the machine."""
    twin, stall = limited(1000000), limited(5000)
    live = stream("loops", "-j", "--all", "-p", stall.pid, "-p", twin.pid)
    opened = live.wait(30, event="open", pid=stall.pid, verdict="throttled")
    assert "cpu.max 5 ms of each 100 ms" in opened["why"] and opened["severity"] >= 50
    assert "cpu.max" in opened["advice"]
    live.wait(30, pid=twin.pid, type="loop")
    told = live.records()
    assert not run.findings(told, pid=twin.pid, verdict="throttled")
    shown = [record for record in run.findings(told, pid=twin.pid) if record["waits_per_s"]]
    assert shown and all(record["lag_throttled_s"] == 0 for record in shown if record["lag_throttled_s"] is not None)
    for record in run.findings(told, pid=stall.pid):
        if record["lag_throttled_s"] is not None:
            assert record["lag_throttled_s"] <= record["lag_runqueue_s"]


def test_one_look(limited):
    """It takes a second one, as what a quota has taken so far is no news; the twin's takes nothing."""
    twin, stall = limited(1000000), limited(5000)
    told = wait_until(
        lambda: [
            record
            for record in run.findings(run.once("loops", "--all", "-p", stall.pid, "-p", twin.pid))
            if record["pid"] == stall.pid and record["verdict"] == "throttled"
        ],
        20,
        "a loop that is kept from running",
    )
    assert "cpu.max 5 ms of each 100 ms" in told[0]["why"]
    assert not run.findings(run.once("-p", twin.pid), verdict="throttled")


def test_without_a_quota(room, stream):
    stall = Stall(room.here, "works.py", 3)
    stall.said("works")
    live = stream("loops", "-j", "--all", "-p", stall.pid)
    for _ in range(3):
        record = live.wait(30, pid=stall.pid, type="loop")
    assert record["lag_throttled_s"] is None and record["verdict"] == "ok"
