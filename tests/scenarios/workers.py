# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Servers with a fixed number of workers, of which each serves one request at a time. All of them wait for a service that does not answer; the
next request lies in the accept queue, and a worker is named for that, not the master, which never accepts.
"""

import os
import time

from child import wait_until
from needs import where
from scenario import Healthy, Scenario, Truth, reader
from stage import PROGRAMS, asleep, children

PORT, BACKEND = 8080, 8081
WORKERS = 2


def gunicorn(stage):
    return stage.start(
        stage.server,
        where("gunicorn"),
        *("-w", WORKERS, "-t", 600, "-b", f"{stage.server_addr}:{PORT}", "--chdir", PROGRAMS, "app:application"),
        env={**os.environ, "BACKEND": f"{stage.client_addr} {BACKEND}", "PYTHONDONTWRITEBYTECODE": "1"},
    )


def uwsgi(stage):
    return stage.start(
        stage.server,
        where("uwsgi"),
        *("--plugin", "python3", "--http-socket", f"{stage.server_addr}:{PORT}", "--master", "--processes", WORKERS),
        *("--wsgi-file", os.path.join(PROGRAMS, "app.py"), "--need-app", "--die-on-term", "--logto", "/dev/null"),
        env={**os.environ, "BACKEND": f"{stage.client_addr} {BACKEND}", "PYTHONDONTWRITEBYTECODE": "1"},
    )


RUBY = """
worker_processes {workers}
timeout 600
"""


def unicorn(stage):
    path = stage.write("unicorn.rb", RUBY.format(workers=WORKERS))
    return stage.start(
        stage.server,
        where("unicorn"),
        *("-E", "none", "-c", path, "-l", f"{stage.server_addr}:{PORT}", os.path.join(PROGRAMS, "app.ru")),
        env={**os.environ, "BACKEND": f"{stage.client_addr} {BACKEND}"},
    )


def starman(stage):
    return stage.start(
        stage.server,
        where("starman"),
        *("--listen", f"{stage.server_addr}:{PORT}", "--workers", WORKERS, os.path.join(PROGRAMS, "app.psgi")),
        env={**os.environ, "BACKEND": f"{stage.client_addr} {BACKEND}"},
    )


class Workers:
    def prepare(self, stage):
        self.master = type(self).server(stage)
        stage.listening(stage.server, PORT)
        self.workers = wait_until(lambda: len(children(self.master.pid)) == WORKERS and children(self.master.pid), 20)
        wait_until(lambda: self.served(stage), 20, "an answer")
        stage.python(stage.client, "mute_server.py", stage.client_addr, BACKEND, 16)
        stage.listening(stage.client, BACKEND)

    @staticmethod
    def served(stage):
        done = stage.python(stage.client, "web_client.py", f"http://{stage.server_addr}:{PORT}/")
        return done.join(20) == 0


class Busy(Workers, Scenario):
    polls = False

    def stall(self, stage):
        began, clients = time.time(), []
        for _ in range(WORKERS):
            clients.append(self.ask(stage))
            count = len(clients)
            wait_until(lambda: len(self.asking(stage)) == count, 20, "a worker that asks")
        waiting = self.ask(stage)
        since = began, time.time()
        truths = [
            Truth(**reader(stage, client, waiter="thread"), verdict="awaiting_reply", since=since)
            for client in clients + [waiting]
        ]
        workers = {"type": "reader", "pid": set(self.workers), "peer_port": BACKEND}
        # One in poll is told as the server's: nobody reads there what it asked.
        truths.append(Truth(workers, "awaiting_reply", {}, since, least=0 if self.polls else WORKERS, most=WORKERS))
        owner = {"netns": stage.server.inode, "pid": set(self.workers)}
        return truths + [
            Truth({"type": "handshake", "local_port": PORT}, "not_accepted", owner),
            Truth({"type": "listener", "local_port": PORT}, "not_accepting", owner),
            # A worker of uWSGI waits for its listener in epoll_wait.
            Truth({"type": "loop", "pid": set(self.workers)}, "blocked_in_read", {}, least=0, most=WORKERS),
            # Nobody reads what they asked; nor the end of their requests, which some leave there.
            Truth({"type": "reader", "local_port": BACKEND}, "not_read", {}, least=0, most=WORKERS),
            Truth({"type": "reader", "local_port": PORT}, "not_read", {}, least=0, most=WORKERS),
        ]

    @staticmethod
    def ask(stage):
        client = stage.python(stage.client, "web_client.py", f"http://{stage.server_addr}:{PORT}/ask")
        asleep(client.pid, "recvfrom", timeout=20)
        return client

    @staticmethod
    def asking(stage):
        return stage.server.run("ss", "-Htn", f"dport = :{BACKEND}").splitlines()


class Serving(Workers, Healthy):
    def load(self, stage):
        stage.start(stage.client, "wrk", "-t1", "-c2", "-d60s", f"http://{stage.server_addr}:{PORT}/")


def scenario_of(name, server, needs, **more):
    common = {"server": server, "needs": needs, **more}
    twin = type("Serving", (Serving,), {"name": name, **common})
    return type("Busy", (Busy,), {"name": f"{name}-all-workers-wait", "twin": twin, **common})


SCENARIOS = [
    scenario_of("gunicorn", gunicorn, ("gunicorn", "wrk")),
    scenario_of("unicorn", unicorn, ("unicorn", "wrk"), polls=True),
    scenario_of("starman", starman, ("starman", "wrk")),
    scenario_of("uwsgi", uwsgi, ("uwsgi", "uwsgi-python", "wrk")),
]
