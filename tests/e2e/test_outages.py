# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The first screen alone, as one sees it at three in the morning on 80x24: its first lines name who is to blame, and why."""

import re

import pytest

import outages
import run
from child import wait_until

# Verdicts of the cause, and what its first lines say beside the process. Any of these verdicts is right.
CASES = {
    "full_queue": (outages.FullQueue, {"accept_queue_full"}, r"the accept queue is full \(5, limit 4\)", 17),
    "pool": (outages.Pool, {"blocked", "not_answering"}, r"clock_nanosleep|", 10),
    "stopped": (outages.Stopped, {"stopped", "not_answering"}, r"stopped by a signal", 30),
    "deadlock": (outages.Deadlock, {"deadlock"}, r"none of them can continue", 10),
    "dead_peer": (outages.DeadPeer, {"peer_dead", "remote", "not_answering"}, r"10\.\d+\.\d+\.\d+:7902", 30),
}
FIRST = 8  # lines of the screen: the head, the pages, a heading, and the first cause


@pytest.fixture(params=CASES)
def staged(request, room):
    kind, *expected = CASES[request.param]
    return kind(room), *expected


def named(lines, outage, verdicts, why, waiters):
    """Whether these lines name the cause, and no healthy process."""
    text = " ".join(" ".join(lines).split())
    who = {one.pid for one in outage.causes}
    return (
        any(re.search(rf"\b{verdict}\b[^;]*/{pid}\b", text) for verdict in verdicts for pid in who)
        and re.search(why, text)
        and f"{waiters} wait" in text
    )


def not_healthy(text, outage):
    for one in outage.healthy:
        assert f"/{one.pid}" not in text, text


def test_live(staged, tmux):
    """Begun after the outage, as it is when somebody is called."""
    outage, *expected = staged
    screen = tmux(*outage.netns, columns=80, rows=24)

    def look():
        lines = screen.screen().splitlines()
        return lines if named(lines[:FIRST], outage, *expected) else None

    try:
        lines = wait_until(look, 30, "the cause in the first lines")
    except AssertionError as error:
        raise AssertionError(screen.screen()) from error
    not_healthy("\n".join(lines), outage)
    screen.keys("q")
    screen.check_restored()


def test_once(staged):
    outage, *expected = staged

    def look():
        text = run.sockstall("-1", *outage.netns, before=("env", "COLUMNS=80")).stdout.decode()
        seen.append(text)
        return text if named(text.splitlines()[: FIRST - 1], outage, *expected) else None

    seen = []
    try:
        text = wait_until(look, 30, "the cause in the first lines")
    except AssertionError as error:
        raise AssertionError(seen[-1]) from error
    assert text.startswith("1 cause, and "), text
    not_healthy(text, outage)


def test_before(room):
    """What is well is not named at all: the twin of all of them, alone."""
    outage = outages.Healthy(room)
    stuck = outages.Stopped(room)
    wait_until(lambda: run.findings(run.once(*outage.netns), pid=stuck.cause.pid), 30, "what is stuck")
    not_healthy(run.sockstall("-1", "--no-fold", *outage.netns).stdout.decode(), outage)
