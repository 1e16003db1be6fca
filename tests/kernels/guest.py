# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Runs inside the machine: what `check` says, then the tests. One line of JSON for each result, on a disk of its own."""

import ctypes
import json
import os
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
E2E = os.path.join(os.path.dirname(HERE), "e2e")
PROGRAM = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "sockstall")
sys.path.insert(0, E2E)
from stalls.machine import NUMBER  # noqa: E402

# More than so many failures are no accident of a slow machine: then none is tried again.
MOST_RETRIED = 12


class Results:
    """What this machine has to say; whoever started it reads the disk when the machine is gone."""

    def __init__(self, disk):
        self.disk, self.end = os.open(disk, os.O_WRONLY), 0

    def write(self, said):
        line = json.dumps(said).encode() + b"\n"
        os.pwrite(self.disk, line, self.end)
        os.fsync(self.disk)
        self.end += len(line)


class Report:
    """A pytest plugin that tells each result as it comes."""

    def __init__(self, results, retry):
        self.results, self.retry, self.failed = results, retry, []

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.outcome == "passed":
            return
        said = {
            "test": report.nodeid,
            "outcome": report.outcome,
            "seconds": round(report.duration, 1),
            "retry": self.retry,
        }
        if report.outcome == "skipped":
            said["reason"] = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        elif report.outcome == "failed":
            said["reason"] = str(report.longrepr)[-3000:]
            self.failed.append(report.nodeid)
        self.results.write(said)


def check():
    done = subprocess.run(
        [PROGRAM, "check", "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=os.environ | {"SOCKSTALL_DEBUG": "1"},
    )
    return {"check": done.stdout, "errors": done.stderr[-20000:], "exit": done.returncode, "kernel": os.uname().release}


def hold_tracepoints():
    """
    Keeps one syscall tracepoint in use, for as long as this process lives. Without it every start of sockstall has the
    kernel patch its own code on the way of every syscall, while others run it: a virtual CPU of QEMU's
    may then still meet the breakpoint that stood there for a moment, and the machine panics.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    subprocess.run(["mount", "-t", "tracefs", "tracefs", "/mnt"], check=True)
    for name in "sys_enter_sethostname", "sys_exit_sethostname":
        with open(f"/mnt/events/syscalls/{name}/id", encoding="utf-8") as file:
            number = int(file.read())
        # struct perf_event_attr: type PERF_TYPE_TRACEPOINT, size, config.
        attributes = struct.pack("IIQ", 2, 112, number).ljust(112, b"\0")
        if libc.syscall(NUMBER["perf_event_open"], attributes, -1, 0, -1, 0) < 0:
            raise OSError(ctypes.get_errno(), "perf_event_open")
    subprocess.run(["umount", "/mnt"], check=True)


def run_tests(results, tests):
    """What failed runs once more, and both results are told."""
    os.environ["SLOW"] = "6"
    import pytest  # after the first result: it takes its time here

    os.chdir(E2E)
    for retry in False, True:
        report = Report(results, retry)
        pytest.main(["-q", "--color=no", "-p", "no:cacheprovider", *tests], plugins=[report])
        tests = list(dict.fromkeys(report.failed))
        if not tests or len(tests) > MOST_RETRIED:
            return


def main():
    try:
        hold_tracepoints()
    except (OSError, subprocess.CalledProcessError) as error:  # locked down: then nobody else gets a tracepoint either
        print(f"tracepoints: {error}")
    results = Results(sys.argv[1])
    with open(os.path.join(os.path.dirname(HERE), "wanted.json"), encoding="utf-8") as file:
        wanted = json.load(file)
    for argv in wanted.get("commands", []):
        done = subprocess.run(
            argv, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        results.write({"command": argv, "output": done.stdout[-30000:], "exit": done.returncode})
    results.write(check())
    if wanted["tests"]:
        run_tests(results, wanted["tests"])
    results.write({"end": True})


main()
