# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Which process of a server is named, and what it waits for in turn: workers, children, and itself."""

import socket
import time

import pytest

import run
from child import Stall, wait_until
from test_chains import BACK, FRONT, MIDDLE, chains, client, ends, relay, shown, who


def prefork(room, port, back=None):
    words = [f"{room.link.left4},{port}"] + ([f"{room.link.left4},{back}"] if back else [])
    server = Stall(room.here, "relay.py", "prefork", *words)
    return server, server.said("listening")["worker"]


def ask(room, port, *steps):
    asker = client(room.here, room.link.left4, port, *(steps or ("say=sleep", "block=recvfrom")))
    asker.said("blocking")
    return asker


def all_of(*pids):
    return {
        (one["type"], one["verdict"])
        for command in ("handshakes", "chains")
        for pid in pids
        for one in shown(command, "-p", pid)
    }


def test_a_worker_that_reads_from_a_silent_client(room):
    """The master wakes up now and then, and never accepts: whatever it does, the worker is who is waited for."""
    master, worker = prefork(room, BACK)
    silent = client(room.here, room.link.left4, BACK)
    silent.said("connected")
    wait_until(
        lambda: run.findings(run.once("readers", "-a"), pid=worker, syscall="recvfrom"), 20, "a worker that reads"
    )
    asker = ask(room, BACK)
    found = wait_until(
        lambda: [one for one in chains(silent.pid) if who(one) == [asker.pid, worker, silent.pid]], 20, "the chain"
    )[0]
    assert found["links"][1]["holders"] == 2 and "most likely" not in found["why"]
    queue = wait_until(lambda: shown("handshakes", "-p", worker), 20, "what is not accepted")
    assert {one["pid"] for one in queue} == {worker}, "and not the master"
    assert {one["verdict"] for one in queue} == {"not_accepted", "not_accepting"}
    assert not chains(master.pid)


def test_a_worker_that_is_stopped_in_its_work(room):
    """What it has asked elsewhere keeps all who are not accepted waiting."""
    back = relay(room.here, "one", room.link.left4, MIDDLE)
    _, worker = prefork(room, BACK, MIDDLE)
    first = ask(room, BACK)
    wait_until(lambda: who(ends(back, "blocked")) == [first.pid, worker, back.pid], 20, "the first")
    second = ask(room, BACK)
    record = ends(back, "blocked", waiters=2)
    assert who(record)[1:] == [worker, back.pid]
    assert [who(one) for one in shown("chains", "-p", second.pid)] == [[second.pid, worker, back.pid]]


def test_workers_that_serve(room):
    """The healthy twin: all are answered, and the connections stay open."""
    master, worker = prefork(room, BACK)
    asking = client(room.here, room.link.left4, BACK, "asks=quick")
    asking.said("asking")
    stuck = prefork(room, FRONT)[1]
    client(room.here, room.link.left4, FRONT).said("connected")
    ask(room, FRONT)
    wait_until(lambda: ("listener", "not_accepting") in all_of(stuck), 20, "the stuck twin")
    assert not all_of(master.pid, worker, asking.pid)


def test_one_that_waits_with_a_timeout(room):
    """As most clients of HTTP and of databases: in poll, in which a listener with a connection would be ready."""
    back = relay(room.here, "one", room.link.left4, BACK)
    middle = relay(room.here, "timeout", room.link.left4, MIDDLE, (room.link.left4, BACK))
    first = ask(room, MIDDLE)
    wait_until(lambda: who(ends(back, "blocked")) == [first.pid, middle.pid, back.pid], 20, "the first")
    second = ask(room, MIDDLE)
    wait_until(
        lambda: [who(one) for one in shown("chains", "-p", second.pid)] == [[second.pid, middle.pid, back.pid]],
        20,
        "one that is not accepted",
    )
    assert ends(back, "blocked", waiters=2)


@pytest.mark.parametrize("request_", ["sleep", "hold"])
def test_through_a_child(room, request_):
    back = relay(room.here, "one", room.link.left4, BACK)
    middle = relay(room.here, "child", room.link.left4, MIDDLE, (room.link.left4, BACK))
    asker = ask(room, MIDDLE, f"say={request_}", "block=recvfrom")
    record = ends(back, "blocked" if request_ == "sleep" else "waiting", waiters=1, links=4)
    child = record["links"][2]["pid"]
    assert who(record) == [asker.pid, middle.pid, child, back.pid]
    assert [link["kind"] for link in record["links"]] == ["tcp", "child", "tcp", "tcp"]
    assert record["links"][1]["in"] == "wait4" and record["links"][1]["fd"] is None
    assert f"which waits for its child python3 (pid {child})" in record["why"]
    assert not chains(middle.pid), "it is one finding"


@pytest.mark.parametrize("kind, call", [("nested", "epoll_wait"), ("collects", "poll")])
def test_through_a_child_that_a_loop_waits_for(room, kind, call):
    """Its loop is left alone meanwhile: what it sleeps in is for the child alone, whatever else it has open."""
    back = relay(room.here, "one", room.link.left4, BACK)
    middle = relay(room.here, kind, room.link.left4, MIDDLE, (room.link.left4, BACK))
    first = ask(room, MIDDLE)
    record = ends(back, "blocked", waiters=1, links=4)
    child = record["links"][2]["pid"]
    assert who(record) == [first.pid, middle.pid, child, back.pid]
    assert [link["kind"] for link in record["links"]] == ["tcp", "child", "tcp", "tcp"]
    assert record["links"][1]["in"].startswith(call) and record["links"][1]["fd"] is None
    second = ask(room, MIDDLE)
    wait_until(
        lambda: [who(one) for one in shown("chains", "-p", second.pid)] == [[second.pid, middle.pid, child, back.pid]],
        20,
        "one that is not accepted",
    )
    assert not chains(middle.pid)


@pytest.mark.parametrize("kind", ["nested", "collects"])
def test_a_loop_that_waits_for_a_child_that_asks_it(room, kind):
    server = relay(room.here, kind, room.link.left4, BACK)
    asker = ask(room, BACK, "say=quick", "block=recvfrom")

    def found():
        return [one for one in shown("chains", "-p", asker.pid) if one["verdict"] == "deadlock"]

    record = wait_until(found, 20, "the deadlock")[0]
    pids = who(record)
    assert server.pid in pids and len(pids) == 2 and "time limit" not in record["why"]
    assert f"(pid {server.pid}) waits for its child python3 (pid " in record["why"]


@pytest.mark.parametrize("kind", ["child", "nested", "collects"])
def test_through_a_child_that_is_answered(room, kind):
    """The healthy twin, beside one that is stuck."""
    relay(room.here, "threads", room.link.left4, BACK)
    middle = relay(room.here, kind, room.link.left4, MIDDLE, (room.link.left4, BACK))
    other = relay(room.here, kind, room.link.left4, FRONT, (room.link.left4, BACK))
    asked = client(room.here, room.link.left4, MIDDLE, "say=quick", "take=5")
    asked.said("took")
    stuck = ask(room, FRONT)
    wait_until(lambda: shown("chains", "-p", stuck.pid), 20, "the stuck twin")
    assert shown("chains", "-p", other.pid) and not shown("chains", "-p", middle.pid)


def test_one_that_asks_itself(room):
    server = relay(room.here, "itself", room.link.left4, BACK)
    twin = relay(room.here, "itself", room.link.left4, FRONT, (room.link.left4, MIDDLE))
    relay(room.here, "one", room.link.left4, MIDDLE)
    answered = client(room.here, room.link.left4, FRONT, "say=quick", "take=5")
    answered.said("took")
    ask(room, BACK, "say=quick", "block=recvfrom")
    record = ends(server, "deadlock", waiters=2)
    assert who(record) == [server.pid]
    assert f"(pid {server.pid}) waits for itself: its only thread cannot continue" in record["why"]
    assert not chains(twin.pid) and not shown("chains", "-p", answered.pid)


def has_mptcp():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262).close()
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_mptcp(), reason="this kernel has no MPTCP, or it is switched off (net.mptcp.enabled)")
def test_an_mptcp_listener(room):
    """As every server in Go since 1.24: the subflow that listens has no file of its own."""
    server = relay(room.here, "mptcp", room.link.left4, BACK)
    first = ask(room, BACK)
    wait_until(lambda: who(ends(server, "blocked")) == [first.pid, server.pid], 20, "the first")
    second = ask(room, BACK)
    queue = wait_until(lambda: shown("handshakes", "-p", server.pid), 20, "what is not accepted")
    assert {one["verdict"] for one in queue} == {"not_accepted", "not_accepting"}
    assert all(one["pid"] == server.pid and one["fd"] is not None for one in queue if one["type"] == "listener")
    assert [who(one) for one in shown("chains", "-p", second.pid)] == [[second.pid, server.pid]]


def test_a_server_that_collects_what_its_child_writes(room):
    """Whoever asks waits for the child. Of two children nobody can tell which: the chain ends at the server."""
    for mode, port in ("one", BACK), ("two", MIDDLE):
        server = Stall(room.here, "collects.py", room.link.left4, str(port), mode)
        server.said("listening")
        asker = ask(room, port)
        children = server.said("collecting")["children"]
        found = wait_until(
            lambda end=children[0] if mode == "one" else server.pid: [
                one for one in run.once("chains", "-a", "-p", asker.pid) if one["type"] == "chain" and one["pid"] == end
            ],
            20,
            "the chain",
        )
        assert all(who(one)[0] == asker.pid for one in found)


@pytest.mark.parametrize("mode", ["long", "reads"])
def test_long_polls_beside_a_thread_that_collects(room, stream, mode):
    """The thread that waits for the child serves nobody: it has often fallen asleep after the question came."""
    server = Stall(room.here, "collects.py", room.link.left4, str(FRONT), mode)
    children = set(server.said("collecting")["children"])
    asker = ask(room, FRONT)
    live = stream("chains", "-j", "-i", "250ms", "-m", "1s", "-p", asker.pid)
    time.sleep(9)  # the child wakes its parent up three times meanwhile
    blamed = [one for one in run.matching(live.stop(), type="chain") if one["pid"] in children]
    assert not blamed, blamed[0]["why"]
