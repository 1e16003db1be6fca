#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
sockstall on real servers and clients, which get stuck on purpose: what it reports is compared with the truth.

    scenarios.py [--list] [--no-twins] [NAME…]

A NAME is a scenario's, or the beginning of several ("nginx").
"""

import os
import signal
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

import answers
import apache
import asyncio_loop
import brokers
import chain
import curl
import daemons
import faults
import go
import haproxy
import java
import loops_python
import many_threads
import memcached
import needs
import nginx
import node
import play
import pools
import postgres
import proxies
import python_http
import rates
import redis
import silent
import sshd
import table
import workers
from play import Outcome

MODULES = (
    curl,
    python_http,
    asyncio_loop,
    many_threads,
    nginx,
    apache,
    redis,
    postgres,
    node,
    memcached,
    haproxy,
    sshd,
    java,
    go,
    silent,
    loops_python,
    workers,
    chain,
    answers,
    proxies,
    brokers,
    pools,
    daemons,
)
SCENARIOS = [one for module in MODULES for one in module.SCENARIOS]
FAULTS = faults.FAULTS + rates.RATES


class Results:
    def __init__(self):
        self.scenarios, self.twins, self.faults = [], [], []

    def all(self):
        return self.scenarios + self.twins + self.faults


def chosen(ones, names):
    return [one for one in ones if not names or any(one.name.startswith(name) for name in names)]


def perform(one, how):
    """Play it, if its programs are there, and show how it went."""
    reason = needs.missing(one.needs)
    outcome = Outcome(one.name, "", skipped=reason) if reason else play.undisturbed(lambda kind: how(kind()), one)
    table.row(outcome)
    return outcome


def play_all(names, twins):
    results, played = Results(), set()
    table.heading()
    for one in chosen(SCENARIOS, names):
        results.scenarios.append(perform(one, play.scenario))
        if twins and one.twin not in played:
            played.add(one.twin)
            results.twins.append(perform(one.twin, play.twin))
    for one in chosen(FAULTS, names):
        results.faults.append(perform(one, play.fault))
    return results


def closing_lines(results):
    right = sum(outcome.passed for outcome in results.scenarios)
    played = sum(not outcome.skipped for outcome in results.scenarios)
    passed = sum(outcome.passed for outcome in results.all())
    skipped = sum(bool(outcome.skipped) for outcome in results.all())
    failed = len(results.all()) - passed - skipped
    table.confusion([outcome for outcome in results.scenarios + results.twins if not outcome.skipped])
    print(f"\nscenarios: {right} of {played} right")
    print(f"false alarms in healthy twins: {sum(len(outcome.extra) for outcome in results.twins)}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def names_and_twins():
    for one in SCENARIOS:
        print(f"{one.name:32} twin: {one.twin.name}")
    for one in FAULTS:
        print(one.name)


def main(arguments):
    # So that what was started is cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = [word for word in arguments if word.startswith("-")]
    names = [word for word in arguments if not word.startswith("-")]
    if set(options) - {"--list", "--no-twins"}:
        sys.exit(__doc__.strip())
    if "--list" in options:
        names_and_twins()
        return 0
    if names and not chosen(SCENARIOS, names) + chosen(FAULTS, names):
        sys.exit(f"no scenario is called {' '.join(names)}; --list shows them")
    return closing_lines(play_all(names, "--no-twins" not in options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
