# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Loops that share a listener, that lose a connection's wake-up, and that turn for an event that nobody consumes."""

import signal
import socket
import time

import pytest

import run
from child import wait_until


def start(stall, how):
    server = stall(None, "prefork.py", how)
    server.port = server.said("listening")["port"]
    return server


def looped(stall, how):
    """A server that has answered many connections, so that its workers are known as loops."""
    server = start(stall, how)
    for _ in range(300):
        ask(server.port)
    return server


def connect(port, say=b"?"):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.send(say)
    return connection


def ask(port):
    with connect(port) as connection:
        assert connection.recv(1) == b"!"


@pytest.mark.parametrize("how", ["processes", "threads"])
def test_others_serve(stall, stream, how):
    """A worker is at work on what it took; another waits for the next. A twin that has no other is stalled."""
    live = stream("loops", "-j", "-i", "100ms")
    server, twin = looped(stall, how), looped(stall, "drain")
    busy, other = connect(server.port, b"w"), connect(twin.port, b"w")
    working = server.said("working")
    twin.said("working")
    live.wait(15, event="open", pid=twin.pid, verdict="stalled")
    for _ in range(20):
        ask(server.port)
        time.sleep(0.05)
    pids = {server.pid, working["pid"]}
    assert not [record for record in run.findings(live.records()) if record["pid"] in pids]
    live.stop()
    busy.close()
    other.close()


def queued(port, count):
    """Connections that come while the worker is at work on one: of them one wake-up tells."""
    return [connect(port) for _ in range(count)]


@pytest.mark.parametrize("late", [True, False])
def test_lost_connections(stall, stream, late):
    """It accepts one for each event, and several came at once: the rest lie there. A twin accepts them all."""
    live = None if late else stream("loops", "-j", "-i", "200ms")
    servers = {how: start(stall, how) for how in ("edge", "drain")}
    held = []
    for server in servers.values():
        server.process.send_signal(signal.SIGSTOP)
        held += queued(server.port, 5)
        server.process.send_signal(signal.SIGCONT)
    pid, twin = servers["edge"].pid, servers["drain"].pid
    if late:
        found = wait_until(lambda: run.findings(run.once("loops", "-p", pid, "-p", twin), verdict="edge_stall"), 15)
    else:
        found = [live.wait(15, event="open", verdict="edge_stall", pid=pid)]
        assert not run.findings(live.records(), pid=twin, verdict="edge_stall")
        live.stop()
    assert len(found) == 1 and found[0]["pid"] == pid, found
    assert "in the accept queue" in found[0]["why"] and "accept from descriptor" in found[0]["advice"], found
    for connection in held:
        connection.close()


@pytest.mark.parametrize(
    "how, kind, word",
    [("timer", "timerfd", "not read"), ("event", "eventfd", "not read"), ("hangup", "unix", "hung up")],
)
def test_spins_on_an_event(stall, how, kind, word):
    program, twin = stall(None, "spins.py", how), stall(None, "spins.py", "read")
    fd = program.said("spinning")["fd"]
    found = wait_until(lambda: run.findings(run.once("loops", "-p", program.pid, "-p", twin.pid)), 15)
    assert len(found) == 1 and found[0]["pid"] == program.pid and found[0]["verdict"] == "spinning", found
    assert f"descriptor {fd} ({kind})" in found[0]["why"] and word in found[0]["why"], found
    assert found[0]["events_per_wait"] >= 1


def test_spins_on_an_event_live(stall, stream):
    live = stream("loops", "-j", "-i", "300ms")
    twin, program = stall(None, "spins.py", "read"), stall(None, "spins.py", "timer")
    # Where others have the CPU, it may be late first.
    opened = live.wait(15, type="loop", verdict="spinning", pid=program.pid)
    program.end()
    live.wait(15, event="close", id=opened["id"])
    assert not run.findings(live.records(), pid=twin.pid)
    live.stop()
