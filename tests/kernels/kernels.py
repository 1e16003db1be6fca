#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""`make kernels`: the end-to-end tests on Debian's kernels, each in a machine of its own.

usage: kernels.py BUILD [--only SERIES[,SERIES…]] [--all | --few | TEST…]

BUILD is the folder with sockstall-static, and arm64/sockstall-static for arm64's kernel. What each machine said is left in
BUILD/kernels. As many machines run at once as there are CPUs: each spends much of its time waiting.
"""

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time

import boot
import fetch
import series
import table
from cache import alone

HERE = os.path.dirname(os.path.abspath(__file__))
# A machine that has not ended by then is stuck: well above what the slowest takes.
SECONDS_CORE, SECONDS_ALL = 3300, 3600
# A machine that broke down is started up to so many times.
STARTS = 3


def listed_tests(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def wanted_tests(one, options):
    if options.tests:
        return options.tests
    if one.tests:
        return list(one.tests)
    return ["."] if options.all else listed_tests("few.list" if options.few else "core.list")


def program_for(build, arch):
    """A build for another architecture than this machine's has a folder of its own."""
    own = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine)
    return os.path.join(build, "" if arch == own else arch, "sockstall-static")


def tell_console(name, where):
    """What the machine said last, or before it panicked."""
    with open(os.path.join(where, "console"), encoding="utf-8", errors="replace") as console:
        said = [line.rstrip() for line in console if line.strip()]
    last = next((i for i, line in enumerate(said) if "panic" in line), len(said) - 1)
    print(
        f"{name}: the machine did not come to its end; its console:",
        *said[max(0, last - 15) : last + 1],
        sep="\n  ",
        file=sys.stderr,
    )


def run_once(one, kernel, options, tests):
    """The machine's lines, and whether it came to its end. None: it took too long."""
    timeout = SECONDS_ALL if options.all else SECONDS_CORE
    with tempfile.TemporaryDirectory(prefix="sockstall-") as where:
        tar = os.path.join(where, "payload")
        boot.payload(tar, program_for(options.build, one.arch), {"tests": tests})
        lines, in_time = boot.run(kernel, tar, where, timeout, f"{one.append} {options.append}")
        ended = any("end" in line for line in lines)
        if not ended:
            tell_console(one.name, where)
    return lines, ended if in_time else None


def keep(name, build, lines):
    folder = os.path.join(build, "kernels")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"{name}.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def run_one(one, options, tests):
    """
    A machine that broke down starts again: QEMU itself, not the kernel, is the first to be suspected. While a kernel boots
    it patches its own code, and a virtual CPU may meet the breakpoint that stands there for a moment.
    """
    began = time.monotonic()
    with alone():
        kernel = series.Kernel(one)
    for start in range(STARTS):
        if start:
            print(f"kernels: {one.name}: starting it again", file=sys.stderr)
        lines, ended = run_once(one, kernel, options, tests)
        if ended is not False:
            break
    if not ended:
        lines.append({"test": "(the whole run)", "outcome": "failed", "reason": "did not come to its end"})
    lines.append({"took": time.monotonic() - began})
    keep(one.name, options.build, lines)
    return lines


def run_all(wanted, options):
    """By name, in the order of the table: the lines, or why a kernel could not be had. The slowest begins first."""

    def task(one):
        print(f"kernels: {one.name} …", file=sys.stderr)
        try:
            return run_one(one, options, wanted_tests(one, options))
        except fetch.FetchError as error:
            print(f"kernels: {one.name}: {error}", file=sys.stderr)
            return error
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"kernels: {one.name}: {error}")

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        running = {one.name: pool.submit(task, one) for one in sorted(wanted, key=lambda one: one.arch == "amd64")}
    return {one.name: running[one.name].result() for one in wanted}


def show(results, unfetched):
    print(*table.tests(results), "", *table.programs(results), sep="\n")
    for outcome in "skipped", "on retry", "failed":
        for reason in table.reasons(results, outcome):
            print(f"{outcome}: {reason}")
    refused = list(table.refused(results))
    print(*refused, *(f"not run: {name}: {why}" for name, why in unfetched.items()), sep="\n")
    return any(table.reasons(results, "failed")) or bool(refused)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--only", default="")
    parser.add_argument("--append", default="", help="more for the kernel's command line")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--few", action="store_true")
    parser.add_argument(
        "--unfetched",
        choices=("fail", "tell"),
        default="fail",
        help="what it is to be when a kernel cannot be had from the mirror",
    )
    parser.add_argument("--arches", action="store_true", help="only print the architectures that the series need")
    parser.add_argument("tests", nargs="*")
    return parser.parse_intermixed_args()


def main():
    options = parse()
    try:
        wanted = series.find(options.only)
    except series.Unknown as error:
        sys.exit(f"kernels: {error}")
    if options.arches:
        print(*sorted({one.arch for one in wanted}))
        return
    if os.geteuid():
        sys.exit("kernels: run this as root: what is unpacked belongs to root in the machines")
    found = run_all(wanted, options)
    unfetched = {name: said for name, said in found.items() if isinstance(said, fetch.FetchError)}
    results = {name: said for name, said in found.items() if name not in unfetched}
    failed = show(results, unfetched)
    sys.exit(1 if failed or (unfetched and options.unfetched == "fail") else 0)


main()
