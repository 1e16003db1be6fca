# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""sockstall itself, at intervals of 1 s: memory, CPU, what it writes, and whether it grows."""
import contextlib
import os
import statistics
import time

from beside import Helper, Sockstall, nothing

SECTION = "itself"
SECONDS = int(os.environ.get("ITSELF_SECONDS", "20"))
SOAK = int(os.environ.get("SOAK", "120"))  # 3600 for the hour


@contextlib.contextmanager
def busy(load):
    with Helper(load, "threads", 10000), Helper(load, "sockets", 20000):
        yield


BUDGET_SPAN = 10  # seconds in which looks may cost what they like, as long as they do not later


def watch(figures, program, what):
    with Sockstall(program, "-i", "1s") as running:
        time.sleep(BUDGET_SPAN + 5)
        began, cpu, written = time.monotonic(), running.cpu_s(), running.written()
        time.sleep(SECONDS)
        took = time.monotonic() - began
        figures.add(SECTION, what, "CPU share", "% of one", [(running.cpu_s() - cpu) / took * 100])
        figures.add(SECTION, what, "written", "MiB/hour", [(running.written() - written) / took * 3600 / 2**20])
        figures.add(SECTION, what, "resident memory", "MiB", [running.rss_mib()])


def soak(figures, program):
    """The first quarter is for what is allocated once."""
    seen = []
    with Sockstall(program, "-i", "100ms") as running:
        for _ in range(SOAK):
            time.sleep(1)
            seen.append(running.rss_mib())
    quarter = max(1, len(seen) // 4)
    first, last = (statistics.median(part) for part in (seen[quarter : 2 * quarter] or seen, seen[-quarter:]))
    figures.add(SECTION, f"{SOAK} s at 10 looks a second", "growth of memory", "MiB", [last - first])


def bench(figures, program, load):
    for what, context in (
        ("idle machine", nothing),
        ("10,000 threads, 20,000 sockets", lambda: busy(load)),
        ("100,000 sockets", lambda: Helper(load, "sockets", 100000)),
    ):
        with context():
            watch(figures, program, what)
    soak(figures, program)
