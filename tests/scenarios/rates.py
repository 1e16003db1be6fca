# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Rates of real event loops against what they, or wrk, count themselves, within 2 %; and lag against a handler that takes a known
time. Waits and events are summed up over a load that begins and ends in silence, so nothing has to be cut at its ends.
"""

import os
import re
import socket
import time

import run
from haproxy import BACKEND, start_haproxy
from java import start_selecting
from memcached import start_memcached
from needs import where
from nginx import start_nginx
from node import start_node
from redis import start_redis
from go import start_server as start_go
from scenario import Fault
from stage import PROGRAMS, compiled
from zoo import moment

PORT = 8080
REQUESTS = 4000
NAPS = (0.005, 0.050, 0.500)
INTERVAL_S = 0.25
SILENCE_S = 1.2


class Rows:
    """What a live run says of the loops of some processes."""

    def __init__(self, pids):
        self.pids = set(pids)
        # A look says one moment for all that it saw: it must not be interrupted in the middle.
        self.stream = run.Stream(
            "epoll",
            "--interfaces",
            "all",
            "-a",
            "-j",
            "-i",
            f"{INTERVAL_S}s",
            "-m",
            "1h",
            "-p",
            ",".join(map(str, sorted(self.pids))),
            before=["nice", "-n", "-20"],
        )
        time.sleep(SILENCE_S)
        self.seen = 0

    def take(self):
        """Those since the last call."""
        records = [record for record in self.stream.records() if record["type"] == "loop"]
        self.seen, new = len(records), records[self.seen :]
        return new

    def all(self):
        return [record for record in self.stream.records() if record["type"] == "loop"]

    def end(self):
        lost = [record for record in self.stream.stop() if record["type"] == "lost"]
        assert not lost, lost


def summed(records, before, key):
    """A count of all threads: each rate by its interval. `before`: the rows until then, for where intervals begin."""
    last, total = {}, 0
    for record in before:
        last[record["tid"], record["interface"]] = moment(record["time"])
    for record in records:
        which, now = (record["tid"], record["interface"]), moment(record["time"])
        if record[key]:
            total += record[key] * (now - last.get(which, now - INTERVAL_S))
        last[which] = now
    return total


def within(told, truth, what):
    assert abs(told - truth) <= max(0.02 * truth, 6), f"{what}: {told:.0f} told, {truth} true"
    return f"{what} {told:.0f} of {truth}"


class Loop(Fault):
    """A server, asked many times by one client, and then to sleep for a known time."""

    expected = "rates within 2 %, lag as long as it is"
    request, ending = "ask\\n", "ok\\n"
    nap = None  # the request that makes it sleep; {s}, {ms}
    own = 0  # share of events that are not of requests
    runtime = None

    def start(self, stage):
        """The processes whose loops are looked at."""
        raise NotImplementedError

    def ask(self, stage, count, request):
        client = stage.python(stage.client, "ask_client.py", stage.server_addr, self.port, count, request, self.ending)
        words = client.wait_line(lambda line: line, 60).split(maxsplit=2)
        client.join()
        return float(words[1]), words[2].decode()

    port = PORT

    def run(self, stage):
        rows = Rows(self.start(stage))
        try:
            return ", ".join([*self.rates(stage, rows), *self.lags(stage, rows), self.recognized(rows)])
        finally:
            if rows.stream.process.poll() is None:
                rows.end()

    def recognized(self, rows):
        told = rows.all()[-1]["runtime"]
        assert told == self.runtime, f"runtime: {told} told, {self.runtime} true"
        return f"runtime {told}"

    def load(self, stage):
        """Requests that were made."""
        self.ask(stage, REQUESTS, self.request)
        return REQUESTS

    def rates(self, stage, rows):
        before = rows.take()
        truth = self.load(stage)
        time.sleep(SILENCE_S)
        told = summed(rows.take(), before, "events_per_s")
        assert told >= 0.98 * truth, f"events: {told:.0f} told, {truth} true"
        # Beside the requests there are the accept and the end of each connection.
        assert told <= (1.02 + self.own) * truth + 20, f"events: {told:.0f} told, {truth} true"
        yield f"events {told:.0f} of {truth}"

    def lags(self, stage, rows):
        for nap in NAPS if self.nap else ():
            tries = [self.lag(stage, rows, nap) for _ in range(3)]
            # The client has waited for the nap and for its way there and back; after its answer the loop may have to wait
            # for a CPU, and so the best of three counts.
            assert all(told >= nap * 0.98 for told, _ in tries), f"lag of {nap} s: {tries}"
            told, took = min(tries, key=lambda one: one[0] - one[1])
            assert told <= took + 0.002, f"lag: {told} s told, {nap} to {took} s true"
            yield f"lag {told * 1000:.1f} of {nap * 1000:.0f} ms"

    def lag(self, stage, rows, nap):
        rows.take()
        took, _ = self.ask(stage, 1, self.nap.format(s=nap, ms=round(nap * 1000)))
        time.sleep(2 * INTERVAL_S + 0.2)
        return max(record["lag_max_s"] or 0 for record in rows.take()), took


class Counting(Loop):
    """A program that counts its own waits and events, too."""

    def rates(self, stage, rows):
        _, first = self.ask(stage, 1, self.request)
        time.sleep(SILENCE_S)
        before = rows.take()
        self.load(stage)
        time.sleep(SILENCE_S)
        records = rows.take()
        _, last = self.ask(stage, 1, self.request)
        counts = [[int(word) for word in re.findall(r"\d+", text)[:2]] for text in (first, last)]
        for at, key in enumerate(("waits", "events")):
            # The connections of the two questions, at either end.
            yield within(summed(records, before, f"{key}_per_s"), counts[1][at] - counts[0][at], key)


class Asyncio(Counting):
    name, nap = "loops-asyncio", "sleep {s}\\n"
    kind = runtime = "asyncio"

    def start(self, stage):
        program = stage.python(stage.server, "counting_loop.py", self.kind, stage.server_addr, PORT)
        stage.listening(stage.server, PORT)
        return [program.pid]


class Poll(Asyncio):
    """It has asyncio loaded, and does not use it."""

    name, kind, runtime = "loops-selectors-poll", "poll", None


class Edge(Counting):
    name, needs, nap = "loops-c-edge", ("gcc",), "sleep {s}\\n"
    kind = "edge"

    def start(self, stage):
        program = stage.start(
            stage.server,
            compiled("counting_loop", where("gcc"), "-O2", "-o", "$OUT", source="counting_loop.c"),
            self.kind,
            stage.server_addr,
            PORT,
        )
        stage.listening(stage.server, PORT)
        return [program.pid]


class Select(Edge):
    name, kind = "loops-c-select-1500", "select"

    def rates(self, stage, rows):
        yield from super().rates(stage, rows)
        verdicts = {record["verdict"] for record in rows.all() if record["interface"] == "select"}
        assert verdicts == {"select_limit"}, verdicts
        yield "select_limit"


class Java(Loop):
    name, needs = "loops-java-nio", ("java",)
    runtime = "nio"
    request, ending, nap = "ask\\n", "\\n", "nap {ms}\\n"

    def start(self, stage):
        return [start_selecting(stage).pid]


class Redis(Loop):
    name, needs = "loops-redis", ("redis-server",)
    runtime = "redis"
    request, ending, nap, port = "PING\\r\\n", "\\r\\n", "DEBUG SLEEP {s}\\r\\n", 6379

    def start(self, stage):
        return [start_redis(stage).pid]


class Memcached(Loop):
    """No command of it sleeps."""

    name, needs = "loops-memcached", ("memcached",)
    runtime = "libevent"
    request, ending, port = "get key\\r\\n", "END\\r\\n", 11211

    def start(self, stage):
        return [start_memcached(stage).pid]


class Wrk(Loop):
    """wrk says how many requests it made; those that it gave up at its end are few."""

    needs = ("wrk",)

    def load(self, stage):
        wrk = stage.start(stage.client, "wrk", "-t1", "-c4", "-d4s", f"http://{stage.server_addr}:{PORT}/")
        made = wrk.wait_line(lambda line: re.search(rb"(\d+) requests in", line), 30)
        wrk.join()
        return int(made[1])


class Nginx(Wrk):
    """No handler of it sleeps."""

    name, needs = "loops-nginx", ("nginx", "wrk")
    runtime = "nginx"

    def start(self, stage):
        return start_nginx(stage).workers


class Node(Wrk):
    name, needs = "loops-node-http", ("node", "wrk")
    runtime = "libuv"
    nap = "GET /busy/{s} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"

    def start(self, stage):
        return [start_node(stage)[0].pid]


class Go(Wrk):
    """
    Any thread may wait: their sum is what counts. A goroutine that sleeps holds up no loop. The runtime wakes its own poller, too,
    through an eventfd: these events nobody else counts.
    """

    name, needs = "loops-go", ("go", "wrk")
    runtime = "go"
    expected = "rates within 2 %, and its own wake-ups"
    own = 0.08

    def start(self, stage):
        return [start_go(stage)[0].pid]


class Haproxy(Wrk):
    """It counts the turns of its loops itself: each is a wait."""

    name, needs = "loops-haproxy", ("haproxy", "wrk")
    runtime = "haproxy"

    def start(self, stage):
        stage.python(stage.client, "asyncio_server.py", stage.client_addr, BACKEND)
        stage.listening(stage.client, BACKEND)
        self.control = os.path.join(stage.folder, "control")
        return [start_haproxy(stage, f"stats socket {self.control}")[0].pid]

    def turns(self):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.control)
            control.sendall(b"show activity\n")
            text = b"".join(iter(lambda: control.recv(65536), b"")).decode()
        return int(re.search(r"^loops: (\d+)", text, re.M)[1])

    def rates(self, stage, rows):
        before, first = rows.take(), self.turns()
        self.load(stage)
        time.sleep(SILENCE_S)
        yield within(summed(rows.take(), before, "waits_per_s"), self.turns() - first, "waits")


class Storm(Fault):
    """Node turns as fast as it can: each turn is a wait that does not wait."""

    name, needs, expected = "loops-node-setimmediate", ("node",), "each turn is a wait"
    kind = "storm"

    def run(self, stage):
        node = stage.start(stage.server, where("node"), os.path.join(PROGRAMS, "counting.js"), self.kind)
        rows = Rows([node.pid])
        before = rows.take()
        turns = node.wait_line(lambda line: re.match(rb"turns (\d+)", line), 60)
        time.sleep(SILENCE_S)
        records = rows.take()
        rows.end()
        return within(summed(self.of(records, node), self.of(before, node), "waits_per_s"), int(turns[1]), "waits")

    def of(self, records, node):
        return records


class Workers(Storm):
    name, kind = "loops-node-workers", "workers"

    def of(self, records, node):
        """All but the main thread, and those of libuv's pool, which have no loop."""
        return [record for record in records if record["tid"] != node.pid]


RATES = [Node, Storm, Workers, Asyncio, Poll, Nginx, Redis, Memcached, Haproxy, Go, Java, Edge, Select]
