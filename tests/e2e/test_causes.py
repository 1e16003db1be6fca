# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Chains beside everything else: in each -1 of the overview, in its stream, in what it records."""

import pytest

import run
from child import wait_until
from test_chains import FRONT, Service, client, relay, who

STUCK = 7911


def chains(pid, *options):
    return run.findings(run.once("-m", "300ms", *options), type="chain", pid=pid)


def test_once(room):
    """The chain stands beside the reader at its beginning, whatever the filter; once, also with --all."""
    service = Service(room, far=room.link.right4)
    service.ask("sleep")
    record = wait_until(lambda: [one for one in chains(service.back.pid) if one["waiters"] == 3], 20, "a chain")[0]
    assert (record["verdict"], who(record)) == ("blocked", service.pids())
    for pid in service.pids():
        found = run.findings(run.once("-m", "300ms", "-p", pid), type="chain")
        assert [one["pid"] for one in found] == [service.back.pid]
    records = run.once("-m", "300ms", "-a")
    assert len(run.findings(records, type="chain", pid=service.back.pid)) == 1
    assert not [one for one in run.findings(records, type="chain") if one["verdict"] in ("idle", None)]
    assert run.findings(records, type="reader", pid=service.clients[0].pid)
    # In text, too.
    done = run.sockstall("-m", "300ms", "-1", "-p", service.back.pid)
    assert f"/{service.back.pid}".encode() in done.stdout and b"chain" in done.stdout.lower()


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
    wait_until(lambda: chains(stuck.pid), 20, "a chain of the twin that is stuck")
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
