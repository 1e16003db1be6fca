# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Frameworks of Python with an event loop each, in which a handler sleeps."""

from loops import ask, awaits, stalled, warm_up
from scenario import Healthy, Scenario

PORT = 8080


def start_server(stage, program):
    server = stage.python(stage.server, program, stage.server_addr, PORT)
    stage.listening(stage.server, PORT)
    return server, f"http://{stage.server_addr}:{PORT}/"


class Served(Healthy):
    program = None

    def prepare(self, stage):
        _, self.url = start_server(stage, self.program)

    def load(self, stage):
        stage.start(stage.client, "wrk", "-t1", "-c8", "-d60s", self.url)
        stage.start(stage.client, "wrk", "-t1", "-c8", "-d60s", self.url + "wait/0.2")


class Sleeps(Scenario):
    program = None

    def prepare(self, stage):
        self.server, self.url = start_server(stage, self.program)

    def stall(self, stage):
        warm_up(stage, self.url)
        client, since = ask(stage, self.url + "sleep/60")
        return [stalled(stage, self.server, "blocked", "clock_nanosleep", since, once=0), awaits(stage, client, since)]


def scenario_of(name):
    common = {"program": f"{name}_server.py", "needs": (name, "wrk")}
    twin = type("Served", (Served,), {"name": name, **common})
    return type("Sleeps", (Sleeps,), {"name": f"{name}-time-sleep", "twin": twin, **common})


SCENARIOS = [scenario_of(name) for name in ("tornado", "twisted", "gevent")]
