# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Descriptors that end, go to another process or change their number while looks are taken: nothing is found of them."""

import pytest

import run
from child import Stall

PORT, STUCK = 7931, 7932
LOOKS = 6


@pytest.mark.parametrize("how", ["end", "hand", "reuse"])
def test_nothing_is_found(room, how):
    """Beside a client whose server does not answer, which each look must have."""
    address = room.link.left4
    server = Stall(room.here, "service.py", f"{address},{PORT}", "threads")
    server.said("listening")
    churn = Stall(room.there, "churn.py", how, f"{address},{PORT}")
    healthy = {server.pid, churn.pid, *churn.said("asking")["helpers"]}
    silent = Stall(room.here, "endpoint.py", f"listen={address},{STUCK},4")
    silent.said("listening")
    stuck = Stall(room.there, "endpoint.py", f"connect={address},{STUCK}", "say=please", "block=recvfrom")
    stuck.said("blocking")
    netns = ("--netns", room.here.inode, "--netns", room.there.inode)
    stream = run.Stream("-j", "-i", "50ms", "-m", "1s", *netns)
    stream.wait(20, type="reader", pid=stuck.pid, event="open")
    for _ in range(LOOKS):
        records = run.once("-m", "1s", *netns)
        wrong = [one for one in run.findings(records) + run.matching(records, type="chain") if one["pid"] in healthy]
        assert not wrong, wrong
        assert run.findings(records, type="reader", pid=stuck.pid)
    wrong = [one for one in stream.stop() if one.get("pid") in healthy and one["type"] in run.STALLED]
    assert not wrong, wrong
