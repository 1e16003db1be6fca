# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Clients that wait in poll for one connection, as drivers with a socket timeout do; and requests that may wait by design."""


import pytest

import run
from child import Stall, stop_process, wait_until

PORT = 7951
# An answer is given so long.
PATIENCE_S = 5


def start(room, number, kind, *name):
    stall = Stall(room.here, "driver.py", f"127.0.0.1,{PORT + number}", kind, *name)
    return stall, stall.said("asking")


@pytest.mark.parametrize("kind", ["silent", "first"])
def test_no_answer(room, stream, kind):
    """Live, and started after it began."""
    live = stream("readers", "-j", "-m", "300ms")
    twins = [start(room, 1, "answered")[0], start(room, 2, "listens")[0]]
    twins[1].said("sent")  # so it is the older one
    stall, words = start(room, 0, kind)
    here = {"pid": stall.pid, "local_port": words["port"], "verdict": "awaiting_reply"}
    opened = live.wait(event="open", **here)
    late = run.once("readers", "-m", "300ms")
    for record in (opened, run.only(late, **here)):
        assert (record["waiter"], record["tid"], record["syscall"]) == ("thread", stall.pid, "poll")
        assert record["severity"] >= 40 and record["age_s"] >= PATIENCE_S
        assert "it sent data" in record["why"] and "for this connection alone" in record["why"]
    told = late + live.records()
    for twin in twins:
        assert not run.findings(told, pid=twin.pid)


def test_by_design(room):
    """
    BLPOP: redis has read it, and goes on. With another name, or if it does not go on, an answer is due: as when it computes
    since, and looks for other events in passing.
    """
    blpop, words = start(room, 0, "queue", "redis-server")
    other, _ = start(room, 1, "queue", "some-server")
    script, _ = start(room, 2, "script", "redis-server")

    def told(pid):
        return run.findings(run.once("-m", "300ms"), pid=pid, verdict="awaiting_reply")

    wait_until(lambda: told(other.pid), 30, "the other one")
    wait_until(lambda: told(script.pid), 30, "one whose server computes")
    for _ in range(3):
        assert not told(blpop.pid)
    stop_process(words["server"])
    wait_until(lambda: told(blpop.pid), 30, "one whose server is stopped")
