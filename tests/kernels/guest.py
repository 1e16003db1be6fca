# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Runs inside the machine: what `check` says, then the tests. One line of JSON for each result."""

import ctypes
import json
import os
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
E2E = os.path.join(os.path.dirname(HERE), "e2e")
PROGRAM = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "sockstall")


class Report:
    """A pytest plugin that tells each result as it comes."""

    def __init__(self, write):
        self.write = write

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.outcome == "passed":
            return
        said = {"test": report.nodeid, "outcome": report.outcome, "seconds": round(report.duration, 1)}
        if report.outcome == "skipped":
            said["reason"] = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        elif report.outcome == "failed":
            said["reason"] = str(report.longrepr)[-3000:]
        self.write(said)


def check(write):
    done = subprocess.run([PROGRAM, "check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          env=os.environ | {"SOCKSTALL_DEBUG": "1"})
    write({"check": done.stdout, "errors": done.stderr[-20000:], "exit": done.returncode,
           "kernel": os.uname().release})


def hold_tracepoints():
    """
    Keeps one syscall tracepoint in use, for as long as this process lives. Without it every start of sockstall has the
    kernel patch its own code on the way of every syscall, while others run it: a virtual CPU of QEMU's
    may then still meet the breakpoint that stood there for a moment, and the machine panics.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    subprocess.run(["mount", "-t", "tracefs", "tracefs", "/mnt"], check=True)
    for name in "sys_enter_personality", "sys_exit_personality":
        with open(f"/mnt/events/syscalls/{name}/id", encoding="utf-8") as file:
            number = int(file.read())
        # struct perf_event_attr: type PERF_TYPE_TRACEPOINT, size, config.
        attributes = struct.pack("IIQ", 2, 112, number).ljust(112, b"\0")
        if libc.syscall(298, attributes, -1, 0, -1, 0) < 0:
            raise OSError(ctypes.get_errno(), "perf_event_open")
    subprocess.run(["umount", "/mnt"], check=True)


def main():
    try:
        hold_tracepoints()
    except OSError as error:  # locked down: then nobody else gets a tracepoint either
        print(f"tracepoints: {error}")
    # Opened once: the lines must not be changed on their way.
    port = open(sys.argv[1], "w", encoding="utf-8", buffering=1)
    subprocess.run(["stty", "-F", sys.argv[1], "raw", "-echo"], check=False)

    def write(said):
        port.write(json.dumps(said) + "\n")
        port.flush()

    with open(os.path.join(os.path.dirname(HERE), "wanted.json"), encoding="utf-8") as file:
        wanted = json.load(file)
    for argv in wanted.get("commands", []):
        done = subprocess.run(argv, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        write({"command": argv, "output": done.stdout[-30000:], "exit": done.returncode})
    check(write)
    if wanted["tests"]:
        os.environ["SLOW"] = "6"
        import pytest  # after the first result: it takes its time here
        os.chdir(E2E)
        pytest.main(["-q", "--color=no", "-p", "no:cacheprovider", *wanted["tests"]], plugins=[Report(write)])
    write({"end": True})


main()
