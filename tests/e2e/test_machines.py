# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""One incident on three machines: clients and a proxy on web, an application on app, a database on db behind a router."""

import pytest

import run
from child import Stall
from machines import Gate, Link, Machine, at_once

FRONT, MIDDLE, BACK = 6201, 6202, 6203
CLIENTS = 3
OPTIONS = ["-m", "300ms", "-i", "300ms", "-d", "3s"]


class Incident:
    """`request` is what the database does with each request; `stopped` is the machine whose server is stopped instead."""

    def __init__(self, folder, request, stopped=None):
        self.web, self.app, self.db = self.machines = [Machine(name) for name in ("web", "app", "db")]
        self.near = Link(self.web, self.app, 61)
        self.gate = Gate(self.app, self.db, (62, 63), BACK)
        self.servers = {
            "db": self._serve(self.db, "threads", f"0.0.0.0,{BACK}"),
            "app": self._serve(self.app, "threads", f"{self.near.right4},{MIDDLE}", f"{self.gate.address},{BACK}"),
            "web": self._serve(self.web, "loop", f"127.0.0.1,{FRONT}", f"{self.near.right4},{MIDDLE}"),
        }
        self.pids = {name: server["pid"] for name, server in self.servers.items()}
        self.stopped = stopped
        if stopped:
            next(machine for machine in self.machines if machine.host == stopped).stop(self.pids[stopped])
        self.clients = [self._ask(request) for _ in range(CLIENTS)]
        self.recordings = at_once(self.machines, "chains", *OPTIONS, folder=folder)

    def _serve(self, machine, *words):
        return Stall(machine, "relay.py", *words).said("listening")

    def _ask(self, request):
        client = Stall(self.web, "endpoint.py", f"connect=127.0.0.1,{FRONT}", f"say={request}", "block=recvfrom")
        return client.said("blocking")["pid"]

    def close(self):
        for machine in self.machines:
            machine.delete()
        self.gate.delete()


def chains(*recordings):
    done = run.sockstall("replay", *recordings, "-j")
    assert done.returncode == 0, done.stderr
    records = [run.parse_line(line) for line in done.stdout.splitlines(keepends=True)]
    run.check_lives([record for record in records if record.get("event")])
    last = {record["id"]: record for record in records if record["type"] == "chain"}
    return [record for record in last.values() if record["event"] != "close"]


@pytest.fixture
def incident(request, tmp_path):
    made = Incident(tmp_path, **request.param)
    yield made
    made.close()


def places(chain):
    return [(link["host"], link["pid"]) for link in chain["links"]]


@pytest.mark.parametrize("incident", [{"request": "sleep"}], indirect=True, ids=["asleep"])
def test_chain_goes_from_host_to_host(incident):
    """Through a router that translates both addresses. Each link names host, process, thread and what it is in."""
    found = chains(*incident.recordings)
    assert len(found) == 1, found
    chain, pids = found[0], incident.pids
    assert (chain["host"], chain["pid"], chain["verdict"]) == ("db", pids["db"], "blocked")
    assert chain["id"].startswith("db/chain-") and chain["waiters"] == CLIENTS
    client, proxy, application, database = chain["links"]
    assert client["host"] == "web" and client["pid"] in incident.clients and client["in"] == "recvfrom"
    assert (proxy["host"], proxy["pid"], proxy["in"]) == ("web", pids["web"], "event loop")
    assert (application["host"], application["pid"], application["in"]) == ("app", pids["app"], "recvfrom")
    assert (database["host"], database["pid"]) == ("db", pids["db"])
    assert application["tid"] != pids["app"] and chain["tid"] == database["tid"] != pids["db"]
    assert "clock_nanosleep" in database["in"]
    # The two ends of one connection have no address in common.
    ends = [{link["local_addr"], link["peer_addr"]} for link in (application, database)]
    assert not ends[0] & ends[1]
    assert f"on web waits for python3 (pid {pids['web']})" in chain["why"]
    assert f"python3 (pid {pids['app']}) on app" in chain["why"] and f"python3 (pid {pids['db']}) on db" in chain["why"]
    # Without the database's recording the chain ends at its address, on app.
    (shorter,) = chains(*incident.recordings[:2])
    assert (shorter["host"], shorter["verdict"], shorter["waiters"]) == ("app", "remote", CLIENTS)
    assert places(shorter) == places(chain)[:3] and shorter["peer_addr"] == incident.gate.address
    assert not chains(incident.recordings[2])


@pytest.mark.parametrize(
    "incident", [{"request": "quick", "stopped": host} for host in ("web", "app", "db")], indirect=True, ids=str
)
def test_each_may_be_stopped(incident):
    (chain,) = chains(*incident.recordings)
    host = incident.stopped
    assert (chain["host"], chain["pid"]) == (host, incident.pids[host]), chain
    assert chain["verdict"] in ("stopped", "not_accepted") and chain["waiters"] == CLIENTS
    ways = {"web": [], "app": [("web", incident.pids["web"])]}
    ways["db"] = ways["app"] + [("app", incident.pids["app"])]
    assert places(chain)[1:] == ways[host] + [(host, incident.pids[host])]
    assert places(chain)[0] in [("web", pid) for pid in incident.clients]


@pytest.mark.parametrize("incident", [{"request": "quick"}], indirect=True, ids=["healthy"])
def test_healthy_traffic_is_no_chain(incident):
    assert not chains(*incident.recordings)
