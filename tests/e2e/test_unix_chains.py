# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Chains through accept queues of unix sockets."""

import json

import pytest

import run
from child import Stall, wait_until


def service(room, tmp_path, own, other, role):
    one = Stall(room.here, "unix_calls.py", tmp_path / own, tmp_path / other, role)
    one.said("listening")
    return one


def chains_of(pid):
    return [
        record
        for record in run.findings(run.once("chains", "-m", "300ms"), type="chain")
        if any(link["pid"] == pid for link in links(record))
    ]


def links(record):
    return record["links"] if isinstance(record["links"], list) else json.loads(record["links"])


def test_two_services_that_call_each_other(room, tmp_path):
    """The second call lies in the accept queue of the first caller: nobody can continue."""
    first = service(room, tmp_path, "a", "b", "first")
    second = service(room, tmp_path, "b", "a", "then")
    first.tell("")
    second.said("asking")
    found = wait_until(lambda: [r for r in chains_of(first.pid) if r["verdict"] == "deadlock"], 20, "the deadlock")
    assert {link["pid"] for link in links(found[0])} == {first.pid, second.pid}


def test_it_calls_itself(room, tmp_path):
    """Its call lies in the queue of the only process that could accept it."""
    one = service(room, tmp_path, "a", "a", "first")
    one.tell("")
    one.said("asking")
    found = wait_until(lambda: [r for r in chains_of(one.pid) if r["verdict"] == "deadlock"], 20, "the deadlock")
    assert "waits for itself: its only thread cannot continue" in found[0]["why"], found


def test_the_healthy_twin(room, tmp_path):
    first = service(room, tmp_path, "a", "b", "first")
    second = service(room, tmp_path, "b", "a", "answer")
    first.tell("")
    first.said("answered")
    assert not [r for r in chains_of(first.pid) + chains_of(second.pid) if r["verdict"] == "deadlock"]


@pytest.mark.parametrize("full", (False, True))
def test_who_should_accept(room, tmp_path, full):
    server = Stall(room.here, "unix_ends.py", "listen", tmp_path / "sock", "stream", "0", "never")
    server.said("listening")
    client = Stall(room.here, "unix_ends.py", "connect", tmp_path / "sock", "stream", "read")
    client.said("connected")
    if full:
        other = Stall(room.here, "unix_ends.py", "connect", tmp_path / "sock", "stream", "read")
        other.said("connecting")
    found = wait_until(
        lambda: [r for r in chains_of(server.pid) if r["waiters"] == (2 if full else 1)], 20, "the chain"
    )[0]
    assert full or links(found)[0]["pid"] == client.pid
    assert found["verdict"] in ("accept_queue_full", "not_accepted", "blocked")
    assert links(found)[-1]["pid"] == server.pid
    assert f"pid {server.pid}" in found["why"]
