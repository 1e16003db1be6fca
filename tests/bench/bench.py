#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What sockstall costs, beside what others cost. Prints figures and writes bench.json; asserts nothing.

usage: bench.py FOLDER [PART…]      FOLDER holds sockstall and the programs of the bench

Everything that is compared is measured in turn, in every round (A B A B …): on a shared machine the ratios, of one
round each, are worth more than the times.
"""
import os
import sys

import before
import churn
import events
import first
import itself
import looks
import servers
import waits
from beside import Sockstall
from figures import ROUNDS, Figures, machine, versions

FOLDER = os.path.abspath(sys.argv[1])
SOCKSTALL, LOAD, NET_LOAD, FLOOD, EMPTY, SCAN = (
    os.path.join(FOLDER, name) for name in ("sockstall", "load", "net_load", "flood", "empty", "scan")
)

PARTS = {
    "events": lambda figures: events.bench(figures, SOCKSTALL, LOAD),
    "waits": lambda figures: waits.bench(
        figures, waits.Waits(LOAD, EMPTY, lambda *words: Sockstall(SOCKSTALL, *words), ROUNDS)
    ),
    "churn": lambda figures: churn.bench(figures, SOCKSTALL, NET_LOAD, EMPTY),
    "servers": lambda figures: servers.bench(figures, SOCKSTALL, EMPTY),
    "first": lambda figures: first.bench(figures, SOCKSTALL),
    "looks": lambda figures: looks.bench(figures, SOCKSTALL, LOAD, NET_LOAD, FLOOD, SCAN),
    "itself": lambda figures: itself.bench(figures, SOCKSTALL, LOAD),
    "before": lambda figures: before.bench(figures, SOCKSTALL, LOAD),
}
VERSIONS = {
    "sockstall": [SOCKSTALL, "--version"],
    "ss": ["ss", "-V"],
    "bpftrace": ["bpftrace", "--version"],
    "perf": ["perf", "--version"],
    "strace": ["strace", "-V"],
    "nginx": ["/usr/sbin/nginx", "-v"],
    "wrk": ["wrk", "-v"],
    "redis": ["redis-server", "--version"],
    "memcached": ["memcached", "--version"],
    "tcpstates": ["/usr/sbin/tcpstates", "--version"],
}


def main():
    parts = sys.argv[2:] or list(PARTS)
    unknown = set(parts) - set(PARTS)
    if unknown:
        sys.exit(f"bench: no part {' '.join(unknown)}: there are {' '.join(PARTS)}")
    figures = Figures({**machine(), "rounds": ROUNDS, "versions": versions(VERSIONS)})
    for name, value in figures.about.items():
        print(f"{name}: {value}")
    print("median, unit, the middle half of the rounds, and the ratio to the first line of each group")
    try:
        for part in parts:
            print(f"\n{part}", flush=True)
            PARTS[part](figures)
    finally:
        figures.write(os.path.join(FOLDER, "bench.json"))


main()
