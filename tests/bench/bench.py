#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What sockstall costs. Prints figures; asserts nothing.

usage: bench.py SOCKSTALL LOAD EMPTY

Figures are medians of rounds that alternate with and without sockstall (A B A B …): on a shared machine
the ratios are worth more than the times.
"""
import json
import os
import statistics
import subprocess
import sys
import time

import waits

SOCKSTALL, LOAD, EMPTY = sys.argv[1:4]
ROUNDS = 5


class Running:
    """sockstall with every probe attached, for the length of a with block."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        reading, writing = os.pipe()
        self.process = subprocess.Popen([SOCKSTALL, *self.arguments, "-j", "--ready-fd", str(writing)],
                                        pass_fds=[writing], stdout=subprocess.PIPE)
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        return self

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    def __exit__(self, *_):
        self.process.terminate()
        self.output = self.process.communicate()[0]


def figure(*arguments):
    return float(subprocess.run([LOAD, *map(str, arguments)], check=True, capture_output=True).stdout)


def beside(name, count, *sockstall):
    """ns a call, bare and with sockstall beside it, in turn."""
    bare, loaded = [], []
    for _ in range(ROUNDS):
        bare.append(figure(name, count))
        with Running(*sockstall):
            loaded.append(figure(name, count))
    return statistics.median(bare), statistics.median(loaded)


def first_answer(*arguments):
    """Medians, in s: from exec to the end record, and to the end of the process."""
    answers, exits = [], []
    for _ in range(2 * ROUNDS):
        began = time.monotonic()
        with subprocess.Popen([SOCKSTALL, *arguments, "-j"], stdout=subprocess.PIPE) as process:
            while b'"type":"end"' not in process.stdout.readline():
                pass
            answers.append(time.monotonic() - began)
            process.wait()
            exits.append(time.monotonic() - began)
        time.sleep(0.7)  # the kernel lets go of tracepoints for a while; the next run is not to wait for that
    return statistics.median(answers), statistics.median(exits)


def cpu_of(looks, *arguments):
    """CPU seconds of a run, and how many looks it took."""
    done = subprocess.run([SOCKSTALL, *arguments, "-j", "-i", "200ms", "-d", f"{looks * 200}ms"], check=True,
                          capture_output=True)
    end = json.loads(done.stdout.splitlines()[-1])
    return end["cpu_s"], end["looks"]


def look_ms(*arguments):
    """CPU ms of one look: the difference between a long run and a short one."""
    few, many = cpu_of(2, *arguments), cpu_of(14, *arguments)
    return (many[0] - few[0]) / (many[1] - few[1]) * 1e3


class Load:
    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        self.process = subprocess.Popen([LOAD, *map(str, self.arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"load {self.arguments} did not start")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def row(what, value, note=""):
    print(f"{what:<58} {value:>12}  {note}", flush=True)


def bench_first_answer():
    for command in [], ["handshakes"], ["readers"], ["epoll"]:
        answer, end = first_answer(*command, "-1")
        row(f"first complete answer, {' '.join([*command, '-1'])}", f"{answer * 1e3:.0f} ms",
            f"process ended after {end * 1e3:.0f} ms" + ("" if command in (["handshakes"], ["readers"]) else
                                                      "; loops are watched for 50 ms"))


def bench_memory():
    with Running("-i", "200ms") as running:
        time.sleep(2)
        row("resident memory, overview", f"{running.rss_kib() / 1024:.1f} MiB")


def bench_syscalls():
    for command in "handshakes", "readers":
        bare, loaded = beside("getppid", 3000000, command)
        row(f"getppid() with {command} beside it", f"{loaded:.1f} ns", f"bare {bare:.1f} ns, ratio {loaded / bare:.3f}")
    bare, loaded = beside("epoll_wait", 2000000, "epoll")
    row("epoll_wait() with epoll accounting", f"{loaded:.0f} ns", f"bare {bare:.0f} ns: {loaded - bare:+.0f} ns")


def bench_waits():
    waits.bench(row, waits.Waits(LOAD, EMPTY, Running, ROUNDS))


def bench_looks():
    row("a look on this machine as it is, overview", f"{look_ms():.2f} ms CPU")
    with Load("threads", 10000):
        row("a look over 10,000 threads, readers", f"{look_ms('readers'):.2f} ms CPU", "all blocked in read")
        row("a look over 10,000 threads, epoll", f"{look_ms('epoll'):.2f} ms CPU")
    with Load("sockets", 100000):
        row("a look over 100,000 sockets, handshakes", f"{look_ms('handshakes'):.2f} ms CPU")


def main():
    print(f"{os.uname().sysname} {os.uname().release}, {os.cpu_count()} CPUs, medians of {ROUNDS} rounds or more")
    for bench in bench_first_answer, bench_memory, bench_syscalls, bench_waits, bench_looks:
        bench()


main()
