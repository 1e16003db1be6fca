# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Has it grown dearer? Beside an older sockstall, whose path is in the environment (BEFORE)."""
import os
import subprocess

import first
from beside import SERVER_CPU, Helper, Sockstall, nothing, pinned
from looks import look

SECTION = "before"
THREADS, CALLS = 1000, 1000000
REPORTS = {"handshakes": ["handshakes"], "readers": ["readers"], "epoll": ["epoll"], "overview": []}


def call(load, wait, start):
    def measure():
        with start():
            done = subprocess.run(pinned(SERVER_CPU, [load, wait, CALLS]), check=True, stdout=subprocess.PIPE)
            return float(done.stdout.split()[0])

    return measure


def bench(figures, program, load):
    older = os.environ.get("BEFORE")
    if not older:
        print("  no older sockstall to compare with: BEFORE=path names one")
        return
    with Helper(load, "threads", THREADS):
        for name, words in REPORTS.items():
            figures.compare(
                SECTION,
                f"a look over {THREADS:,} threads asleep in read, {name}",
                "ms",
                [("before", look(older, *words)), ("sockstall", look(program, *words))],
            )
    for name, words in REPORTS.items():
        figures.compare(
            SECTION,
            f"exec to complete answer, {name}",
            "ms",
            [("before", first.sockstall(older, *words)), ("sockstall", first.sockstall(program, *words))],
        )
    for wait in ("getppid", "epoll_wait"):
        figures.compare(
            SECTION,
            f"{wait}() with the overview beside it",
            "ns",
            [
                ("bare", call(load, wait, nothing)),
                ("before", call(load, wait, lambda: Sockstall(older, "-i", "1h"))),
                ("sockstall", call(load, wait, lambda: Sockstall(program, "-i", "1h"))),
            ],
        )
