# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""pgbouncer between clients and PostgreSQL: a client has the only connection to it, and the next waits."""

import time

from needs import where
from postgres import NEEDS, PORT, USER, is_line, start_postgres
from scenario import Healthy, Scenario, Truth
from stage import asleep

POOL = 6432

CONFIGURATION = """
[databases]
* = host={address} port={port} user={user}
[pgbouncer]
listen_addr = {address}
listen_port = {pool}
unix_socket_dir =
auth_type = any
pool_mode = session
default_pool_size = {size}
logfile = {folder}/pgbouncer.log
"""


class Pooled:
    size = 4

    def prepare(self, stage):
        start_postgres(stage)
        places = {"address": stage.server_addr, "port": PORT, "pool": POOL, "user": USER}
        places["folder"] = stage.path("pool", USER)
        path = stage.write("pgbouncer.ini", CONFIGURATION.format(size=self.size, **places))
        self.pool = stage.start(stage.server, where("pgbouncer"), path, user=USER)
        stage.listening(stage.server, POOL)

    @staticmethod
    def client(stage, statement, *more):
        return stage.python(stage.client, "pg_client.py", stage.server_addr, POOL, statement, *more)


class PooledHealthy(Pooled, Healthy):
    """Clients that ask, and one that has asked and is idle."""

    name = "pgbouncer"
    needs = ("pgbouncer", *NEEDS)

    def load(self, stage):
        for _ in range(3):
            self.client(stage, "select pg_sleep(0.1)", "again")
        self.client(stage, "select 1")


def reads(client, since):
    return Truth({"type": "reader", "pid": client.pid}, "awaiting_reply", {"peer_port": POOL}, since)


class PoolExhausted(Pooled, Scenario):
    """One client has the only connection, and does nothing; the next waits for it."""

    name = "pgbouncer-pool-exhausted"
    needs = PooledHealthy.needs
    twin = PooledHealthy
    size = 1
    patience = 40

    def stall(self, stage):
        holder = self.client(stage, "select 1")
        holder.wait_line(is_line(b"answered\n"), 20)
        before = time.time()
        client = self.client(stage, "select 1")
        asleep(client.pid, "recvfrom", timeout=20)
        return [
            reads(client, (before, time.time())),
            # The pool waits for events: nothing tells that it waits for the holder.
            Truth({"type": "chain", "pid": self.pool.pid}, "waiting", {"waiters": 1}, least=0),
        ]


SCENARIOS = [PoolExhausted]
