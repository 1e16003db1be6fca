#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""`make check-distros`: builds, runs and installs on releases of Debian, with their own compiler, libraries and Python.

usage: distros.py SOURCES.tar LOGS --packages "…" [--steps "…"] SUITE…

The kernel is this machine's. Each release is a root file system in ~/.cache/sockstall, made once by debootstrap. A release that
the mirror does not have is told, and is no failure.
"""

import argparse
import os
import subprocess
import sys
import time

import root
import steps


class Log:
    """What the commands of a suite print; shown only when one fails."""

    def __init__(self, folder, suite):
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, f"{suite}.log")
        with open(self.path, "w", encoding="utf-8"):
            pass

    def run(self, argv, timeout):
        """Whether it succeeded, and its output."""
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
            said, code = done.stdout, done.returncode
        except subprocess.TimeoutExpired as late:
            said, code = (late.stdout or b"") + f"\nnot done after {timeout} s\n".encode(), None
        said = said.decode(errors="replace")
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"$ {argv[-1]}\n{said}\n")
        return code == 0, said


def tell(suite, result, seconds):
    print(f"{suite}: {result.name}: {result.summary()} ({seconds:.0f} s)", flush=True)
    for name in result.retried:
        print(f"{suite}: passed when run once more: {name}")
    for reason in result.skipped:
        print(f"{suite}: skipped: {reason}")
    for why in result.failures:
        print(f"{suite}: failed: {why}", file=sys.stderr)


def run_suite(suite, options):
    """The results of its steps."""
    log = Log(options.logs, suite)
    results = []
    with root.held(suite):
        where = root.made(suite)
        root.refresh(where, options.sources)
        root.install(where, log, suite, options.packages)
        for step in steps.wanted(options.steps):
            began = time.monotonic()
            results.append(step(root.Inside(where, log), suite))
            tell(suite, results[-1], time.monotonic() - began)
            if results[-1].is_vital and results[-1].failures:
                break
    return results


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("sources")
    parser.add_argument("logs")
    parser.add_argument("--packages", required=True)
    parser.add_argument("--steps", default="", help="some of: " + " ".join(steps.STEPS))
    parser.add_argument("suites", nargs="+")
    return parser.parse_args()


def main():
    options = parse()
    if os.geteuid():
        sys.exit("check-distros: run this as root: it makes root file systems, and mounts in them")
    unknown = [suite for suite in options.suites if not root.is_known(suite)]
    if unknown:
        sys.exit(f"check-distros: debootstrap knows no {' '.join(unknown)}")
    results, passed, failed = [], 0, 0
    for suite in options.suites:
        try:
            results += run_suite(suite, options)
        except root.FetchError as error:
            print(f"{suite}: not run: {error}", flush=True)
    for result in results:
        passed += result.passed
        failed += len(result.failures)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
