# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Who stands at the end: a client, in a namespace of its own, waits for nginx, that for an application in Python, and that
for PostgreSQL. The fault is at each place in turn.
"""

import os
import signal

from child import wait_until
from loops import ask
from nginx import start_nginx, url
from postgres import NEEDS, client, is_line, start_postgres
from scenario import Healthy, Scenario, Truth
from stage import asleep, blocked_in, children, threads

PORT = 8082


def start_all(stage, connections=20):
    """nginx, the application and the database, as an object."""
    database = start_postgres(stage, f"max_connections={connections}")
    fifo = os.path.join(stage.folder, "fifo")
    os.mkfifo(fifo)
    # Both ends held: who opens it to read does not wait in open(), but in read().
    end = os.open(fifo, os.O_RDWR)
    stage.at_end.append(lambda: os.close(end))
    application = stage.python(stage.server, "pg_web.py", stage.server_addr, PORT, 5432, fifo)
    stage.listening(stage.server, PORT)
    nginx = start_nginx(stage, backlog=511, upstream=(stage.server_addr, PORT))
    return database, application, nginx


def leads(*pids):
    """The links, by their processes."""

    def led(links):
        return [link["pid"] for link in links] == list(pids)

    led.__qualname__ = f"a chain of {pids}"
    return led


class Chain(Scenario):
    """One client asks this of the application, by way of nginx."""

    needs = ("nginx", "wrk", *NEEDS)
    options = ("chains",)
    path = None

    def prepare(self, stage):
        self.database, self.application, self.nginx = start_all(stage)
        (self.worker,) = self.nginx.workers

    def backend(self, before):
        """The database's process that serves the application, once it is asleep in the statement."""
        new = wait_until(lambda: set(children(self.database.pid)) - before, 10, "a backend")
        asleep(min(new), "epoll_wait")
        return min(new)

    def ask(self, stage):
        """The client, since when it waits, and the database's processes before."""
        before = set(children(self.database.pid))
        asker, since = ask(stage, url(stage, f"up/{self.path}"))
        return asker, since, before

    def reading(self, stage):
        """The application's thread that waits for the database."""
        socket = stage.socket_of(stage.server, self.application.pid, "dport = :5432")
        return blocked_in(self.application.pid, socket["fd"], "recvfrom")

    def truth(self, stage, asker, since, verdict, *pids, **expect):
        """The record is of the end, which is one of the server's."""
        return Truth(
            {"type": "chain", "pid": pids[-1]},
            verdict,
            {"links": leads(asker.pid, *pids), "waiters": 1, "netns": stage.server.inode, **expect},
            since,
        )


class AtDatabase(Chain):
    """The database takes its time, and waits for its own timer, which nothing tells."""

    name = "chain-database-sleeps"
    path = "sleep"

    def stall(self, stage):
        asker, since, before = self.ask(stage)
        backend = self.backend(before)
        tid = self.reading(stage)
        truth = self.truth(stage, asker, since, "waiting", self.worker, self.application.pid, backend)
        links = truth.expect["links"]
        truth.expect["links"] = lambda found: links(found) and found[2]["tid"] == tid
        truth.expect["links"].__qualname__ = f"{links.__qualname__}, with thread {tid}"
        return [truth]


class DatabaseStopped(Chain):
    """The database's process for this connection is stopped."""

    name = "chain-database-stopped"
    path = "sleep"

    def stall(self, stage):
        asker, since, before = self.ask(stage)
        backend = self.backend(before)
        os.kill(backend, signal.SIGSTOP)
        return [self.truth(stage, asker, since, "stopped", self.worker, self.application.pid, backend)]


class DatabaseLocked(Chain):
    """Another client holds the lock, and sleeps with it: that of the database, nothing of a socket tells."""

    name = "chain-database-locked"
    path = "lock"

    def stall(self, stage):
        holder = client(stage, "select pg_advisory_lock(1)")
        holder.wait_line(is_line(b"answered\n"), 10)
        asker, since, before = self.ask(stage)
        backend = self.backend(before)
        return [self.truth(stage, asker, since, "waiting", self.worker, self.application.pid, backend)]


class ApplicationStopped(Chain):
    """The application is stopped, and what is asked of it lies in its accept queue."""

    name = "chain-application-stopped"
    path = "quick"

    def stall(self, stage):
        os.kill(self.application.pid, signal.SIGSTOP)
        asker, since, _ = self.ask(stage)
        return [self.truth(stage, asker, since, "stopped", self.worker, self.application.pid)]


class ApplicationReads(Chain):
    """A thread of the application is in a long read of its own, while others would serve."""

    name = "chain-application-reads"
    path = "pipe"

    def stall(self, stage):
        asker, since, _ = self.ask(stage)
        wait_until(lambda: len(threads(self.application.pid)) > 1, 10, "a thread for the request")
        return [self.truth(stage, asker, since, "waiting", self.worker, self.application.pid)]


class WorkerStopped(Chain):
    """nginx's only worker is stopped after it has passed the request on: the client waits for it, and for nobody behind."""

    name = "chain-nginx-stopped"
    path = "sleep"

    def stall(self, stage):
        asker, since, before = self.ask(stage)
        self.backend(before)
        os.kill(self.worker, signal.SIGSTOP)
        return [self.truth(stage, asker, since, "stopped", self.worker)]


class WorkerStoppedBefore(Chain):
    """The same before the client connects: it lies in the queue of the listener, which the master holds too."""

    name = "chain-nginx-not-accepting"
    path = "quick"

    def stall(self, stage):
        os.kill(self.worker, signal.SIGSTOP)
        asker, since, _ = self.ask(stage)
        return [self.truth(stage, asker, since, "stopped", self.worker)]


class ChainHealthy(Healthy):
    """All three busy, with connections that are idle, and one that is kept between questions."""

    name = "chain"
    needs = Chain.needs
    options = ("chains",)

    def prepare(self, stage):
        start_all(stage)

    def load(self, stage):
        stage.start(stage.client, "wrk", "-t1", "-c2", "-d60s", url(stage))
        stage.start(stage.client, "wrk", "-t1", "-c4", "-d60s", "--timeout", "20s", url(stage, "up/quick"))
        stage.python(stage.client, "web_client.py", url(stage, "up/quick"), "again")
        client(stage, "select pg_sleep(0.2)", "again")
        client(stage, "select 1")  # idle afterwards


SCENARIOS = [
    AtDatabase,
    DatabaseStopped,
    DatabaseLocked,
    ApplicationStopped,
    ApplicationReads,
    WorkerStopped,
    WorkerStoppedBefore,
]
for one in SCENARIOS:
    one.twin = ChainHealthy
