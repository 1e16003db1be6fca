# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The JSON Lines of three hosts in real engines: what began first, who stopped answering first, who is at the end of chains."""

import json

import pytest

import run
from engines import DuckDB, Postgres
from hosts import BACK, CLIENTS, Hosts


@pytest.fixture(scope="module")
def hosts():
    hosts = Hosts()
    yield hosts
    hosts.close()


@pytest.fixture(scope="module")
def files(hosts, tmp_path_factory):
    return hosts.record(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module", params=[DuckDB, Postgres])
def engine(request, files):
    engine = request.param()
    engine.load(files)
    yield engine
    engine.close()


def records(files):
    return [
        (host, json.loads(line)) for host, path in files.items() for line in path.read_text().splitlines(keepends=True)
    ]


def test_every_record_is_there(engine, files):
    found = engine.query("SELECT host, type, count(*) AS count FROM sockstall GROUP BY host, type")
    wanted = {}
    for host, record in records(files):
        assert record["host"] == host
        wanted[host, record["type"]] = wanted.get((host, record["type"]), 0) + 1
    assert {(row["host"], row["type"]): row["count"] for row in found} == wanted


def test_what_began_first(engine, files):
    found = engine.query("SELECT * FROM began_first LIMIT 5")
    stalls = [record for _, record in records(files) if record.get("event") and record["severity"]]
    assert len(found) == 5 and found[0]["why"] in {record["why"] for record in stalls}
    assert found[0]["began"][:19].replace("T", " ") == min(record["since"] for record in stalls)[:19].replace("T", " ")


def test_which_service_stopped_answering_first(engine, hosts):
    found = engine.query("SELECT * FROM stopped_answering_first")
    assert [(row["host"], row["pid"], row["local_port"]) for row in found][:1] == [("db", hosts.back.pid, BACK)]
    assert hosts.twin.pid not in {row["pid"] for row in found}


def test_who_is_at_the_end_of_most_chains(engine, hosts):
    """From web over app to db: each process that waits is counted once for where its chain ends."""
    found = engine.query("SELECT * FROM ends_of_chains")
    assert [(row["host"], row["pid"]) for row in found] == [("db", hosts.back.pid)], found
    assert (found[0]["hosts"], found[0]["processes"]) == (2, CLIENTS + 1)
    assert (found[0]["addr"], found[0]["port"]) == (hosts.far.right4, BACK)


def test_an_end_that_no_host_has(hosts, files, tmp_path):
    """Without what db says, the chains end at its address."""
    engine = DuckDB()
    for name in "web", "app":
        (tmp_path / f"{name}.jsonl").write_bytes(files[name].read_bytes())
    engine.load({"web": tmp_path / "web.jsonl"})
    found = engine.query("SELECT * FROM ends_of_chains")
    assert [(row["host"], row["pid"], row["addr"]) for row in found] == [(None, None, hosts.far.right4)], found
    assert found[0]["processes"] == CLIENTS + 1
    engine.close()


@pytest.mark.parametrize("kind", [DuckDB, Postgres])
def test_healthy_hosts_have_no_answer(kind, tmp_path):
    done = run.sockstall("-j", "-1", "-p", 1)
    (tmp_path / "web.jsonl").write_bytes(done.stdout)
    engine = kind()
    engine.load({"web": tmp_path / "web.jsonl"})
    for view in "began_first", "stopped_answering_first", "ends_of_chains":
        assert engine.query(f"SELECT * FROM {view}") == []
    engine.close()


@pytest.mark.parametrize("kind", [DuckDB, Postgres])
def test_deadlock_across_hosts_ends(kind, tmp_path):
    """A circle has no end, and the query comes back."""

    def line(host, event, **keys):
        record = {"v": 1, "time": "2026-11-30T10:00:00.000000Z", "event": event, **keys}
        with open(tmp_path / f"{host}.jsonl", "a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")

    for host, other in ("a", "b"), ("b", "a"):
        line(host, None, type="listener", pid=7, netns=1, local_addr=f"10.0.0.{ord(host)}", local_port=80)
        wait = {"peer_addr": f"10.0.0.{ord(other)}", "peer_port": 80, "role": "client", "severity": 40}
        line(host, "open", type="reader", id="r", pid=7, netns=1, comm='e"v\\i\n', why="in f\x1b\x9b[2J", **wait)
    engine = kind()
    engine.load({host: tmp_path / f"{host}.jsonl" for host in "ab"})
    assert engine.query("SELECT * FROM ends_of_chains") == []
    assert len(engine.query("SELECT * FROM hops WHERE to_host IS NOT NULL")) == 2
    assert {row["name"] for row in engine.query("SELECT name FROM stall")} == {'e"v\\i?'}
    assert {row["why"] for row in engine.query("SELECT why FROM began_first")} == {"in f??[2J"}
    engine.close()
