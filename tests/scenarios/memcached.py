# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""memcached: a listening thread and four workers, each with its event loop."""

import os
import signal
import time

from loops import not_accepted
from needs import where
from scenario import Healthy, Scenario, Truth, begins, reader
from stage import asleep, waiting_in_epoll

PORT, WORKERS = 11211, 4


def start_memcached(stage):
    memcached = stage.start(
        stage.server, where("memcached"), "-u", "nobody", "-l", stage.server_addr, "-p", PORT, "-t", WORKERS, "-m", 16
    )
    stage.listening(stage.server, PORT)
    return memcached


def load(stage):
    return stage.python(stage.client, "cache_client.py", stage.server_addr, PORT, 8)


class MemcachedHealthy(Healthy):
    name = "memcached"
    needs = ("memcached",)

    def prepare(self, stage):
        start_memcached(stage)

    def load(self, stage):
        load(stage)


class MemcachedStopped(Scenario):
    """The process is stopped, as by a debugger: all its loops stand still."""

    name = "memcached-stopped"
    needs = ("memcached",)
    twin = MemcachedHealthy

    def prepare(self, stage):
        self.memcached = start_memcached(stage)

    def stall(self, stage):
        busy = load(stage)
        time.sleep(2.5)
        busy.end()
        time.sleep(0.3)
        loops = waiting_in_epoll(self.memcached.pid)  # other threads sleep on conditions
        assert len(loops) == 1 + WORKERS, loops
        before = time.time()
        os.kill(self.memcached.pid, signal.SIGSTOP)
        stopped = before, time.time()
        client = stage.python(stage.client, "cache_client.py", stage.server_addr, PORT, 1)
        since = stopped[1], asleep(client.pid, "recvfrom")
        socket = stage.socket_of(stage.client, client.pid)
        main = self.memcached.pid
        state = {"now": "blocked", "now_in": begins("stopped"), "netns": stage.server.inode}
        return [
            Truth(
                {"type": "loop", "pid": main, "tid": set(loops) - {main}},
                "stalled",
                state,
                stopped,
                least=WORKERS,
                most=WORKERS,
                once=0,
            ),
            # The listening thread has waited a few times only, for those who connected.
            Truth({"type": "loop", "pid": main, "tid": main}, "stalled", state, stopped, least=0),
            Truth(**reader(stage, client, syscall="recvfrom", **socket), verdict="awaiting_reply", since=since),
            *not_accepted(stage, self.memcached, PORT),
        ]

    def end(self, stage):
        os.kill(self.memcached.pid, signal.SIGCONT)


SCENARIOS = [MemcachedStopped]
