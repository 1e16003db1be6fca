# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Who stands at the end of chains of waits: with the fault at each place, in a cycle, and in healthy traffic."""

import json
import os
import signal

import pytest

import run
from child import PATIENCE, Stall, stop_process, wait_until
from zoo import Room

FRONT, MIDDLE, BACK = 7901, 7902, 7903


def relay(namespace, kind, address, port, back=None):
    words = [f"{address},{port}"] + ([f"{back[0]},{back[1]}"] if back else [])
    stall = Stall(namespace, "relay.py", kind, *words)
    stall.said("listening")
    return stall


def client(namespace, address, port, *steps):
    stall = Stall(namespace, "endpoint.py", f"connect={address},{port}", *steps)
    stall.said("connecting")
    return stall


class Service:
    """A client, a loop in front, threads behind it, and one process at the back, which may be in another namespace."""

    def __init__(self, room, back="one", far=None):
        self.room = room
        here, address = room.here, room.link.left4
        where, there = (room.there, far) if far else (here, address)
        self.back = relay(where, back, there, BACK)
        self.back_netns = where.inode
        self.middle = relay(here, "threads", address, MIDDLE, (there, BACK))
        self.front = relay(here, "loop", address, FRONT, (address, MIDDLE))

    def ask(self, request, count=1):
        self.clients = [
            client(self.room.here, self.room.link.left4, FRONT, f"say={request}", "block=recvfrom")
            for _ in range(count)
        ]
        for one in self.clients:
            one.said("blocking")

    def pids(self, count=1):
        return [one.pid for one in self.clients[:count]] + [self.front.pid, self.middle.pid, self.back.pid]


def chains(pid, *options):
    return run.findings(run.once("chains", "-m", "300ms", *options), type="chain", pid=pid)


def ends(stall, verdict, waiters=None, links=None):
    """The one chain that ends at this process, once it is there."""

    def found():
        records = chains(stall.pid)
        return (
            records
            and records[0]["verdict"] == verdict
            and (not waiters or records[0]["waiters"] == waiters)
            and (not links or len(who(records[0])) == links)
            and records
        )

    records = wait_until(found, 20, f"a chain that ends with {verdict}")
    assert len(records) == 1
    return records[0]


def who(record):
    return [link["pid"] for link in record["links"]]


@pytest.mark.parametrize("far", [False, True])
def test_through_a_loop_and_threads(room, far):
    service = Service(room, far=room.link.right4 if far else None)
    service.ask("sleep")
    ends(service.back, "blocked", waiters=1, links=4)
    record = ends(service.back, "blocked", waiters=1, links=4)  # the first look has had the sockets' cookies drawn
    assert who(record) == service.pids()
    assert [link["in"] for link in record["links"]] == ["recvfrom", "event loop", "recvfrom", "clock_nanosleep"]
    assert [link["verdict"] for link in record["links"]] == ["awaiting_reply"] * 3 + ["blocked"]
    assert record["links"][2]["tid"] not in (None, service.middle.pid), "the thread that waits, not the first"
    assert record["links"][2]["peer_port"] == BACK and record["links"][3]["local_port"] == BACK
    assert record["age_s"] >= 0.3 and all(link["age_s"] > 0 and link["fd"] > 2 for link in record["links"])
    place = ("pid", "fd", "netns", "local_addr", "local_port", "peer_addr", "peer_port")
    assert [record[key] for key in place] == [record["links"][3][key] for key in place], "of the end, all of it"
    assert record["cookie"] and (record["local_port"], record["netns"]) == (BACK, service.back_netns)
    assert (
        record["age_s"] >= record["links"][0]["age_s"] - 0.01
        and f"pid {service.back.pid}" in record["advice"] + record["why"]
    )


def waited_for_a_cpu(pid):
    """In its life, seconds."""
    with open(f"/proc/{pid}/schedstat") as file:
        return int(file.read().split()[1]) / 1e9


def test_through_a_busy_loop(room):
    """It is met in its wait or in a turn: the chain leads through it either way, unless it gets no CPU to end its turn."""
    service = Service(room, back="threads")
    busy = [client(room.here, room.link.left4, FRONT, "asks=quick") for _ in range(6)]
    service.ask("sleep")
    ends(service.back, "blocked", links=4)
    for _ in range(8):
        before = waited_for_a_cpu(service.front.pid)
        found = [r for r in run.findings(run.once("-m", "300ms"), type="chain") if service.clients[0].pid in who(r)]
        if waited_for_a_cpu(service.front.pid) < before + 0.02:
            assert [who(record) for record in found] == [service.pids()]
        assert not {one.pid for one in busy} & {pid for record in found for pid in who(record)}


def test_a_fault_in_the_middle(room):
    service = Service(room)
    stop_process(service.middle.pid)
    service.ask("quick")
    record = ends(service.middle, "stopped")
    assert who(record) == service.pids()[:3]
    assert "kill -CONT" in record["advice"]


def test_a_fault_in_front(room):
    service = Service(room)
    stop_process(service.front.pid)
    service.ask("quick")
    assert who(ends(service.front, "stopped")) == service.pids()[:2]


def test_one_that_does_not_accept(room):
    back = Stall(room.here, "endpoint.py", f"listen={room.link.left4},{BACK},16")
    back.said("listening")
    middle = relay(room.here, "loop", room.link.left4, MIDDLE, (room.link.left4, BACK))
    asker = client(room.here, room.link.left4, MIDDLE, "say=quick", "block=recvfrom")
    asker.said("blocking")
    record = ends(back, "not_accepted")
    assert who(record) == [asker.pid, middle.pid, back.pid]


def test_stopped_while_it_answers(room):
    """A process that is stopped is the end, whatever it waited for before."""
    service = Service(room, back="threads")
    service.ask("sleep")
    stop_process(service.back.pid)
    assert who(ends(service.back, "stopped")) == service.pids()


@pytest.mark.parametrize("request_, accepted", [("hold", True), ("quick", False)])
def test_a_stopped_worker(room, request_, accepted):
    """Who accepts is stopped, and not the parent that has only opened the listener."""
    back = Stall(room.here, "relay.py", "fork", f"{room.link.left4},{BACK}")
    worker = back.said("listening")["worker"]
    wait_until(
        lambda: run.findings(run.once("handshakes", "-a"), type="listener", local_port=BACK, netns=room.here.inode),
        20,
        "it",
    )
    if not accepted:
        stop_process(worker)
    asker = client(room.here, room.link.left4, BACK, f"say={request_}", "block=recvfrom")
    asker.said("blocking")
    if accepted:
        wait_until(lambda: chains(worker), 20, "a connection that is accepted")
        stop_process(worker)
    record = wait_until(lambda: [one for one in chains(worker) if one["verdict"] == "stopped"], 20, "a stopped worker")[
        0
    ]
    assert who(record) == [asker.pid, worker] and not chains(back.pid)
    assert record["links"][1]["holders"] == (1 if accepted else 2)
    assert ("one of 2 that share the listener" in record["why"]) == (not accepted)
    assert (record["fd"] is None) == (not accepted) and record["local_port"] == BACK
    assert f"kill -CONT {worker}" in record["advice"]


def shown(command, *filters):
    return run.findings(run.once(command, "-m", "300ms", *filters))


def test_filters_match_any_link(room):
    """Who waits wants to know for whom: a filter asks each link, and not the last alone."""
    service = Service(room, far=room.link.right4)
    service.ask("sleep")
    wait_until(lambda: who(ends(service.back, "blocked", waiters=1, links=4)) == service.pids(), 20, "the whole chain")
    found = ends(service.back, "blocked", waiters=1, links=4)
    for pid in service.pids():
        assert [one["id"].rpartition("-")[0] for one in shown("chains", "-p", pid)] == [
            found["id"].rpartition("-")[0]
        ], pid
    for filters in (
        ["--port", FRONT],
        ["--port", found["links"][0]["local_port"]],
        ["--port", MIDDLE],
        ["--port", BACK],
        ["--netns", room.here.inode],
        ["--netns", room.there.name],
        ["--peer", room.link.left4, "--port", FRONT],
        ["-p", service.clients[0].pid, "--port", BACK],
    ):
        # The same ports may be in use by tests beside this one.
        assert service.pids() in [who(one) for one in shown("chains", *filters)], filters
    for filters in (
        ["-p", os.getpid()],
        ["-p", service.front.pid, "--port", 7999],
        ["--netns", room.here.inode, "--port", 7999],
    ):
        assert not shown("chains", *filters), filters


def test_filters_choose_the_chain_that_is_shown(room):
    """Of several that wait for one, the one that was asked for."""
    service = Service(room)
    service.ask("sleep")
    other = client(room.here, room.link.left4, BACK, "say=sleep", "block=recvfrom")
    other.said("blocking")
    wait_until(
        lambda: [who(one) for one in shown("chains", "-p", other.pid)] == [[other.pid, service.back.pid]],
        20,
        "the other's",
    )
    wait_until(
        lambda: [who(one) for one in shown("chains", "-p", service.clients[0].pid)] == [service.pids()], 20, "the first"
    )


def test_filters_match_any_holder(room):
    """All workers share their listener; so does the parent."""
    back = Stall(room.here, "relay.py", "fork", f"{room.link.left4},{BACK}")
    worker = back.said("listening")["worker"]
    wait_until(
        lambda: run.findings(run.once("handshakes", "-a"), type="listener", local_port=BACK, netns=room.here.inode),
        20,
        "it",
    )
    stop_process(worker)
    asker = client(room.here, room.link.left4, BACK, "say=quick", "block=recvfrom")
    asker.said("blocking")
    try:
        wait_until(
            lambda: len(shown("handshakes", "--port", BACK, "--netns", room.here.inode)) == 2,
            20,
            "what is not accepted",
        )
        for command, verdicts in ("handshakes", {"not_accepted", "not_accepting"}), ("chains", {"stopped"}):
            for pid in worker, back.pid:
                assert {one["verdict"] for one in shown(command, "-p", pid)} == verdicts, (command, pid)
            assert not shown(command, "-p", os.getpid())
        assert shown("chains", "-p", asker.pid)
    finally:
        os.kill(worker, signal.SIGKILL)


def test_one_that_computes(room):
    service = Service(room)
    service.ask("spin")
    assert who(ends(service.back, "running")) == service.pids()


def test_one_that_waits_for_events(room):
    """It was asked, and sits in its loop: for what, nothing tells."""
    service = Service(room)
    service.ask("hold")
    record = ends(service.back, "waiting")
    assert who(record) == service.pids()


def test_a_reply_that_has_begun(room):
    """The rest of it is awaited, for the sake of one who was promised it."""
    service = Service(room)
    service.ask("part")
    record = ends(service.back, "waiting")
    assert who(record) == service.pids()
    assert record["links"][2]["verdict"] == "reply_stopped"


def test_one_that_was_told_something_and_waits_for_more(room):
    """Who subscribes to something waits for what may never come, and nobody waits for him."""
    back = relay(room.here, "one", room.link.left4, BACK)
    reader = client(room.here, room.link.left4, BACK, "say=part", "take=4", "block=recvfrom")
    reader.said("blocking")
    wait_until(
        lambda: run.matching(run.once("readers", "-a", "-m", "300ms"), pid=reader.pid, verdict="waiting"),
        20,
        "the reader",
    )
    assert not run.findings(run.once("readers", "-m", "300ms"), pid=reader.pid)
    assert not chains(back.pid)


def test_one_that_a_loop_has_told_something(room):
    """As HTTP/2 does on a connection on which nothing is due: between loops that is no wait, unless one was asked."""
    back = relay(room.here, "one", room.link.left4, BACK)
    front = relay(room.here, "telling", room.link.left4, FRONT, (room.link.left4, BACK))
    told = wait_until(lambda: chains(back.pid, "-a"), 20, "the wait")[0]
    assert who(told) == [front.pid, back.pid] and told["verdict"] == "waiting"
    assert not chains(back.pid)


def test_one_that_a_loop_has_asked_for_another(room):
    """Its twin: the first is in no read, but asked, and awaits the answer."""
    back = relay(room.here, "one", room.link.left4, BACK)
    front = relay(room.here, "loop", room.link.left4, FRONT, (room.link.left4, BACK))
    client(room.here, room.link.left4, FRONT, "say=hold")
    assert who(ends(back, "waiting")) == [front.pid, back.pid]


def test_a_full_accept_queue(room):
    """The SYN is dropped, and nothing but the listener's queue tells."""
    address = room.link.left4
    back = Stall(room.here, "endpoint.py", f"listen={address},{BACK},1")
    back.said("listening")
    fillers = [client(room.there, address, BACK) for _ in range(2)]
    for one in fillers:
        one.said("connected")
    middle = relay(room.here, "one", address, MIDDLE, (address, BACK))
    asker = client(room.here, address, MIDDLE, "say=quick", "block=recvfrom")
    asker.said("blocking")
    record = ends(back, "accept_queue_full")
    assert who(record) == [asker.pid, middle.pid, back.pid]
    assert record["links"][1]["in"] == "connect" and record["links"][1]["verdict"] == "no_answer"
    assert "accept queue is full (2, limit 1)" in record["why"]


def test_a_full_accept_queue_in_another_namespace(room):
    address = of_its_own(room, "198.18.77.4")
    back = full(room.there, address)
    asker = client(room.here, address, BACK)
    assert who(ends(back, "accept_queue_full")) == [asker.pid, back.pid]


def test_a_full_accept_queue_elsewhere(room):
    """Another namespace has the same address, and a full queue: the SYN of ours is lost here. Who asks there waits for it."""
    other = Room()
    try:
        back = full(other.there, room.link.right4)
        asker = client(other.there, room.link.right4, BACK)
        room.there.drop("input", f"tcp dport {BACK}")
        lost, local = client(room.here, room.link.right4, BACK), client(room.there, room.link.right4, BACK)
        wait_until(lambda: {lost.pid, local.pid} <= no_answer(), 20, "SYNs without an answer")
        record = ends(back, "accept_queue_full", waiters=1)
        assert who(record) == [asker.pid, back.pid]
    finally:
        other.close()


def no_answer():
    return {record["pid"] for record in run.findings(run.once("handshakes", "-m", "300ms"), verdict="no_answer")}


def test_one_finding_for_many(room):
    service = Service(room, back="threads")
    service.ask("sleep", count=5)
    record = wait_until(lambda: [one for one in chains(service.back.pid) if one["waiters"] == 5], 20, "5 waiters")[0]
    assert who(record)[1:] == service.pids()[1:]


@pytest.mark.parametrize("gone, verdict", [(False, "unknown"), (True, "remote")])
def test_beyond_this_machine(room, gone, verdict):
    address = of_its_own(room, "198.18.77.2")
    service = Service(room, far=address)
    service.ask("sleep")
    ends(service.back, "blocked")
    room.link.cut()
    service.back.end()
    if gone:
        room.there.delete()
    record = ends(service.middle, verdict)
    assert who(record) == service.pids()[:3]
    assert record["peer_port"] == BACK


def test_a_dead_peer(room):
    service = Service(room, far=room.link.right4)
    room.there.drop("input", f"tcp dport {BACK} tcp flags & (syn|ack) == ack")
    service.ask("sleep")
    record = ends(service.middle, "peer_dead")
    assert who(record)[:3] == service.pids()[:3]


def deadlock(one, two):
    """The records of either; until both have waited for long enough one of them may be the end of the other's chain."""

    def found():
        records = chains(one) or chains(two)
        return [record["verdict"] for record in records] == ["deadlock"] and records

    return wait_until(found, 20, "a deadlock")


def test_a_deadlock(room):
    """Two processes of one thread each ask the other, and neither answers before it has been answered."""
    address = room.link.left4
    one = relay(room.here, "one", address, FRONT, (address, MIDDLE))
    two = relay(room.here, "one", address, MIDDLE, (address, FRONT))
    asker = client(room.here, address, FRONT, "say=quick", "block=recvfrom")
    asker.said("blocking")

    records = deadlock(one.pid, two.pid)
    assert sorted(who(records[0])) == sorted([one.pid, two.pid])
    assert records[0]["waiters"] == 3, "the client waits too"


def test_a_deadlock_over_a_unix_socket(room):
    pair = Stall(room.here, "unix_pair.py", "read")
    words = pair.said("blocking")
    records = deadlock(words["pid"], words["peer"])
    assert sorted(who(records[0])) == sorted([words["pid"], words["peer"]])


@pytest.mark.parametrize("how", ["sleep", "talk", "limit"])
def test_a_quiet_unix_socket_is_no_deadlock(room, how):
    words = Stall(room.here, "unix_pair.py", how).said("blocking")
    wait_until(lambda: run.findings(run.once("readers", "-a"), pid=words["pid"]), 20, "the reader")
    assert not chains(words["pid"]) and not chains(words["peer"])


def nat(namespace, address, asked, port):
    namespace.nft(
        f"table ip sstnat {{\nchain o {{\ntype nat hook output priority -100\n"
        f"ip daddr {asked} tcp dport {port} dnat to {address}:{port}\n}}\n}}\n"
    )


def test_through_address_translation(room):
    """The client asks an address that nobody has."""
    nat(room.here, room.link.right4, "10.99.0.9", BACK)
    room.here.ip("route", "add", "10.99.0.9/32", "via", room.link.right4)
    back = relay(room.there, "one", room.link.right4, BACK)
    asker = client(room.here, "10.99.0.9", BACK, "say=sleep", "block=recvfrom")
    asker.said("blocking")
    record = ends(back, "blocked")
    assert who(record) == [asker.pid, back.pid]
    assert (record["links"][0]["peer_addr"], record["links"][1]["local_addr"]) == ("10.99.0.9", room.link.right4)


def of_its_own(room, address):
    """Gives this address to `there`: one that no other namespace of this machine has, whoever else is at work here."""
    room.there.ip("address", "add", f"{address}/32", "dev", "lo")
    room.here.ip("route", "add", f"{address}/32", "via", room.link.right4)
    return address


def full(namespace, address):
    """Who listens there; the accept queue is full."""
    stall = Stall(namespace, "endpoint.py", f"listen={address},{BACK},1")
    stall.said("listening")
    for _ in range(2):
        client(namespace, address, BACK).said("connected")
    return stall


def test_a_full_accept_queue_behind_address_translation(room):
    address = of_its_own(room, "198.18.77.3")
    nat(room.here, address, "10.99.0.9", BACK)
    room.here.ip("route", "add", "10.99.0.9/32", "via", room.link.right4)
    back = full(room.there, address)
    asker = client(room.here, "10.99.0.9", BACK)
    assert who(ends(back, "accept_queue_full")) == [asker.pid, back.pid]


def test_healthy_traffic(room):
    """Requests that are answered, and connections that are idle between them."""
    service = Service(room, far=room.link.right4)
    idle = client(room.here, room.link.left4, FRONT, "say=quick", "take=5")
    idle.said("took")
    asking = client(room.here, room.link.left4, FRONT, "asks=quick")
    asking.said("asking")
    stream = run.Stream("chains", "-j", "-i", "100ms", "-m", "1s", "-d", "3s")
    stream.process.wait(60 * PATIENCE)
    records = stream.stop()
    pids = {service.front.pid, service.middle.pid, service.back.pid, idle.pid, asking.pid}
    assert not [record for record in run.findings(records) if pids & {record["pid"], *who(record)}]
    assert not [
        record for record in run.findings(run.once("chains", "-m", "1s")) if pids & {record["pid"], *who(record)}
    ]


def test_life_and_replay(room, tmp_path):
    service = Service(room)
    stream = run.Stream("chains", "-j", "-i", "100ms", "-m", "300ms", "--record", tmp_path / "chains.rec")
    service.ask("sleep")
    wait_until(lambda: [r for r in run.matching(stream.records(), pid=service.back.pid) if len(who(r)) == 4], 20, "it")
    opened = run.matching(stream.records(), type="chain", pid=service.back.pid)[0]
    service.back.end()
    closed = stream.wait(20, event="close", id=opened["id"])
    assert closed["links"] == [] or who(closed) == service.pids()
    live = b"".join(stream.lines) if stream.stop() else b""
    again = run.sockstall("replay", "-j", tmp_path / "chains.rec").stdout
    keep = [json.loads(line) for line in live.splitlines()]
    assert [r for r in map(json.loads, again.splitlines()) if r["type"] == "chain"] == [
        r for r in keep if r["type"] == "chain"
    ]


def test_the_table_has_one_readable_line(room):
    service = Service(room)
    service.ask("sleep")
    ends(service.back, "blocked", waiters=1, links=4)
    text = run.sockstall("chains", "-1", "-m", "300ms").stdout.decode()
    assert f"→ python3/{service.front.pid} → python3/{service.middle.pid}/" in text
