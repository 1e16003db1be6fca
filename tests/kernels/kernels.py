#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""`make kernels`: the end-to-end tests on Debian's kernels, each in a machine of its own.

usage: kernels.py PROGRAM [--only SERIES[,SERIES…]] [--all | TEST…]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import boot
import fetch
import image
import table

HERE = os.path.dirname(os.path.abspath(__file__))
# Tool and the package it is in.
TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "debootstrap": "debootstrap", "mke2fs": "e2fsprogs", "cpio": "cpio",
         "busybox": "busybox-static", "depmod": "kmod", "apt-get": "apt", "dpkg": "dpkg"}
# A machine that has not ended by then is stuck: well above what the slowest takes.
SECONDS_CORE, SECONDS_ALL = 900, 3600


def missing_packages():
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return [package for tool, package in TOOLS.items() if not shutil.which(tool, path=path)]


def core_tests():
    with open(os.path.join(HERE, "core.list"), encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def run_one(series, program, tests, timeout, append):
    """The machine's lines. What it said on its console is shown where it did not come to its end."""
    home = fetch.kernel(series)
    with tempfile.TemporaryDirectory(prefix="sockstall-") as where:
        tar = os.path.join(where, "payload")
        boot.payload(tar, program, {"tests": tests})
        lines = boot.run(home, tar, where, timeout, append)
        if not any("end" in line for line in lines):
            with open(os.path.join(where, "console"), encoding="utf-8", errors="replace") as console:
                said = [line.rstrip() for line in console if line.strip()]
            last = next((i for i, line in enumerate(said) if "panic" in line), len(said) - 1)
            print(f"{series}: the machine did not come to its end; its console:", *said[max(0, last - 15):last + 1],
                  sep="\n  ", file=sys.stderr)
            lines.append({"test": "(the whole run)", "outcome": "failed", "reason": "did not come to its end"})
    return lines


def show(results):
    print(*table.tests(results), "", *table.programs(results), sep="\n")
    for outcome in "skipped", "failed":
        for reason in table.reasons(results, outcome):
            print(f"{outcome}: {reason}")
    for line in table.refused(results):
        print(line)
    return 1 if any(table.reasons(results, "failed")) else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--only", default="")
    parser.add_argument("--append", default="", help="more for the kernel's command line")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("tests", nargs="*")
    options = parser.parse_intermixed_args()
    series = [name for name in options.only.replace(",", " ").split() if name] or list(fetch.KERNELS)
    unknown = set(series) - set(fetch.KERNELS)
    if unknown:
        sys.exit(f"kernels: no such series {' '.join(unknown)}: there are {' '.join(fetch.KERNELS)}")
    if os.geteuid():
        sys.exit("kernels: run this as root: debootstrap makes device files")
    packages = missing_packages()
    if packages:
        sys.exit(f"kernels: install {' '.join(packages)}")
    tests = ["."] if options.all else options.tests or core_tests()
    results = {}
    try:
        for name in series:
            print(f"kernels: {name} …", file=sys.stderr)
            results[name] = run_one(name, os.path.abspath(options.program), tests,
                                    SECONDS_ALL if options.all else SECONDS_CORE, options.append)
    except fetch.FetchError as error:
        sys.exit(f"kernels: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"kernels: {error.cmd[0]}: {(error.stderr or b'').decode(errors='replace').strip()[-300:]}")
    sys.exit(show(results))


main()
