# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Waits for a DNS server's answer, in each way that resolvers wait; live and started before."""

import pytest

import run
from child import PATIENCE, Stall, wait_until
from late import late
from zoo import moment

WAYS = ("poll", "epoll", "recv")


def serving(room, after):
    server = Stall(room.there, "dns.py", "serve", room.link.right4, after)
    server.said("serving")
    return server


def asking(room, how):
    client = Stall(room.here, "dns.py", "ask", room.link.right4, how)
    client.began = client.said("asking")["time"]
    return client


def check(record, room, client, how):
    expect = {
        "type": "reader",
        "kind": "dns",
        "verdict": "no_dns_answer",
        "waiter": "loop" if how == "epoll" else "thread",
        "peer_addr": room.link.right4,
        "peer_port": 53,
        "tid": client.pid,
    }
    assert {key: record[key] for key in expect} == expect
    age = moment(record["time"]) - client.began
    slack = 0.3 * PATIENCE + late(client.began)
    assert age - slack < record["age_s"] < age + slack, (age, record)
    assert f"{room.link.right4}:53 has not answered" in record["why"]


@pytest.mark.parametrize("how", WAYS)
def test_live(room, how):
    serving(room, "never")
    stream = run.Stream("readers", "-j", "-i", "200ms", "--netns", room.here.inode)
    client = asking(room, how)
    opened = stream.wait(20, pid=client.pid, event="open")
    check(opened, room, client, how)
    assert opened["age_s"] >= 2
    client.end()
    stream.wait(20, event="close", id=opened["id"])
    stream.stop()


@pytest.mark.parametrize("how", ("poll", "recv"))
def test_started_before(room, how):
    serving(room, "never")
    client = asking(room, how)
    found = wait_until(lambda: run.findings(run.once("readers"), pid=client.pid), 20, "the reader")
    check(found[0], room, client, how)


def test_which_try_it_is(room):
    """The question goes on, with the same id, when the resolver asks again."""
    serving(room, "never")
    stream = run.Stream("-j", "-i", "200ms", "--netns", room.here.inode)
    client = asking(room, "poll")
    opened = stream.wait(20, pid=client.pid, event="open")
    assert opened["dns_try"] == 1
    client.said("asked again", timeout=20)
    again = wait_until(lambda: run.findings(stream.records(), id=opened["id"], dns_try=2), 20, "the second try")[-1]
    assert again["age_s"] > 4.5
    stream.stop()


@pytest.mark.parametrize("how", WAYS)
def test_an_answer_after_half_a_second(room, how):
    """A twin beside one that is stuck: by then both were looked at."""
    server = serving(room, "0.5")
    stream = run.Stream("-j", "-i", "100ms", "--netns", room.here.inode)
    client = asking(room, how)
    client.said("done")
    server.end()
    serving(room, "never")
    stuck = asking(room, how)
    stream.wait(20, pid=stuck.pid, verdict="no_dns_answer")
    assert not run.findings(stream.stop(), pid=client.pid)


@pytest.mark.parametrize("how", ("idle", "moved-on"))
def test_nobody_waits(room, how):
    serving(room, "0")
    stream = run.Stream("-j", "-i", "100ms", "--netns", room.here.inode)
    client = Stall(room.here, "dns.py", "ask", room.link.right4, how)
    client.said("done")
    other = Stall(room.there, "dns.py", "serve", "127.0.0.1", "never")
    other.said("serving")
    stuck = Stall(room.there, "dns.py", "ask", "127.0.0.1", "poll")
    stuck.said("asking")
    wait_until(lambda: run.findings(run.once(), pid=stuck.pid), 20, "another that is stuck")
    assert not run.findings(run.once(), pid=client.pid)
    assert not run.findings(stream.stop(), pid=client.pid)
