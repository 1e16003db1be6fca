# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Services that stop answering, each under load until then: behind a database that is stopped, with a loop that is kept, or stopped
themselves. Each is named with what it waits for.
"""

import os
import signal
import time

from child import wait_until
from needs import beside, where
from nginx import start_nginx
from scenario import Healthy, Scenario, Truth, between
from stage import PROGRAMS, PYTHON, children, java_class

PORT, DATABASE = 8080, 8081
STALLS = os.path.join(os.path.dirname(os.path.dirname(PROGRAMS)), "e2e", "stalls")
WARM_S = 3

FPM = """
[global]
error_log = {folder}/log
daemonize = no
[pool]
listen = {address}:{port}
user = nobody
pm = static
pm.max_children = 2
"""

SCRIPT = """<?php $s = pfsockopen("{address}", {port}); fwrite($s, "q\\n"); fgets($s); echo "ok";"""


def database(stage):
    """service.py of the end-to-end tests, in the clients' namespace."""
    program = stage.start(
        stage.client, PYTHON, "-u", os.path.join(STALLS, "service.py"), f"{stage.client_addr},{DATABASE}", "threads"
    )
    stage.listening(stage.client, DATABASE)
    return program


def gunicorn(*how):
    def start(stage):
        server = stage.start(
            stage.server,
            where("gunicorn"),
            *(*how, "-t", 600, "-b", f"{stage.server_addr}:{PORT}", "--chdir", PROGRAMS, "app:application"),
            env={**os.environ, "BACKEND": f"{stage.client_addr} {DATABASE}", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        return wait_until(lambda: children(server.pid), 20, "workers")

    return start


def node(stage):
    return [stage.start(stage.server, where("node"), os.path.join(PROGRAMS, "server.js"), stage.server_addr, PORT).pid]


def java(stage):
    options = ("-XX:+UseSerialGC", "-Xmx64m", "-cp", java_class("Pool"), "Pool")
    places = (stage.server_addr, PORT, stage.client_addr, DATABASE)
    return [stage.start(stage.server, beside("java", "java"), *options, *places).pid]


def php(stage):
    stage.write("ask.php", SCRIPT.format(address=stage.client_addr, port=DATABASE))
    path = stage.write("fpm.conf", FPM.format(folder=stage.folder, address=stage.server_addr, port=PORT))
    server = stage.start(stage.server, where("php-fpm"), "-y", path)
    return wait_until(lambda: len(children(server.pid)) == 2 and children(server.pid), 20, "children")


def nginx(workers):
    return lambda stage: start_nginx(stage, workers=workers, backlog=511).workers


def kept(stage, *path):
    """A client that asks on one connection."""
    return stage.python(stage.client, "asks_requests.py", stage.server_addr, PORT, *path)


def asks(stage):
    """Likewise, what the server asks its database for."""
    return kept(stage, "/ask", 0)


def each_time(stage, path="ask"):
    return stage.python(stage.client, "web_client.py", f"http://{stage.server_addr}:{PORT}/{path}", "again")


def fcgi(stage):
    script = os.path.join(stage.folder, "ask.php")
    return stage.python(stage.client, "fcgi_client.py", stage.server_addr, PORT, script)


class Kind:
    server, client, count, asks_database = None, None, 4, True

    def prepare(self, stage):
        self.database = database(stage) if self.asks_database else None
        self.pids = type(self).server(stage)
        stage.listening(stage.server, PORT)

    def begin_load(self, stage):
        self.clients = [type(self).client(stage) for _ in range(self.count)]


class NotAnswering(Kind, Scenario):
    patience = 40
    cause, at_once = "peer", 1

    def prepare(self, stage):
        super().prepare(stage)
        self.begin_load(stage)
        time.sleep(WARM_S)

    def stall(self, stage):
        time.sleep(WARM_S)
        since = time.time() - 1.5
        self.keep(stage)
        since = since, time.time() + 1.5
        expect = {"cause": self.cause, "netns": stage.server.inode, "pid": set(self.pids)}
        if self.cause == "peer":
            expect.update(awaits_addr=stage.client_addr, awaits_port=DATABASE, awaits=between(1, 16))
        return [
            Truth({"type": "service", "local_port": PORT}, "not_answering", expect, since, once=self.at_once),
            *self.consequences(stage),
        ]

    def keep(self, stage):
        os.kill(self.database.pid, signal.SIGSTOP)

    def loop(self):
        """A worker of gunicorn waits for its listener in select."""
        return Truth({"type": "loop", "pid": set(self.pids)}, "blocked_in_read", {}, least=0, most=16)

    def consequences(self, stage):
        """What else is true of it."""
        return [
            Truth({"type": "service", "local_port": DATABASE}, "not_answering", {"cause": "stopped"}, least=0),
            Truth({"type": "reader", "local_port": DATABASE}, "not_read", {}, least=0, most=64),
            Truth({"type": "reader", "peer_port": DATABASE}, "awaiting_reply", {}, least=0, most=64),
            Truth({"type": "reader", "peer_port": PORT}, "awaiting_reply", {}, least=0, most=64),
            Truth({"type": "reader", "local_port": PORT}, "not_read", {}, least=0, most=64),
            Truth({"type": "handshake", "local_port": PORT}, "not_accepted", {}, least=0, most=64),
            Truth({"type": "listener", "local_port": PORT}, "not_accepting", {}, least=0),
            Truth({"type": "handshake", "local_port": DATABASE}, "not_accepted", {}, least=0, most=64),
            Truth({"type": "listener", "local_port": DATABASE}, "not_accepting", {}, least=0),
            self.loop(),
        ]


class Answering(Kind, Healthy):
    def load(self, stage):
        self.begin_load(stage)


def scenario_of(name, server, client, needs, base=NotAnswering, **more):
    common = {"server": staticmethod(server), "client": staticmethod(client), "needs": needs, **more}
    twin = type("Answering", (Answering,), {"name": f"answers-{name}", **common})
    return type("NotAnswering", (base,), {"name": f"answers-not-{name}", "twin": twin, "__doc__": __doc__, **common})


class Queued(NotAnswering):
    """A connection for each request: of those that wait, the last lie in the accept queue."""

    def stall(self, stage):
        truths = super().stall(stage)[1:]
        owner = {"netns": stage.server.inode, "pid": set(self.pids)}
        chain = {"type": "chain", "local_port": DATABASE}
        for truth in truths:
            if truth.verdict == "not_accepting" and truth.who["local_port"] == PORT:
                truth.least, truth.expect = 1, owner
        return truths + [Truth(chain, "stopped", {"pid": self.database.pid}, passes=("not_accepted",))]


class Execs(NotAnswering):
    cause, asks_database = "loop", False

    def keep(self, stage):
        self.clients.append(stage.python(stage.client, "web_client.py", f"http://{stage.server_addr}:{PORT}/exec/600"))
        time.sleep(0.3)

    def loop(self):
        return Truth({"type": "loop", "pid": self.pids[0]}, "stalled")


class Stopped(NotAnswering):
    cause, asks_database = "stopped", False

    def keep(self, stage):
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)

    def loop(self):
        return Truth({"type": "loop", "pid": self.pids[0]}, "stalled", least=0)


class Sleeps(Execs):
    def keep(self, stage):
        self.clients.append(kept(stage, "/sleep/600"))
        self.clients[-1].wait_line(lambda line: line == b"asked\n", 40)


def asyncio_server(stage):
    return [stage.python(stage.server, "asyncio_server.py", stage.server_addr, PORT).pid]


SCENARIOS = [
    scenario_of("gunicorn", gunicorn("-w", 2), each_time, ("gunicorn",), Queued),
    scenario_of("gunicorn-threads", gunicorn("-k", "gthread", "-w", 1, "--threads", 6), asks, ("gunicorn",)),
    scenario_of("node-execsync", node, kept, ("node",), Execs, asks_database=False),
    scenario_of("java-pool", java, asks, ("java",), count=14),
    scenario_of("php-fpm", php, fcgi, ("php-fpm",), Queued),
    scenario_of("nginx-stopped", nginx(1), kept, ("nginx",), Stopped, asks_database=False),
    scenario_of("asyncio-sleep", asyncio_server, kept, (), Sleeps, asks_database=False),
]
