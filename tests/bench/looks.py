# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What a look costs, and how it grows: with threads, sockets, namespaces. Beside an empty iterator, ss and /proc."""
import json
import os
import statistics
import subprocess
import time

from beside import Helper, Sockstall

SECTION = "looks"
ROUNDS = int(os.environ.get("LOOK_ROUNDS", "5"))
THREADS = (100, 1000, 10000, 25000)
CLIENTS = (100, 1000, 10000)
SOCKETS = (1000, 10000, 100000)
REQUESTS = (10000, 100000, 1000000)
NAMESPACES = (1, 50, 500)


def cpu_of_run(program, *arguments):
    done = subprocess.run(
        [program, *arguments, "-j", "-1"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return json.loads(done.stdout.splitlines()[-1])["cpu_s"]


def look(program, *arguments):
    """
    CPU ms of one look: what sockstall used from one rest to the next. The first one, which has all that is new, is left out. A
    dear look is taken less often, and is waited for.
    """

    def measure():
        with Sockstall(program, *arguments, "-i", "300ms") as running:
            marks = [running.cpu_at_rest()]
            while len(marks) < 5:
                used = running.cpu_at_rest()
                if used > marks[-1]:
                    marks.append(used)
        return statistics.median(after - before for before, after in zip(marks[1:], marks[2:])) / 1e6

    return measure


def single_look(program, *arguments, inode):
    """
    CPU ms of one look at the sockets of a namespace: of a whole run there, less that of one that looks at none. When it goes
    on, sockstall does not look at each time at what costs so much.
    """

    def measure():
        seconds = [cpu_of_run(program, *arguments, "--netns", str(netns)) for netns in (inode, 1)]
        return (seconds[0] - seconds[1]) * 1e3

    return measure


def wall(*argv):
    """ms of a whole command, whose output is thrown away."""

    def measure():
        began = time.monotonic()
        subprocess.run(list(map(str, argv)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (time.monotonic() - began) * 1e3

    return measure


def said(*argv):
    """The figure that a program of the bench prints, in ms."""

    def measure():
        done = subprocess.run(list(map(str, argv)), check=True, stdout=subprocess.PIPE)
        return float(done.stdout) / 1e6

    return measure


def bench_threads(figures, program, load, net_load, scan):
    for count in THREADS:
        with Helper(load, "threads", count):
            figures.compare(
                SECTION,
                "threads asleep in read",
                "ms",
                [
                    ("empty iterator", said(scan, "task", 5)),
                    ("a look, readers", look(program, "readers")),
                    ("a look, epoll", look(program, "epoll")),
                    ("a look, chains", look(program, "chains")),
                    ("walk of /proc/*/task/*/syscall", said(net_load, "walk", 1)),
                ],
                ROUNDS,
                count,
            )


def bench_clients(figures, program, load, scan):
    """All of them are stuck: what it costs to judge them, and to say so."""
    for count in CLIENTS:
        with Helper(load, "clients", count):
            figures.compare(
                SECTION,
                "threads that await an answer over TCP",
                "ms",
                [
                    ("empty iterator", said(scan, "task", 5)),
                    ("a look, readers", look(program, "readers")),
                    ("a look, overview", look(program)),
                    ("a look, chains", look(program, "chains")),
                ],
                ROUNDS,
                count,
            )


def bench_sockets(figures, program, load, scan):
    inode = os.stat("/proc/self/ns/net").st_ino
    for count in SOCKETS:
        with Helper(load, "sockets", count):
            figures.compare(
                SECTION,
                "TCP sockets",
                "ms",
                [
                    ("empty iterator", said(scan, "tcp", 5)),
                    ("a look, handshakes", single_look(program, "handshakes", inode=inode)),
                    ("whole run, handshakes -1 -a", wall(program, "handshakes", "-1", "-a", "-j")),
                    ("empty iterator over all files", said(scan, "task_file", 1)),
                    ("ss -tan", wall("ss", "-tan")),
                    ("ss -tanp", wall("ss", "-tanp")),
                ],
                ROUNDS,
                count,
            )


def inside(pid, *argv):
    return ["nsenter", "-t", str(pid), "-n", *map(str, argv)]


def bench_requests(figures, program, flood, scan):
    for count in REQUESTS:
        with Helper(flood, count) as there:
            inode = os.stat(f"/proc/{there.process.pid}/ns/net").st_ino
            figures.compare(
                SECTION,
                "half-open connections",
                "ms",
                [
                    ("empty iterator", said(*inside(there.process.pid, scan, "tcp", 3))),
                    ("a look, handshakes", single_look(program, "handshakes", inode=inode)),
                    ("ss -tan", wall(*inside(there.process.pid, "ss", "-tan"))),
                ],
                min(ROUNDS, 3),
                count,
            )


def bench_namespaces(figures, program, net_load):
    for count in NAMESPACES:
        with Helper(net_load, "namespaces", count):
            figures.compare(
                SECTION,
                "network namespaces",
                "ms",
                [
                    ("a look, handshakes", look(program, "handshakes")),
                    ("whole run, handshakes -1", wall(program, "handshakes", "-1", "-j")),
                ],
                ROUNDS,
                count,
            )


def bench_reactions(figures, program, load):
    """A condition that no stall meets, and looks that are kept: beside the same looks without."""
    with Helper(load, "threads", 1000):
        figures.compare(
            SECTION,
            "a look over 1,000 threads asleep in read, with reactions",
            "ms",
            [
                ("readers", look(program, "readers")),
                ("--on-stall, not met", look(program, "readers", "--on-stall", "reader.age>1h", "--exec", "true")),
                ("--flight 60s", look(program, "readers", "--flight", "60s")),
            ],
            ROUNDS,
        )


def bench_commands(figures, program, load):
    """What each command's look costs over the same threads: what one does not ask for one does not pay."""
    with Helper(load, "threads", 1000):
        figures.compare(
            SECTION,
            "a look over 1,000 threads asleep in read, by command",
            "ms",
            [
                (command or "(overview)", look(program, *filter(None, [command])))
                for command in ("readers", "handshakes", "epoll", "writers", "closing", "", "chains")
            ],
            ROUNDS,
        )


def bench(figures, program, load, net_load, flood, scan):
    bench_threads(figures, program, load, net_load, scan)
    bench_clients(figures, program, load, scan)
    bench_commands(figures, program, load)
    bench_reactions(figures, program, load)
    bench_sockets(figures, program, load, scan)
    bench_requests(figures, program, flood, scan)
    bench_namespaces(figures, program, net_load)
