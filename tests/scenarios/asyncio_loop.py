# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""An asyncio loop that something blocks."""

from loops import ask, awaits, not_accepted, stalled, warm_up
from scenario import Healthy, Scenario

PORT = 8080


def start_server(stage):
    server = stage.python(stage.server, "asyncio_server.py", stage.server_addr, PORT)
    stage.listening(stage.server, PORT)
    return server, f"http://{stage.server_addr}:{PORT}/"


class AsyncioHealthy(Healthy):
    name = "asyncio"
    needs = ("wrk",)

    def prepare(self, stage):
        _, self.url = start_server(stage)

    def load(self, stage):
        stage.start(stage.client, "wrk", "-t1", "-c8", "-d60s", self.url)
        stage.start(stage.client, "wrk", "-t1", "-c8", "-d60s", self.url + "wait/0.2")


class AsyncioSleep(Scenario):
    """time.sleep() in a coroutine."""

    name = "asyncio-time-sleep"
    needs = ("wrk",)
    twin = AsyncioHealthy

    def prepare(self, stage):
        self.server, self.url = start_server(stage)

    def stall(self, stage):
        warm_up(stage, self.url)
        client, since = ask(stage, self.url + "sleep/60")
        return [stalled(stage, self.server, "blocked", "clock_nanosleep", since, once=0), awaits(stage, client, since)]


class AsyncioSleepQuiet(Scenario):
    """
    The same in a server that had little to do before: a handful of waits. The evidence is another: a
    client's request lies there, ready, and the only thread that could fetch it is asleep.
    """

    name = "asyncio-time-sleep-quiet"
    twin = AsyncioHealthy

    def prepare(self, stage):
        self.server, self.url = start_server(stage)

    def stall(self, stage):
        first, since = ask(stage, self.url + "sleep/60")
        second, later = ask(stage, self.url)
        return [
            stalled(stage, self.server, "blocked", "clock_nanosleep", since, once=1),
            awaits(stage, first, since),
            awaits(stage, second, later),
            *not_accepted(stage, self.server, PORT),
        ]


SCENARIOS = [AsyncioSleep, AsyncioSleepQuiet]
