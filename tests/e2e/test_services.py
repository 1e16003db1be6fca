# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Services: what is counted of each, and which have stopped answering and why; each beside a healthy twin."""

import os
import signal

import pytest

import cgroups
import run
from child import Stall, stop_process, wait_until
from test_metrics import value

PORT, BEHIND = 7001, 7002
AGE = 2  # --min-age of these tests, seconds


class Service:
    """A server in the room, and its clients in the other namespace."""

    def __init__(self, room, how="threads", behind=None, port=PORT):
        self.room = room
        self.where = f"{room.link.left4},{port}"
        more = [] if behind is None else [behind.where]
        self.server = Stall(room.here, "service.py", self.where, how, *more)
        self.words = self.server.said("listening")
        self.who = {"type": "service", "netns": room.here.inode, "local_port": port}
        self.clients = []

    def asked_by(self, count, every=0.2, letter="q", *how):
        clients = Stall(self.room.there, "asks.py", self.where, count, every, letter, *how)
        self.clients.append(clients)
        clients.said("served")
        return clients

    @property
    def pid(self):
        return self.server.pid

    def stop(self):
        stop_process(self.pid)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def look(self, *options):
        """It at one look."""
        return run.only(run.once("services", "-m", AGE, "--netns", self.room.here.inode, *options), **self.who)

    def becomes(self, verdict, *options):
        def look():
            record = self.look(*options)
            return record if record["verdict"] == verdict else None

        return wait_until(look, AGE + 10, f"{verdict} of {self.where}")

    def stays(self, *others, verdict="ok"):
        """Its verdict once others that are stuck are shown as that, and so would it be."""
        for other, wanted in others:
            other.becomes(wanted)
        record = self.look()
        assert record["verdict"] == verdict, record
        return record


def clients_ask(clients, letter, count):
    clients.tell(f"{letter} {count}")
    clients.said("asked")


# ---- What is counted ----


def test_counts(room):
    service = Service(room)
    clients = service.asked_by(3, 0.05)
    with_rates = run.Stream("services", "-a", "-j", "--netns", room.here.inode, "-i", "200ms")
    record = with_rates.wait(10, **service.who, connections=3)
    busy = wait_until(
        lambda: [
            record
            for record in run.matching(with_rates.records(), **service.who)
            if (record["answers_per_s"] or 0) > 4 and (record["requests_per_s"] or 0) > 4
        ],
        10,
        "answers",
    )
    with_rates.stop()
    assert record["verdict"] == "ok" and record["event"] is None and record["id"] is None
    assert record["pid"] == service.pid and record["comm"] == "python3"
    assert record["local_addr"] == room.link.left4 and record["peer_addr"] is None
    assert (record["accept_queue"], record["accept_queue_max"], record["syn_queue"]) == (0, 16, 0)
    # Three clients that pause for 0.05 s and more after each answer.
    assert all(record["answers_per_s"] <= 60 for record in busy)
    assert 0 <= record["last_answer_s"] < 60
    clients_ask(clients, "s", 2)
    waiting = wait_until(lambda: (lambda r: r["pending"] == 2 and r)(service.look()), 10, "two that wait")
    assert waiting["verdict"] == "ok" and waiting["oldest_pending_s"] > 0


def test_wildcards_and_shared_ports(room):
    """A connection is counted at the address that its listener has."""
    everywhere = Service(room)
    named = Service(room, port=PORT + 1)
    everywhere.asked_by(2)
    named.asked_by(3)
    assert everywhere.look()["connections"] == 2
    assert named.look()["connections"] == 3


def test_metrics(room, stream, tmp_path):
    service = Service(room)
    service.asked_by(3)
    stream("metrics", "--textfile", tmp_path, "-i", "100ms", "--netns", room.here.inode)

    def metric(name):
        return value(tmp_path, f"sockstall_service_{name}", port=str(PORT), address=room.link.left4, comm="python3")

    service.stop()
    wait_until(lambda: metric("pending") == 3 and metric("oldest_pending_seconds") > 1, 10, "three that wait")
    assert metric("last_answer_seconds") > 1
    assert value(tmp_path, "sockstall_services") >= 1
    service.go_on()
    wait_until(lambda: metric("last_answer_seconds") < 0.5 and metric("oldest_pending_seconds") < 0.5, 10, "answers")


# ---- Stuck, and healthy twins ----


def test_stopped(room):
    """All clients wait for a process that is stopped; its twin is under load, and one client of many waits long."""
    stopped, twin = Service(room), Service(room, port=PORT + 1)
    stopped.asked_by(4)
    clients_ask(twin.asked_by(4), "s", 1)
    live = run.Stream("-j", "-m", AGE, "--netns", room.here.inode)
    stopped.stop()
    record = stopped.becomes("not_answering")
    assert record["pid"] == stopped.pid and record["cause"] == "stopped", record
    assert record["pending"] == record["connections"] == 4
    assert record["age_s"] >= AGE and record["oldest_pending_s"] >= AGE and record["last_answer_s"] >= AGE
    assert "is stopped by a signal or a debugger" in record["why"] and "kill -CONT" in record["advice"]
    opened = live.wait(15, **stopped.who, event="open")
    assert (opened["verdict"], opened["pid"]) == ("not_answering", stopped.pid)
    assert twin.look()["pending"] >= 1
    stopped.go_on()
    live.wait(15, event="close", id=opened["id"])
    assert not run.matching(live.stop(), **twin.who)
    assert twin.look()["verdict"] == "ok"


def test_stopped_when_it_had_read_the_question(room):
    """Its only client asked at once after an answer; the twin's has acknowledged something long before the stop."""
    stopped, twin = Service(room), Service(room, port=PORT + 1)
    asking, subscribed = stopped.asked_by(1, 0), twin.asked_by(1)
    clients_ask(subscribed, "u", 1)

    def acknowledged():
        record = twin.look()
        return record["pending"] and record["last_answer_s"] - record["oldest_pending_s"] < 0.1

    wait_until(acknowledged, 20, "an acknowledgement of what was pushed")
    twin.server.tell("quiet")
    twin.server.said("quiet")
    wait_until(lambda: (twin.look()["oldest_pending_s"] or 0) > 1, 20, "an old acknowledgement")
    twin.stop()
    live = run.Stream("-j", "-m", AGE, "--netns", room.here.inode)
    asking.tell("z 1")
    opened = live.wait(20, **stopped.who, event="open")
    assert (opened["verdict"], opened["cause"], opened["pid"]) == ("not_answering", "stopped", stopped.pid), opened
    record = stopped.becomes("not_answering")
    assert record["cause"] == "stopped" and record["pending"] == record["connections"] == 1, record
    assert twin.stays((stopped, "not_answering"))["oldest_pending_s"] > AGE
    stopped.go_on()
    live.wait(15, event="close", id=opened["id"])
    assert not run.matching(live.stop(), **twin.who)
    twin.go_on()


def test_a_log_owes_nothing(room):
    log, stuck = Service(room), Service(room, port=PORT + 1)
    stuck.asked_by(2)
    clients = Stall(room.there, "asks.py", log.where, 3, 0.2, "n")
    clients.said("served")
    stuck.stop()
    record = log.stays((stuck, "not_answering"))
    assert record["connections"] == 3 and record["pending"] is None and record["last_answer_s"] is None


def test_a_log_that_is_not_read(room):
    """One cause is one finding: it is that of its connections, and the service's own only where services are asked for."""
    log = Service(room)
    clients = [Stall(room.there, "endpoint.py", f"connect={log.where}") for _ in range(2)]
    for client in clients:
        client.said("connected")
    wait_until(lambda: log.look()["connections"] == 2, 10, "two that it has accepted")
    log.stop()
    for client in clients:
        client.tell("send=5")
        client.said("sent")
    record = log.becomes("not_read")
    assert record["cause"] == "stopped" and record["pid"] == log.pid, record

    def unread():
        found = run.findings(run.once("-m", AGE, "--netns", room.here.inode), pid=log.pid)
        assert {one["type"] for one in found} <= {"reader"}, found
        return found if len(found) == 2 else None

    assert {one["verdict"] for one in wait_until(unread, 20, "both connections")} == {"not_read"}


class Live:
    """Looks at one service that have seen it answer: only so a wait that is longer than ever shows."""

    def __init__(self, service, *options):
        self.service = service
        self.stream = run.Stream(
            "services", "-a", "-j", "-m", AGE, "-i", "200ms", "--netns", service.room.here.inode, *options
        )
        wait_until(lambda: len(self.rows("ok", lambda row: row["answers_per_s"])) > 8, 30, "answers")

    def rows(self, verdict, which=lambda row: True):
        found = run.matching(self.stream.records(), **self.service.who)
        return [row for row in found if row["verdict"] == verdict and which(row)]

    def becomes(self, verdict, **wanted):
        return self.stream.wait(60, **self.service.who, verdict=verdict, **wanted)

    def end(self):
        return run.matching(self.stream.stop(), **self.service.who)


def test_waits_for_another(room):
    """All its threads await a service that is stopped; its twins have long polls, and one slow request alone."""
    behind = Service(room, port=BEHIND)
    stuck = Service(room, behind=behind)
    polls, slow = Service(room, port=PORT + 3), Service(room, port=PORT + 4)
    asking = stuck.asked_by(3)
    clients_ask(asking, "d", 3)
    wait_until(lambda: behind.look()["connections"] == 3, 10, "its connections to the other")
    clients_ask(polls.asked_by(3), "p", 3)
    clients_ask(slow.asked_by(1), "s", 1)
    behind.stop()
    record = stuck.becomes("not_answering")
    assert (record["cause"], record["awaits"]) == ("peer", 3), record
    assert (record["awaits_addr"], record["awaits_port"]) == (room.link.left4, BEHIND)
    assert record["awaits_oldest_s"] >= 0 and "it waits for an answer on 3 connections" in record["why"]
    assert "most likely" not in record["why"]
    for twin in polls, slow:
        healthy = twin.look()
        assert healthy["verdict"] == "ok" and healthy["oldest_pending_s"] >= AGE, healthy


def test_waits_for_a_silent_one(room):
    """That reads lasts proves nothing, as of the twin's subscriptions; but longer than ever, when looks saw answers, does."""
    behind = Service(room, port=BEHIND)
    stuck = Service(room, behind=behind)
    twin = Service(room, port=PORT + 3, behind=behind)
    asking = stuck.asked_by(3)
    clients_ask(twin.asked_by(3), "b", 3)
    clients_ask(asking, "d", 3)
    live = Live(stuck)
    behind.server.tell("silent")
    behind.server.said("silent")
    record = live.becomes("not_answering")
    assert (record["cause"], record["awaits_port"]) == ("peer", BEHIND), record
    assert "longer than ever" in record["why"] and "most likely" in record["why"], record
    live.end()
    wait_until(lambda: twin.look()["oldest_pending_s"] > 2 * AGE, 30, "old questions")
    assert twin.look()["verdict"] == "ok"
    overview = run.once("-m", AGE, "--netns", room.here.inode)
    assert not run.matching(overview, **twin.who), overview


def test_clients_that_ask_again_at_once(room):
    """
    All of them asked when it last answered, and so acknowledge the twin's subscribers what it pushed last. One of the twin's
    clients waits as the others do: that is no reason for what the subscribers got.
    """
    behind = Service(room, port=BEHIND)
    stuck = Service(room, behind=behind)
    twin = Service(room, port=PORT + 3, behind=behind)
    asking, others = stuck.asked_by(3, 0), twin.asked_by(4)
    clients_ask(others, "d", 1)
    clients_ask(asking, "d", 3)
    subscribed = twin.asked_by(3)
    clients_ask(subscribed, "u", 3)
    live = run.Stream("-j", "-m", AGE, "--netns", room.here.inode)
    behind.stop()
    twin.server.tell("quiet")
    twin.server.said("quiet")
    record = stuck.becomes("not_answering")
    assert (record["cause"], record["awaits"], record["pending"]) == ("peer", 3, 3), record
    assert record["age_s"] >= AGE and abs(record["age_s"] - record["last_answer_s"]) < 0.6, record
    live.wait(15, **stuck.who, event="open", verdict="not_answering")
    record = behind.becomes("not_answering")
    assert record["cause"] == "stopped", record
    assert twin.look()["verdict"] == "ok"
    assert not run.matching(live.stop(), **twin.who)


def test_its_queue_is_not_emptied(room):
    """Its connections end with each answer: looks hardly see one that was answered, but what its workers wait for."""
    behind = Service(room, port=BEHIND)
    stuck, twin = Service(room, "once=2", behind=behind), Service(room, "once=2", port=PORT + 3, behind=behind)
    stuck.asked_by(4, 0.05, "d", "once")
    twin.asked_by(4, 0.05, "q", "once")
    behind.stop()
    record = stuck.becomes("not_answering")
    assert record["pid"] in stuck.words["workers"] and record["accept_queue"] >= 1, record
    assert (record["cause"], record["awaits"], record["awaits_port"]) == ("peer", 1, BEHIND), record
    assert "most likely" not in record["why"] and "has not accepted the oldest connection" in record["why"], record
    assert twin.look()["verdict"] == "ok"


def test_frozen(room, freezer):
    stuck, twin = Service(room), Service(room, port=PORT + 1)
    stuck.asked_by(3)
    twin.asked_by(3)
    freezer.add(stuck.pid)
    freezer.freeze()
    record = stuck.becomes("not_answering")
    assert record["cause"] == "frozen" and "is frozen with its control group" in record["why"], record
    assert twin.look()["verdict"] == "ok"


def test_its_loop_is_stalled(room):
    """A handler that sleeps in the only thread of the loop; its twin's loop goes on."""
    stuck, twin = Service(room, "loop"), Service(room, "loop", port=PORT + 1)
    asking = stuck.asked_by(3)
    twin.asked_by(3)
    clients_ask(asking, "s", 1)
    record = stuck.becomes("not_answering")
    assert record["cause"] == "loop" and "its event loop has been asleep in" in record["why"], record
    assert twin.look()["verdict"] == "ok"


def test_its_threads_are_in_a_mutex(room):
    stuck, twin = Service(room), Service(room, port=PORT + 1)
    asking, others = stuck.asked_by(3), twin.asked_by(3)
    stuck.server.tell("hold-mutex")
    stuck.server.said("hold-mutex")
    clients_ask(others, "m", 3)
    clients_ask(asking, "m", 3)
    record = stuck.becomes("not_answering")
    assert record["cause"] == "lock" and "3 of its" in record["why"], record
    assert twin.look()["verdict"] == "ok"


def test_its_threads_are_in_a_lock(room):
    """Such a lock looks like a condition variable: only looks that saw it answer tell."""
    stuck = Service(room)
    asking = stuck.asked_by(3)
    live = Live(stuck)
    stuck.server.tell("hold")
    stuck.server.said("hold")
    clients_ask(asking, "l", 3)
    record = live.becomes("not_answering", cause="lock")
    assert "3 of its" in record["why"], record
    assert stuck.look()["verdict"] == "ok"
    stuck.server.tell("free")
    live.becomes("ok")
    live.end()


def test_it_computes(room):
    """One request keeps all its threads from running; its twin answers beside a thread that computes as much."""
    stuck = Service(room)
    asking = stuck.asked_by(3)
    live = Live(stuck)
    clients_ask(asking, "c", 1)
    record = live.becomes("not_answering", cause="cpu")
    assert "most likely because it computes" in record["why"], record
    live.end()


def test_its_quota_is_used_up(room):
    """It computes, but is kept from that most of the time: raising the quota is the first thing to do."""
    mount = cgroups.quota()
    if not mount:
        pytest.skip("no cgroup hierarchy here gives CPU quotas")
    stuck = Service(room)
    asking = stuck.asked_by(3)
    group = cgroups.Quota(mount)
    try:
        live = Live(stuck)
        group.limit(2000)  # less than its share of a busy machine
        group.add(stuck.server.pid)
        clients_ask(asking, "c", 1)
        record = live.becomes("not_answering", cause="throttled")
        assert "cpu.max 2 ms of each 100 ms" in record["why"], record
        live.end()
    finally:
        group.delete()
