# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Chains beside everything else: in each -1 of the overview, in its stream, in what it records."""

import pytest

import run
from child import Stall, wait_until
from test_chains import FRONT, Service, client, relay, who
from zoo import Room

STUCK, FULL, ROOM = 7911, 7912, 7913


def chains(pid, *options):
    return run.findings(run.once("-m", "300ms", *options), type="chain", pid=pid)


def test_once(room):
    """The chain stands beside the reader at its beginning, whatever the filter; once, also with --all."""
    service = Service(room, far=room.link.right4)
    service.ask("sleep")
    record = wait_until(lambda: [one for one in chains(service.back.pid) if len(who(one)) == 4], 20, "a chain")[0]
    assert (record["verdict"], record["waiters"], who(record)) == ("blocked", 1, service.pids())
    for pid in service.pids():
        found = run.findings(run.once("-m", "300ms", "-p", pid), type="chain")
        assert [one["pid"] for one in found] == [service.back.pid]
    records = run.once("-m", "300ms", "-a")
    assert len(run.findings(records, type="chain", pid=service.back.pid)) == 1
    assert not [one for one in run.findings(records, type="chain") if one["verdict"] in ("idle", None)]
    assert run.findings(records, type="reader", pid=service.clients[0].pid)
    # In text, too.
    done = run.sockstall("-m", "300ms", "-1", "-p", service.back.pid)
    assert f"/{service.back.pid}".encode() in done.stdout and done.stdout.startswith(b"1 cause")


def test_in_one_namespace(room):
    """It leads out of the namespace that is asked for."""
    service = Service(room, far=room.link.right4)
    service.ask("sleep")
    wait_until(lambda: chains(service.back.pid, "--netns", room.here.inode), 20, "a chain that ends elsewhere")
    done = run.sockstall("-m", "300ms", "-1", "-j", "--netns", "self")
    assert done.returncode == 0 and not run.findings(run.parse(done.stdout), type="chain")


def test_healthy_traffic(room):
    service = Service(room, far=room.link.right4)
    idle = client(room.here, room.link.left4, FRONT, "say=quick", "take=5")
    idle.said("took")
    asking = client(room.here, room.link.left4, FRONT, "asks=quick")
    asking.said("asking")
    stuck = relay(room.here, "one", room.link.left4, STUCK)
    client(room.here, room.link.left4, STUCK, "say=sleep", "block=recvfrom").said("blocking")
    wait_until(lambda: chains(stuck.pid, "-m", "1s"), 20, "a chain of the twin that is stuck")
    records = run.once("-m", "1s", "-a")
    pids = {service.front.pid, service.middle.pid, service.back.pid, idle.pid, asking.pid}
    assert run.findings(records, type="chain")
    assert not [one for one in run.findings(records, type="chain") if pids & {one["pid"], *who(one)}]


@pytest.mark.parametrize("recorded", [False, True])
def test_life_and_replay(room, tmp_path, recorded):
    """Chains open and close like the rest, and stay open through looks that have none."""
    recording = tmp_path / "looks"
    options = ["--record", recording] if recorded else []
    service = Service(room)
    stream = run.Stream("-j", "-i", "100ms", "-m", "300ms", *options)
    service.ask("sleep")
    opened = stream.wait(20, type="chain", pid=service.back.pid, event="open")
    for one in service.clients:
        one.end()
    service.back.end()
    stream.wait(20, type="chain", id=opened["id"], event="close")
    records = stream.stop()
    life = run.matching(records, type="chain", id=opened["id"])
    assert [one["event"] for one in life][:: len(life) - 1] == ["open", "close"]
    if recorded:
        replayed = run.parse(run.sockstall("replay", recording, "-j").stdout)
        assert run.matching(replayed, type="chain", id=opened["id"]) == life


def test_nothing_is_lost_for_it(room):
    """What only chains read, and lost, is not told where they are not what was asked for."""
    service = Service(room)
    service.ask("sleep")
    stream = run.Stream("-j", "-i", "100ms", "-m", "300ms")
    stream.wait(20, type="chain", pid=service.back.pid)
    lost = run.matching(stream.stop(), type="lost")
    assert not [one for one in lost if one["where"] in ("owners", "notes", "threads")], lost


def listener(room, port, backlog):
    stall = Stall(room.here, "endpoint.py", f"listen={room.link.left4},{port},{backlog}")
    stall.said("listening")
    return stall


def hanging(records, cause):
    return [record for record in records if record.get("cause_id") == cause["id"]]


class FullQueue:
    """A process that does not accept, three clients in its queue, and three that do not get in; and a twin with room."""

    def __init__(self, room):
        self.room = room
        self.full, self.healthy = listener(room, FULL, 2), listener(room, ROOM, 16)
        address = room.link.left4
        self.inside = Stall(room.there, "endpoint.py", *[f"connect={address},{FULL}"] * 3)
        self.inside.said("connected")
        wait_until(lambda: self.queued() == 3, 20, "a queue that is full")
        self.outside = [client(room.there, address, FULL) for _ in range(3)]
        self.pids = {one.pid for one in self.outside}
        self.records = wait_until(self._all_hang, 30, "all of them hanging on the listener")

    def queued(self):
        records = run.once("handshakes", "-a", "--netns", self.room.here.inode)
        return run.only(records, type="listener", local_port=FULL)["accept_queue"]

    def look(self):
        return run.once("-m", "300ms", "-p", self.full.pid, "-p", self.healthy.pid, *self.outside_options())

    def outside_options(self):
        return [word for pid in sorted(self.pids) for word in ("-p", pid)]

    def cause(self, records):
        return run.only(records, type="listener", pid=self.full.pid)

    def _all_hang(self):
        records = self.look()
        found = run.findings(records, type="listener", pid=self.full.pid)
        return found and self.pids <= {one["pid"] for one in hanging(records, found[0])} and records


@pytest.fixture(scope="module")
def full_queue():
    with_room = Room()
    yield FullQueue(with_room)
    with_room.close()


def test_a_full_queue_is_one_cause(full_queue):
    records = full_queue.records
    cause = full_queue.cause(records)
    assert (cause["verdict"], cause["cause_id"]) == ("accept_queue_full", None)
    others = [record for record in records if record["type"] in run.STALLED and record is not cause]
    assert {record["cause_id"] for record in others} == {cause["id"]}
    kinds = {(record["type"], record["verdict"]) for record in others}
    assert {("handshake", "not_accepted"), ("handshake", "no_answer")} <= kinds, kinds
    assert records[1] is cause, "it comes first"


def test_who_cannot_connect_is_told_to_whom(full_queue):
    for pid in full_queue.pids:
        (record,) = run.findings(full_queue.records, type="handshake", pid=pid)
        assert (
            f"(pid {full_queue.full.pid}) listens there, on this machine; its accept queue is full" in record["advice"]
        )
        assert record["advice"].endswith(f"sockstall threads -p {full_queue.full.pid}")


def test_the_overview_opens_with_it(full_queue):
    done = run.sockstall("-1", "-m", "300ms", "-p", full_queue.full.pid, *full_queue.outside_options())
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("1 cause, and ") and "no known cause" not in lines[0], lines
    place = f"{full_queue.room.link.left4}:{FULL}"
    assert lines[2].startswith(f"accept_queue_full  python3/{full_queue.full.pid}  {place}: 6 wait, the oldest for ")
    assert lines[3].startswith("  the accept queue is full (3, limit 2)")
    # Alone on its line, to be copied.
    assert lines[5] == f"  sockstall threads -p {full_queue.full.pid}", lines
    assert any(line.startswith("    3 handshakes of python3, 3 processes: no_answer for ") for line in lines), lines
    assert not any("VERDICT" in line for line in lines), "nothing else is left for a table"


def test_each_with_no_fold(full_queue):
    done = run.sockstall("-1", "--no-fold", "-m", "300ms", "-p", full_queue.full.pid, *full_queue.outside_options())
    text = done.stdout.decode()
    assert text.startswith("1 cause, and ") and "handshakes\n" in text
    assert all(f"python3/{pid}" in text for pid in full_queue.pids)


def test_a_twin_with_room(full_queue):
    done = run.sockstall("-1", "-m", "300ms", "-p", full_queue.healthy.pid)
    assert done.stdout.startswith(b"nothing is stuck"), done.stdout


@pytest.mark.parametrize("kind", ["spins", "polls"])
def test_who_holds_the_pipe_of_its_commands(room, kind):
    """Two children read the commands of one parent, which is busy; one has been asked, and nobody waits for its twin."""
    address = room.link.left4
    parent = Stall(room.here, "pipes.py", kind, f"{address},{STUCK}")
    server, twin = parent.said("listening")["children"]
    asker = client(room.here, address, STUCK, "say=please", "block=recvfrom")
    asker.said("blocking")
    stream = run.Stream("-j", "-i", "100ms", "-m", "300ms", "-p", server, "-p", twin)
    stream.wait(20, type="chain", pid=server, verdict="blocked", event="open")
    for _ in range(5):
        assert [who(one) for one in chains(server)] == [[asker.pid, server]]
        assert not chains(parent.pid)
        done = run.sockstall("-1", "-m", "300ms", "-p", twin)
        assert done.stdout.startswith(b"nothing is stuck"), done.stdout
    assert not [
        one for one in run.matching(stream.stop(), type="chain") if {parent.pid, twin} & {one["pid"], *who(one)}
    ]


def test_readers_hang_on_the_end(room):
    """Through a loop and threads; and in a stream each says so."""
    service = Service(room, far=room.link.right4)
    stream = run.Stream("-j", "-a", "-i", "100ms", "-m", "300ms")
    service.ask("sleep", 2)

    def ends():
        return {record["id"] for record in run.matching(stream.records(), type="chain", pid=service.back.pid)}

    def each_says_so():
        rows = [run.matching(stream.records(), type="reader", pid=one.pid) for one in service.clients]
        return all(of_one and of_one[-1]["cause_id"] in ends() for of_one in rows)

    def all_hang():
        records = run.once("-m", "300ms")
        found = run.findings(records, type="chain", pid=service.back.pid)
        waiting = {one["pid"] for one in hanging(records, found[0])} if found else set()
        return {*(one.pid for one in service.clients), service.middle.pid} <= waiting

    wait_until(all_hang, 20, "readers that hang on the end of their chain")
    stream.wait(20, type="chain", pid=service.back.pid, event="open")
    wait_until(each_says_so, 20, "the same in the stream")
    for one in service.clients:
        one.end()
    for one in service.clients:
        stream.wait(20, type="reader", pid=one.pid, event="close")
    records = stream.stop()
    for one in service.clients:
        closed = run.matching(records, type="reader", pid=one.pid, event="close")
        assert closed and {record["cause_id"] for record in closed} <= ends(), (closed, ends())
