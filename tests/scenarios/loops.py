# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What scenarios about event loops have in common."""

import time

from scenario import Truth, begins, reader
from stage import asleep

WARM_S = 2.5


def warm_up(stage, url):
    """A loop must have been looping before it can stall."""
    load = stage.start(stage.client, "wrk", "-t1", "-c4", "-d60s", url)
    time.sleep(WARM_S)
    assert load.process.poll() is None, load.lines
    load.end()
    time.sleep(0.3)


def ask(stage, url):
    """A blocking client that will wait for its answer: it, and the moments between which it asked."""
    before = time.time()
    client = stage.python(stage.client, "web_client.py", url)
    return client, (before, asleep(client.pid, "recvfrom"))


def awaits(stage, client, since, **more):
    socket = stage.socket_of(stage.client, client.pid)
    return Truth(
        **reader(stage, client, syscall="recvfrom", unacked_bytes=0, **socket, **more),
        verdict="awaiting_reply",
        since=since,
    )


def stalled(stage, program, now, now_in, since, tid=None, once=0, verdict="stalled"):
    """
    `now_in` begins like one of these. Without history `--once` may not know that it is a loop: 0 by default.
    """
    return Truth(
        {"type": "loop", "pid": program.pid, "tid": tid or program.pid},
        verdict,
        {
            "netns": stage.server.inode,
            "now": now,
            "interface": "epoll",
            "now_in": now_in and begins(*now_in.split(" or ")),
        },
        since,
        once=once,
    )


def not_accepted(stage, program, port, count=1):
    """What a stalled loop does to those who connect meanwhile."""
    owner = {"pid": program.pid, "netns": stage.server.inode}
    return [
        Truth(
            {"type": "handshake", "side": "server", "local_port": port}, "not_accepted", owner, least=count, most=count
        ),
        Truth({"type": "listener", "local_port": port}, "not_accepting", owner),
    ]
