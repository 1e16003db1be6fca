# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Clients that connect in advance and send nothing, as browsers do."""

import pytest

import run
from child import Stall, wait_until

PORT = 7971
THREADS = 5


def start(room, number, clients, queued=0):
    stall = Stall(room.here, "preconnect.py", f"127.0.0.1,{PORT + number}", THREADS, clients, queued)
    stall.said("connected")
    return stall


@pytest.mark.parametrize("clients, queued", [(3, 0), (1, 1)])
def test_they_hold_a_worker_that_others_need(room, clients, queued):
    """Most threads of a pool, or one, and somebody waits to be accepted. Beside it a server that has threads to spare."""
    twin = start(room, 0, 1)
    stall = start(room, 1, clients, queued)

    def told(server, verdict, *arguments):
        return run.findings(run.once("-m", "300ms", *arguments), pid=server.pid, type="reader", verdict=verdict)

    found = wait_until(lambda: told(stall, "no_request"), 30, "clients that hold threads")
    assert len(found) == clients
    assert not told(twin, "no_request")
    (shown,) = told(twin, "idle", "--all")
    assert shown["severity"] == 0 and "has not sent a byte" in shown["why"]
