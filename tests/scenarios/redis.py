# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Redis: its clients block in reads, and one slow command stops everyone."""

import time

from loops import not_accepted, stalled
from needs import beside, where
from scenario import Healthy, Scenario, Truth, between, reader, says
from stage import asleep

PORT = 6379


def start_redis(stage):
    redis = stage.start(
        stage.server,
        where("redis-server"),
        "--bind",
        stage.server_addr,
        "--port",
        PORT,
        "--save",
        "",
        "--dir",
        stage.folder,
        "--enable-debug-command",
        "yes",
        "--protected-mode",
        "no",
    )
    stage.listening(stage.server, PORT)
    return redis


def cli(stage, *words):
    return stage.start(stage.client, where("redis-cli"), "-h", stage.server_addr, "-p", PORT, *words)


def blocked_cli(stage, *words):
    """redis-cli that waits for its answer: it, and the moments between which it began to."""
    before = time.time()
    program = cli(stage, *words)
    return program, (before, asleep(program.pid, "read", "recvfrom"))


def awaits(stage, client, since):
    socket = stage.socket_of(stage.client, client.pid)
    # redis-cli sets keepalive: 15 s, then 3 probes 5 s apart.
    return Truth(
        **reader(stage, client, keepalive=True, returns_by_s=between(1, 30.5), **socket),
        verdict="awaiting_reply",
        since=since,
    )


def benchmark(stage):
    return stage.start(
        stage.client,
        beside("redis-cli", "redis-benchmark"),
        "-h",
        stage.server_addr,
        "-p",
        PORT,
        "-c",
        8,
        "-l",
        "-q",
        "-t",
        "set,get,lpush",
    )


class RedisHealthy(Healthy):
    name = "redis"
    needs = ("redis-server", "redis-cli")

    def prepare(self, stage):
        start_redis(stage)

    def load(self, stage):
        benchmark(stage)
        cli(stage, "-r", 1000, "BLPOP", "empty", "0.3")
        cli(stage, "SUBSCRIBE", "news")


class RedisBlpop(Scenario):
    """BLPOP without a timeout: the client waits by choice, but nothing else tells it from one that is stuck."""

    name = "redis-blpop"
    needs = ("redis-server", "redis-cli")
    twin = RedisHealthy

    def prepare(self, stage):
        start_redis(stage)

    def stall(self, stage):
        client, since = blocked_cli(stage, "BLPOP", "queue", "0")
        truth = awaits(stage, client, since)
        truth.expect["why"] = says(
            r"we sent \d+ bytes \d+\.\d s ago; the peer acknowledged all of it, but has not replied; "
        )
        return [truth]

    def end(self, stage):
        cli(stage, "LPUSH", "queue", "1")


class RedisSleep(Scenario):
    """A command that takes long: the only event loop is away, and all clients wait."""

    name = "redis-debug-sleep"
    needs = ("redis-server", "redis-cli")
    twin = RedisHealthy

    def prepare(self, stage):
        self.redis = start_redis(stage)

    def stall(self, stage):
        load = benchmark(stage)
        time.sleep(2)
        assert load.process.poll() is None, load.lines
        load.end()
        sleeper, since = blocked_cli(stage, "DEBUG", "SLEEP", "60")
        asleep(self.redis.pid, "clock_nanosleep")
        other, later = blocked_cli(stage, "PING")
        return [
            stalled(stage, self.redis, "blocked", "clock_nanosleep", since),
            awaits(stage, sleeper, since),
            awaits(stage, other, later),
            *not_accepted(stage, self.redis, PORT),
        ]


SCENARIOS = [RedisBlpop, RedisSleep]
