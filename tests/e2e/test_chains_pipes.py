# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Chains through pipes: who has the other end, and pipelines that are only idle."""

import os
import signal

import pytest

import run
from child import Stall, stop_process, wait_until

PORT = 7911


def chains(*pids):
    found = run.findings(run.once("chains", "-m", "300ms"), type="chain")
    return [record for record in found if {record["pid"], *who(record)} & set(pids)]


def who(record):
    return [link["pid"] for link in record["links"]]


def pipes(room, kind, *words):
    stall = Stall(room.here, "pipes.py", kind, *words)
    return stall, stall.said("listening" if kind.startswith("answer") else "blocking")["children"]


def sleeps_in(pid, command, syscall):
    """The thread is where it will stay."""
    wait_until(
        lambda: run.findings(run.once(command, "-a", "-m", "300ms"), pid=pid, kind="pipe", syscall=syscall),
        20,
        f"{syscall} of {pid}",
    )


def too_early(*pids):
    """Chains of writers before nothing has been read for so long that it counts as a stall."""
    return [record for record in chains(*pids) if record["age_s"] < 5]


@pytest.mark.parametrize("children", [1, 2])
def test_a_reply_that_a_child_is_to_make(room, children):
    """The client's wait is for the server, and that reads a pipe into which only its children can write."""
    address = room.link.left4
    server, pids = pipes(room, "answer" if children == 1 else "answers", f"{address},{PORT}")
    client = Stall(room.here, "endpoint.py", f"connect={address},{PORT}", "say=please", "block=recvfrom")
    client.said("blocking")
    record = wait_until(lambda: [one for one in chains(*pids) if one["verdict"] == "blocked"], 20, "the chain")[0]
    assert who(record) == [client.pid, server.pid, pids[0]]
    assert [link["kind"] for link in record["links"]] == ["tcp", "pipe", "pipe"]
    assert [link["in"] for link in record["links"]] == ["recvfrom", "read", "clock_nanosleep"]
    assert record["links"][2]["holders"] == children
    assert (f"one of {children} that hold this end" in record["why"]) == (children > 1)
    assert record["pid"] == pids[0] and record["fd"] == record["links"][2]["fd"] > 2
    assert record["cookie"] is record["local_addr"] is record["links"][2]["local_addr"] is None
    assert not chains(client.pid)[1:], "it is one finding"


@pytest.mark.parametrize("kind", ["left", "kept", "threads"])
def test_a_program_that_a_shell_has_started(room, kind):
    """It has the pipe of its output, whether the shell waits for it or has gone."""
    address = room.link.left4
    server = Stall(room.here, "pipes.py", kind, f"{address},{PORT}")
    server.said("listening")
    client = Stall(room.here, "endpoint.py", f"connect={address},{PORT}", "say=please", "block=recvfrom")
    client.said("blocking")
    pid = server.said("running")["children"][0]
    try:
        whole = [client.pid, server.pid, pid]
        record = wait_until(lambda: [one for one in chains(pid) if who(one) == whole], 20, "the chain")[0]
        assert record["verdict"] == "blocked"
        assert record["links"][1]["in"] == "read" and record["links"][2]["in"].startswith("clock_nanosleep")
        assert not chains(client.pid)[1:], "it is one finding"
    finally:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("kind", ["idle", "talk", "listen"])
def test_an_idle_pipeline(room, kind):
    """A reader waits for what may never be written."""
    reader, pids = pipes(room, kind)
    if kind != "talk":
        sleeps_in(reader.pid, "readers", "read")
    assert not chains(reader.pid, *pids)


def test_behind_a_pager(room):
    """A writer waits for who reads only when somebody asks for the next page; who is stopped reads never."""
    writer, pids = pipes(room, "full")
    sleeps_in(writer.pid, "writers", "write")
    assert not too_early(writer.pid, *pids)
    stop_process(pids[0])
    record = wait_until(lambda: chains(writer.pid), 20, "a stopped reader")[0]
    assert record["verdict"] == "stopped" and who(record) == [writer.pid, pids[0]]


def test_each_fills_the_pipe_of_the_other(room):
    writer, pids = pipes(room, "cross")
    record = wait_until(lambda: chains(writer.pid), 20, "a deadlock")[0]
    assert record["verdict"] == "deadlock" and sorted(who(record)) == sorted([writer.pid, *pids])
    assert f"sockstall threads -p {record['pid']}" in record["advice"]


def test_somebody_else_could_read(room):
    """Of three that hold all ends two write: the third may read some time. So it is no deadlock, and a stall only later."""
    writer, pids = pipes(room, "selfish")
    sleeps_in(writer.pid, "writers", "write")
    sleeps_in(pids[0], "writers", "write")
    assert not too_early(writer.pid, *pids)
    found = wait_until(lambda: chains(writer.pid, *pids), 20, "a stall")
    assert not [record for record in found if record["verdict"] == "deadlock"], found
