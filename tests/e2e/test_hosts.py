# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Recordings of several hosts, replayed as one."""

import datetime
import json
import re
import struct

import pytest

import run
from child import PATIENCE, Child
from recordings import chunk, chunks, edited
from scene import block, waiting_client
from zoo import Room


def replay(*arguments):
    """All records; each host has its own first and last."""
    done = run.sockstall("replay", *arguments, "-j")
    assert done.returncode == 0, done.stderr
    records = [run.parse_line(line) for line in done.stdout.splitlines(keepends=True)]
    run.check_lives([record for record in records if record.get("event")])
    return records


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Two recordings of one stall, as if of two hosts: the second begins later, and sees it end."""
    folder = tmp_path_factory.mktemp("hosts")
    room = Room()
    reader = block(waiting_client(room, 5061, room.link.right4))
    paths = [folder / "web.rec", folder / "db.rec"]
    live = []
    for path in paths:
        live.append(run.Stream("-j", "-i", "200ms", "--host", path.stem, "--netns", room.here.name, "--record", path))
        live[-1].wait(10, event="open", pid=reader.pid)
    live[0].stop()
    reader.peer.tell("send=1")
    live[1].wait(10, event="close", pid=reader.pid)
    live[1].stop()
    room.close()
    return paths, [[json.loads(line) for line in stream.lines] for stream in live], reader.pid


def stalls(records, **wanted):
    return [record for record in records if wanted.items() <= record.items()]


def test_each_host_has_its_own_life(recorded):
    paths, live, pid = recorded
    records = replay(*paths)
    assert [record["type"] for record in records[:2]] == ["start", "start"]
    assert [record["host"] for record in records[:2]] == ["web", "db"]
    assert [(record["type"], record["host"]) for record in records[-2:]] == [("end", "web"), ("end", "db")]
    for host, alone in zip(("web", "db"), live):
        together = stalls(records, host=host, pid=pid, type="reader")
        own = stalls(alone, pid=pid, type="reader")
        assert [record["event"] for record in together] == [record["event"] for record in own]
        for one, other in zip(together, own):
            assert one["id"].startswith(f"{host}/") and one["id"].endswith(other["id"])
            assert {**one, "id": None, "cause_id": None} == {**other, "id": None, "cause_id": None}


def test_times_go_on(recorded):
    """A step is of about one moment: no record is half an interval older than one before."""
    paths, live, pid = recorded
    records = [record for record in replay(*reversed(paths)) if record.get("event")]
    times = [datetime.datetime.fromisoformat(record["time"].rstrip("Z")) for record in records]
    assert all(later > earlier - datetime.timedelta(seconds=0.1) for earlier, later in zip(times, times[1:]))


def test_a_look_is_told_once(recorded):
    """Of a host that has no look at a step nothing is written again: one recording ends before the other."""
    paths, live, pid = recorded
    together = replay(*paths, "-a")
    for path, host in zip(paths, ("web", "db")):
        alone = [record["time"] for record in replay(path, "-a") if record["type"] == "reader" and record["pid"] == pid]
        times = [record["time"] for record in stalls(together, host=host, type="reader", pid=pid)]
        assert len(alone) > 2 and times == alone


def test_names(recorded, tmp_path):
    paths, live, pid = recorded
    done = run.sockstall("replay", paths[0], paths[0], paths[1])
    assert done.returncode == 0 and b" web:" in done.stdout and b" web#2:" in done.stdout and b" db:" in done.stdout
    assert b" web:" not in run.sockstall("replay", paths[0]).stdout


def test_files_that_name_no_host(recorded, tmp_path):
    """The files have their names, and a number where those are the same."""
    found, start = chunks(recorded[0][0].read_bytes())
    host = struct.pack("<Q", 3) + b"web"
    assert host in found[0][1]
    found[0] = (found[0][0], found[0][1].replace(host, b"\xff" * 8, 1))
    data = recorded[0][0].read_bytes()[:start] + b"".join(chunk(*each) for each in found)
    paths = [tmp_path / folder / "old.rec" for folder in "abc"]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(data)
    starts = [record for record in replay(*paths) if record["type"] == "start"]
    assert [record["host"] for record in starts] == ["old", "old#2", "old#3"]


def test_filters_are_those_of_the_command_line(recorded):
    paths, live, pid = recorded
    assert not stalls(replay(*paths, "-p", 4194304), pid=pid)
    assert stalls(replay(*paths, "-p", pid), host="db", pid=pid)
    done = run.sockstall("replay", *paths, "-p", 4194304)
    assert b"no process in it fits the filters" in done.stderr


def test_one_is_damaged(recorded, tmp_path):
    """The others are shown all the same."""
    paths, live, pid = recorded
    cut = tmp_path / "cut.rec"
    cut.write_bytes(paths[0].read_bytes()[:-20])
    done = run.sockstall("replay", cut, paths[1], "-j")
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1 and b"cut.rec" in done.stderr
    records = [run.parse_line(line) for line in done.stdout.splitlines(keepends=True)]
    assert stalls(records, host="web", pid=pid, event="open") and stalls(records, host="db", pid=pid, event="close")


@pytest.mark.parametrize("last", [2**64 - 1, 2**63, 2**20], ids=["most", "signed", "small"])
def test_times_that_no_clock_has(recorded, tmp_path, last):
    """Every step takes a look, whatever it says of its time."""
    paths, live, pid = recorded
    made = []
    for path in paths:
        made.append(tmp_path / path.name)
        made[-1].write_bytes(
            edited(path.read_bytes(), lambda number, look: struct.pack_into("<Q", look, 24, (last - number) % 2**64))
        )
    records = replay(*made)
    assert stalls(records, host="web", pid=pid, event="open") and stalls(records, host="db", pid=pid, event="close")


def test_page_and_trace(recorded, tmp_path):
    paths, live, pid = recorded
    page, trace = tmp_path / "page.html", tmp_path / "trace.json"
    assert run.sockstall("replay", *paths, "--html", page, "--trace", trace).returncode == 0
    assert "What was stuck on web, db" in page.read_text() and "db:" in page.read_text()
    events = json.loads(trace.read_text())["traceEvents"]
    slices = {event["pid"] for event in events if event["ph"] == "X" and event["args"].get("type") == "reader"}
    assert {pid, pid + 5_000_000} <= slices


# One connection gets its answers, and another one's server goes to sleep over the question.
SERVER = """
import os, socket, sys, threading, time
listener = socket.create_server(("", 5432))
def serve(connection):
    while connection.recv(1) == b"q":
        connection.sendall(b"a")
    open(sys.argv[1], "w")
    time.sleep(1000)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
CLIENT = """
import socket, sys, threading, time
def ask(question):
    while True:
        try:
            connection = socket.create_connection((sys.argv[2], int(sys.argv[3])))
            break
        except OSError:
            time.sleep(0.1)
    while True:
        connection.sendall(question)
        connection.recv(1)
        time.sleep(0.1)
threading.Thread(target=ask, args=(b"q",), daemon=True).start()
threading.Thread(target=ask, args=(b"x",), daemon=True).start()
time.sleep(0.5)
open(sys.argv[1], "w")
time.sleep(1000)
"""


def record_host(namespace, path, program, *arguments, command=("chains",)):
    """Records a host of its own: in a PID namespace, so that it sees only this program."""
    ready = path.with_suffix(".ready")
    started = 'program=$1 ready=$2 to=$3 port=$4; shift 4; python3 -c "$program" "$ready" $to $port & '
    script = started + 'while [ ! -e "$ready" ]; do sleep 0.05; done; exec "$@"'
    argv = [*namespace.enter(), "unshare", "-p", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh"]
    argv += [program, ready, *(arguments or ("", ""))]
    argv += [run.SOCKSTALL, *command, "-j", "-i", "200ms", "-m", "300ms", "-d", "3s"]
    return Child([*map(str, argv), "--host", path.stem, "--record", str(path)])


@pytest.mark.parametrize("port", [5432, 5433], ids=["plain", "translated"])
def test_the_process_on_the_other_host(tmp_path, port):
    """It is named where it keeps another host's thread waiting; through address translation, too."""
    room = Room()
    room.there.nft(
        "table ip nat {\nchain c {\ntype nat hook prerouting priority -100\ntcp dport 5433 redirect to :5432\n}\n}\n"
    )
    paths = [tmp_path / "web.rec", tmp_path / "db.rec"]
    hosts = [
        record_host(room.here, paths[0], CLIENT, room.link.right4, port),
        record_host(room.there, paths[1], SERVER),
    ]
    for host in hosts:
        assert host.process.wait(60 * PATIENCE) == 0, host.errors
    room.close()
    chains = [record for record in replay(*paths, "-a") if record["type"] == "chain"]
    records = [record for record in chains if record["comm"] != "sockstall"]  # on a busy machine its own wait, too
    named = {record["peer_name"] for record in records} - {None}
    assert {record["host"] for record in records} == {"db"}
    assert len(named) == 1 and re.fullmatch(r"web:python3/[0-9]+", named.pop()), records
    links = {tuple((link["host"], link["pid"]) for link in record["links"]) for record in records}
    assert len(links) == 1 and [host for host, pid in links.pop()] == ["web", "db"], records
    alone = run.parse(run.sockstall("replay", paths[0], "-j", "-a").stdout)
    assert {record["peer_name"] for record in alone if record["type"] == "chain"} == {None}


# It asks a process of its own host on behalf of its client, and waits for the answer.
ASKING = """
import os, socket, sys, time
behind = socket.create_server(("127.0.0.1", 6000))
if not os.fork():
    connection = behind.accept()[0]
    connection.recv(1)
    open(sys.argv[1], "w")
    time.sleep(1000)
behind.close()
listener = socket.create_server(("", 5432))
while True:
    connection = listener.accept()[0]
    question = connection.recv(1)
    while question == b"q":
        connection.sendall(b"a")
        question = connection.recv(1)
    if question == b"x":
        break
asked = socket.create_connection(("127.0.0.1", 6000))
asked.sendall(b"x")
asked.recv(1)
"""
ONE_QUESTION = """
import socket, sys, time
while True:
    try:
        connection = socket.create_connection((sys.argv[2], int(sys.argv[3])))
        break
    except OSError:
        time.sleep(0.1)
connection.sendall(b"x")
open(sys.argv[1], "w")
connection.recv(1)
"""


def test_a_cause_on_another_host(tmp_path):
    """A client's wait hangs on the chain that its server is in, on the server's host."""
    room = Room()
    paths = [tmp_path / "web.rec", tmp_path / "app.rec"]
    hosts = [
        record_host(room.here, paths[0], ONE_QUESTION, room.link.right4, 5432, command=()),
        record_host(room.there, paths[1], ASKING, command=()),
    ]
    for host in hosts:
        assert host.process.wait(60 * PATIENCE) == 0, host.errors
    room.close()
    records = replay(*paths, "-a")
    chains = {record["id"] for record in records if record["type"] == "chain" and record["verdict"] == "blocked"}
    waits = [record for record in records if record["type"] == "reader" and record["host"] == "web"]
    assert len(chains) == 1 and chains.copy().pop().startswith("app/chain-"), chains
    assert {record["cause_id"] for record in waits} - {None} == chains
    alone = run.parse(run.sockstall("replay", paths[0], "-j", "-a").stdout)
    assert {record["cause_id"] for record in alone if record["type"] == "reader"} == {None}
