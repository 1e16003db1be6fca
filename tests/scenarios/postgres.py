# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
PostgreSQL. Its server waits in epoll_wait for the next command, psql waits in poll; a driver such as pg8000
blocks in recv.
"""

import os
import subprocess
import time

from child import wait_until
from needs import beside, where
from scenario import Healthy, Scenario, Truth, reader
from stage import asleep, blocked_in, children, java_class

PORT, USER = 5432, "postgres"
NEEDS = ("postgres", "pg8000")


def start_postgres(stage, *options):
    data = stage.path("data", USER)
    as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    done = subprocess.run(
        [*as_user, beside("postgres", "initdb"), "-D", data, "-A", "trust", "-N", "-E", "UTF8", "--locale=C"],
        cwd=stage.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise RuntimeError(done.stdout.decode())
    with open(os.path.join(data, "pg_hba.conf"), "a") as file:
        file.write("host all all 0.0.0.0/0 trust\n")
    settings = [
        f"listen_addresses={stage.server_addr}",
        f"port={PORT}",
        "unix_socket_directories=",
        "fsync=off",
        *options,
    ]
    server = stage.start(
        stage.server,
        beside("postgres", "postgres"),
        "-D",
        data,
        *(word for setting in settings for word in ("-c", setting)),
        user=USER,
    )
    stage.listening(stage.server, PORT)
    wait_until(lambda: pg_isready(stage), 20, "PostgreSQL")
    return server


def pg_isready(stage):
    return (
        subprocess.run(
            [*stage.client.enter(), beside("postgres", "pg_isready"), "-q", "-h", stage.server_addr, "-p", str(PORT)]
        ).returncode
        == 0
    )


def client(stage, statement, *more):
    return stage.python(stage.client, "pg_client.py", stage.server_addr, PORT, statement, *more)


def is_line(wanted):
    return lambda line: line == wanted


class PostgresHealthy(Healthy):
    name = "postgres"
    needs = NEEDS

    def prepare(self, stage):
        start_postgres(stage)
        self.pgbench = [beside("postgres", "pgbench"), "-h", stage.server_addr, "-p", PORT, "-U", USER]
        stage.client.run(*self.pgbench, "-i", "-q", USER)

    def load(self, stage):
        stage.start(stage.client, *self.pgbench, "-c", 4, "-j", 1, "-T", 60, USER)
        client(stage, "select pg_sleep(0.2)", "again")
        client(stage, "select 1")  # idle afterwards


class PostgresVanished(Scenario):
    """
    The client's machine vanishes while the server waits for its next command. The backend waits in epoll_wait and
    not in a read; without keepalive nothing in the kernel tells it from any other idle connection.
    """

    name = "postgres-client-vanished"
    needs = (*NEEDS, "nft")
    twin = PostgresHealthy
    settings = ("tcp_keepalives_idle=0",)  # the system's: two hours

    def prepare(self, stage):
        self.server = start_postgres(stage, *self.settings)

    def vanish(self, stage):
        """The client goes without a word. The backend that is left."""
        before = set(children(self.server.pid))
        idle = client(stage, "select 1")
        idle.wait_line(is_line(b"answered\n"), 10)
        backend = next(iter(set(children(self.server.pid)) - before))
        asleep(backend, "epoll_wait", "epoll_pwait")
        stage.link.cut()
        return backend

    def stall(self, stage):
        self.vanish(stage)
        return []


class PostgresKeepalive(PostgresVanished):
    """With tcp_keepalives set the server finds out by itself, and its backend ends."""

    name = "postgres-client-vanished-keepalive"
    settings = ("tcp_keepalives_idle=2", "tcp_keepalives_interval=1", "tcp_keepalives_count=2")

    def stall(self, stage):
        backend = self.vanish(stage)
        wait_until(lambda: not os.path.exists(f"/proc/{backend}"), 10, "the end of the backend")
        return []


class PostgresSleep(Scenario):
    """A client waits for a long query: JDBC sends it in one go, and nothing comes back before its result."""

    name = "postgres-pg-sleep"
    needs = (*NEEDS, "java", "jdbc")
    twin = PostgresHealthy

    def prepare(self, stage):
        start_postgres(stage)

    def stall(self, stage):
        classes = java_class("PgClient", "-cp", where("jdbc"))
        waiting = stage.start(
            stage.client,
            beside("java", "java"),
            "-XX:+UseSerialGC",
            "-cp",
            f"{classes}:{where('jdbc')}",
            "PgClient",
            f"{stage.server_addr}:{PORT}",
        )
        waiting.wait_line(is_line(b"connected\n"), 20)
        before = time.time()
        socket = stage.socket_of(stage.client, waiting.pid)
        time.sleep(0.5)  # past the short reads before the query
        tid = blocked_in(waiting.pid, socket["fd"], "read", "recvfrom")
        return [
            Truth(
                **reader(stage, waiting, tid=tid, unacked_bytes=0, keepalive=False, returns_by_s=None, **socket),
                verdict="awaiting_reply",
                since=(before, time.time()),
            )
        ]


class PostgresFlush(Scenario):
    """
    The same with pg8000, which asks for a Flush after each of its messages: the server answers BindComplete, 5
    bytes, and then computes. So the server spoke last, as it does to a subscriber: readers do not report that. The base of
    scenarios in which it is known that an answer is due.
    """

    name = "postgres-pg-sleep-flush"
    needs = NEEDS
    twin = PostgresHealthy
    statement = "select pg_sleep(60)"
    client_options = ()

    def prepare(self, stage):
        start_postgres(stage)

    def stall(self, stage):
        before = time.time()
        self.waiting = client(stage, self.statement, *self.client_options)
        self.waiting.wait_line(is_line(b"connected\n"), 10)
        time.sleep(0.2)  # past the short reads in which the query is prepared
        since = before, asleep(self.waiting.pid, "recvfrom")
        socket = stage.socket_of(stage.client, self.waiting.pid)
        return [
            Truth(
                **reader(stage, self.waiting, syscall="recvfrom", unacked_bytes=0, **socket, **self.expect()),
                verdict=None,
                since=since,
            )
        ]

    @staticmethod
    def expect():
        return {"keepalive": False, "returns_by_s": None}


class PostgresServerVanished(PostgresFlush):
    """The server's machine vanishes meanwhile, and the client has keepalive on, with short times."""

    name = "postgres-server-vanished"
    needs = (*NEEDS, "nft")
    client_options = ("keepalive",)

    def prepare(self, stage):
        super().prepare(stage)
        for key, value in ("time", 4), ("intvl", 2), ("probes", 4):
            stage.client.sysctl(f"net.ipv4.tcp_keepalive_{key}", value)

    def stall(self, stage):
        (truth,) = super().stall(stage)
        stage.server.drop("input", f"tcp dport {PORT}")

        def returns(timeout):
            self.waiting.process.wait(timeout)
            return time.time()

        truth.verdict = "peer_dead"
        truth.predicts, truth.happens = "returns_by_s", returns
        return [truth]

    @staticmethod
    def expect():
        return {"keepalive": True, "keepalive_probes": lambda count: count >= 1}


SCENARIOS = [PostgresVanished, PostgresKeepalive, PostgresSleep, PostgresServerVanished]
