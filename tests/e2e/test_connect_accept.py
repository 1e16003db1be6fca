# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Threads in connect and accept, and who is at the other end of a unix socket that is read."""

import pytest

import run
from child import Stall, wait_until


def test_a_connect_has_its_thread(room):
    """One that began before: which of the threads it is that waits."""
    room.there.drop("input", "tcp dport 7001")
    program = Stall(room.here, "connect_thread.py", f"{room.link.right4}", "7001")
    words = program.said("connecting")
    record = wait_until(
        lambda: run.findings(run.once("handshakes", "-m", "300ms"), pid=program.pid, tid=words["tid"]), 20, "the thread"
    )[0]
    assert (record["verdict"], record["stage"], record["fd"]) == ("no_answer", "SYN_SENT", words["fd"])
    assert words["tid"] != words["pid"]


@pytest.mark.parametrize("program, acceptors", [("accept", 1), ("", 0)])
def test_who_waits_in_accept(room, program, acceptors):
    steps = [program] if program else []
    server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},7002,16", *steps)
    server.said("accepting" if program else "listening")

    def listener():
        found = run.findings(run.once("handshakes", "-a"), pid=server.pid, type="listener")
        return found if found and found[0]["acceptors"] == acceptors else None

    assert wait_until(listener, 20, "the listener")[0]["verdict"] == "ok"
    assert not run.findings(run.once("handshakes"), pid=server.pid)
    assert not run.findings(run.once(), pid=server.pid)


def test_the_other_end_of_a_unix_socket(room):
    reader = Stall(room.here, "unix_pair.py", "sleep")
    words = reader.said("blocking")
    record = wait_until(
        lambda: [found for found in run.findings(run.once("readers", "-a"), pid=words["pid"]) if found["peer_pid"]],
        20,
        "the peer",
    )[0]
    assert (record["kind"], record["verdict"]) == ("unix", "waiting")
    assert (record["peer_pid"], record["peer_comm"]) == (words["peer"], "python3")
    assert not run.findings(run.once("readers"), pid=words["pid"])
