# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Listening unix sockets: connections that nobody accepts, and threads that wait in connect() for room in the queue."""

import pytest

import run
from child import PATIENCE, Stall, wait_until
from late import late
from zoo import moment

NAMES = ("path", "abstract")
TYPES = ("stream", "seqpacket")


@pytest.fixture
def name(request, tmp_path):
    return f"@{tmp_path}" if request.param == "abstract" else str(tmp_path / "sock")


def listening(room, name, kind, backlog, accepts="never"):
    server = Stall(room.here, "unix_ends.py", "listen", name, kind, backlog, accepts)
    server.fd = server.said("listening")["fd"]
    return server


def connecting(room, name, kind="stream", then="read"):
    client = Stall(room.here, "unix_ends.py", "connect", name, kind, then)
    client.began = client.said("connecting")["time"]
    return client


def connected(room, name, kind="stream", then="read"):
    client = connecting(room, name, kind, then)
    client.said("connected")
    return client


def is_right_age(record, began):
    """How long ago it began is known from below where the kernel keeps no time of it."""
    age = moment(record["time"]) - began
    slack = 0.3 * PATIENCE + late(began)
    return age - slack < record["age_s"] < age + slack


def check_queued(record, server, client, name, **expect):
    expect = {
        "verdict": "not_accepted",
        "side": "server",
        "stage": "ACCEPT_QUEUE",
        "family": "unix",
        "path": name,
        "fd": server.fd,
        "comm": "python3",
        "peer_pid": client.pid,
        "peer_comm": "python3",
        "bytes_waiting": 5,
        "syn_queue": None,
        "local_addr": None,
        "since": None,
        "age_at_least": True,
        **expect,
    }
    assert {key: record[key] for key in expect} == expect


def once_until(found, *options):
    return wait_until(lambda: found(run.once("handshakes", "-m", "300ms", *options)), 20, "the finding")


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_not_accepted_started_before(room, name, kind):
    """A client that reads tells how long it has waited, also to who has just come."""
    server = listening(room, name, kind, 3)
    client = connected(room, name, kind)

    def found(records):
        return run.findings(records, pid=server.pid, type="handshake")

    record = once_until(found)[0]
    check_queued(record, server, client, name, accept_queue=1, accept_queue_max=3)
    assert is_right_age(record, client.began), record
    assert "has not accepted it" in record["why"] and f"-p {server.pid}" in record["advice"]
    listener = run.only(run.once("handshakes", "-m", "300ms"), pid=server.pid, type="listener")
    assert (listener["verdict"], listener["path"], listener["accept_queue"]) == ("not_accepting", name, 1)
    assert listener["drops"] is listener["half_open"] is None
    client.end()


@pytest.mark.parametrize("name", ["path"], indirect=True)
def test_not_accepted_live(room, name):
    server = listening(room, name, "stream", 3)
    with_poll = connected(room, name, then="poll")  # nothing tells how old it is: it counts from the first look
    stream = run.Stream("handshakes", "-j", "-m", "300ms", "-i", "100ms", "-p", server.pid)
    opened = stream.wait(20, type="handshake", event="open", peer_pid=with_poll.pid)
    check_queued(opened, server, with_poll, name)
    later = connected(room, name)
    second = stream.wait(20, type="handshake", event="open", peer_pid=later.pid)
    assert is_right_age(second, later.began), second
    assert second["accept_queue"] == 2
    server.end()
    stream.wait(20, event="close", id=opened["id"])
    stream.wait(20, event="close", id=second["id"])
    stream.stop()


@pytest.mark.parametrize("name", ["path"], indirect=True)
def test_the_oldest_is_no_younger_than_those_behind_it(room, name):
    server = listening(room, name, "stream", 3)
    first = connected(room, name, then="poll")
    behind = connected(room, name)

    def found(records):
        rows = {r["peer_pid"]: r for r in run.findings(records, pid=server.pid, type="handshake")}
        return rows if len(rows) == 2 else None

    rows = once_until(found)
    assert rows[first.pid]["age_s"] == rows[behind.pid]["age_s"]
    assert is_right_age(rows[behind.pid], behind.began)


@pytest.mark.parametrize("name", ["path"], indirect=True)
def test_a_client_that_has_closed(room, name):
    """Its connection still takes room in the queue."""
    server = listening(room, name, "stream", 3)
    client = connected(room, name, then="closed")
    client.said("done")
    stream = run.Stream("handshakes", "-j", "-m", "300ms", "-i", "100ms", "-p", server.pid)
    check_queued(stream.wait(20, type="handshake", event="open"), server, client, name)
    stream.stop()


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_full_queue(room, name, kind):
    """One more than the limit gets in; the next sleeps in connect()."""
    server = listening(room, name, kind, 1)
    inside = [connected(room, name, kind) for _ in range(2)]
    outside = connecting(room, name, kind)

    def found(records):
        return run.findings(records, pid=outside.pid, type="handshake")

    record = once_until(found)[0]
    expect = {
        "verdict": "accept_queue_full",
        "side": "client",
        "stage": "CONNECT",
        "path": name,
        "peer_pid": server.pid,
        "accept_queue": 2,
        "accept_queue_max": 1,
        "gives_up_s": None,
    }
    assert {key: record[key] for key in expect} == expect
    assert is_right_age(record, outside.began), record
    records = run.once("handshakes", "-m", "300ms")
    listener = run.only(records, pid=server.pid, type="listener")
    assert listener["verdict"] == "accept_queue_full"
    assert "2 connected but not accepted, 1 found no room" in listener["why"]
    queued = {record["peer_pid"] for record in run.findings(records, pid=server.pid, type="handshake")}
    assert queued == {client.pid for client in inside}


def test_full_queue_live(room, tmp_path):
    server = listening(room, tmp_path / "sock", "stream", 0)
    stream = run.Stream("-j", "-m", "300ms", "-i", "100ms", "--netns", room.here.inode)
    connected(room, tmp_path / "sock")
    outside = connecting(room, tmp_path / "sock")
    opened = stream.wait(20, type="handshake", pid=outside.pid, verdict="accept_queue_full")
    assert is_right_age(opened, outside.began)
    listener = stream.wait(20, type="listener", pid=server.pid, verdict="accept_queue_full")
    outside.end()
    stream.wait(20, event="close", id=opened["id"])
    server.end()
    stream.wait(20, event="close", id=listener["id"])
    stream.stop()


@pytest.mark.parametrize("kind", TYPES)
def test_healthy_twins(room, tmp_path, kind):
    """A server that accepts, with clients that wait for their next answer; a stuck one beside it shows that all were looked at."""
    healthy, stuck = tmp_path / "healthy", tmp_path / "stuck"
    server, other = listening(room, healthy, kind, 1, "always"), listening(room, stuck, kind, 5)
    stream = run.Stream("-j", "-m", "300ms", "-i", "100ms", "--netns", room.here.inode)
    clients = [connected(room, healthy, kind) for _ in range(3)]
    for client in clients:
        client.said("done")
    connected(room, stuck, kind)
    stream.wait(20, type="handshake", pid=other.pid)
    listener = run.only(run.once("handshakes", "-a", "-p", server.pid), type="listener")
    assert (listener["verdict"], listener["accept_queue"], listener["accept_queue_max"]) == ("ok", 0, 1)
    records = stream.stop()
    for pid in [server.pid, *[client.pid for client in clients]]:
        assert not run.findings(records, pid=pid)
        assert not run.findings(records, peer_pid=pid)


def test_hostile_names(room):
    """An abstract name may hold any bytes: it is text, in one line, and no other listener's."""
    name = b"\0a\0b\n\x1b[2Jsockstall\xff" + b"x" * 80
    server = listening(room, f"hex:{name.hex()}", "stream", 5)
    client = connected(room, f"hex:{name.hex()}")
    record = once_until(lambda records: run.findings(records, pid=server.pid, type="handshake"))[0]
    assert record["path"].startswith("@a@b") and record["path"].endswith("x" * 80)
    assert record["peer_pid"] == client.pid
    done = run.sockstall("handshakes", "-1", "-m", "300ms", "-p", server.pid)
    assert b"\x1b" not in done.stdout and b"@a@b" in done.stdout


def test_two_listeners_of_one_path(room, tmp_path):
    """The file was unlinked and bound anew: each has its own queue."""
    path = tmp_path / "sock"
    old = listening(room, path, "stream", 5)
    connected(room, path)
    path.unlink()
    new = listening(room, path, "stream", 5)
    record = once_until(lambda records: run.findings(records, pid=old.pid, type="listener"))[0]
    assert record["accept_queue"] == 1
    assert not run.findings(run.once("handshakes", "-m", "300ms"), pid=new.pid)


def test_end_refuses_it(room, tmp_path):
    """sock_diag ends no unix sockets."""
    server = listening(room, tmp_path / "sock", "stream", 5)
    connected(room, tmp_path / "sock")
    record = once_until(lambda records: run.findings(records, pid=server.pid, type="handshake"))[0]
    done = run.sockstall("end", record["id"], "--yes")
    assert done.returncode == 1 and done.stderr and not done.stdout, done


def test_filters(room, tmp_path):
    server = listening(room, tmp_path / "sock", "stream", 5)
    client = connected(room, tmp_path / "sock")
    once_until(lambda records: run.findings(records, pid=server.pid, type="handshake"))
    for pid in server.pid, client.pid:
        assert run.findings(run.once("handshakes", "-m", "300ms", "-p", pid), peer_pid=client.pid)
    assert not run.findings(run.once("handshakes", "-m", "300ms", "--port", "1-65535"), pid=server.pid)


def services_of(room, *options):
    return run.once(*options, "-m", "300ms", "--netns", room.here.inode)


@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_services(room, name):
    """A row for each, with its queue; what its connections wait for cannot be seen."""
    server = listening(room, name, "stream", 3, "always")
    connected(room, name, then="read").end()
    record = wait_until(lambda: run.findings(services_of(room, "services"), pid=server.pid), 10, "its row")[0]
    assert (record["verdict"], record["path"], record["family"]) == ("ok", name, "unix")
    assert (record["accept_queue"], record["accept_queue_max"]) == (0, 3)
    assert record["local_addr"] is record["connections"] is record["pending"] is record["syn_queue"] is None
    assert not run.matching(services_of(room), type="service"), "as of TCP, the overview has only what is stuck"


@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_a_service_that_does_not_accept(room, stream, name):
    server = listening(room, name, "stream", 3)
    twin = listening(room, name + "2", "stream", 3)
    live = stream("services", "-j", "-m", "300ms", "-i", "100ms", "--netns", room.here.inode)
    client = connected(room, name)
    opened = live.wait(20, type="service", pid=server.pid, event="open")
    assert (opened["verdict"], opened["path"], opened["accept_queue"]) == ("not_answering", name, 1)
    before = services_of(room, "services")
    record = run.only(before, pid=server.pid)
    assert record["verdict"] == "not_answering"
    # Behind the last hyphen is when it began, which is known at least.
    assert record["id"].rpartition("-")[0] == opened["id"].rpartition("-")[0]
    assert "has not accepted" in record["why"] and is_right_age(record, client.began)
    assert run.only(before, pid=twin.pid)["verdict"] == "ok"
    overview = services_of(room)
    assert not run.matching(overview, type="service"), "one connection, one finding"
    assert run.only(overview, type="listener", pid=server.pid)["verdict"] == "not_accepting"
    client.end()
    server.end()
    live.wait(20, type="service", id=opened["id"], event="close")
    assert not [one for one in run.matching(live.records(), pid=twin.pid) if one["event"]]
