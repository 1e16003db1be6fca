# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
What a wait costs with sockstall beside it, for each way to wait: against empty BPF programs on the same two
tracepoints, which is the least that anything there can cost, and against other tools.

In every round each of them is measured once, right after the bare call: what counts is the difference within
a round.
"""
import os
import shutil
import statistics
import subprocess
import time

WAITS = ("epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6", "io_uring_enter")
COUNT = 200000
SLOW_COUNT = 5000  # for what costs microseconds a call


class Empty:
    """Empty programs on the entry and the exit of a syscall."""

    def __init__(self, program, syscall):
        self.argv = [program, syscall]

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("the empty programs could not be attached")

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Waits:
    def __init__(self, load, empty, running, rounds):
        self.load, self.empty, self.running, self.rounds = load, empty, running, rounds

    def figure(self, wait, count=COUNT, before=()):
        """ns a call. Under a tool, its own output is thrown away."""
        done = subprocess.run([*before, self.load, wait, str(count)], check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        return float(done.stdout.split()[0])

    def beside(self, wait, context):
        with context:
            time.sleep(0.2)  # attaching changes kernel code: let it settle
            return self.figure(wait)

    def added(self, wait):
        """The bare cost, and medians of what empty programs and sockstall add to it."""
        bare, empty, counted = [], [], []
        for _ in range(self.rounds):
            bare.append(self.figure(wait))
            empty.append(self.beside(wait, Empty(self.empty, wait)) - bare[-1])
            counted.append(self.beside(wait, self.running("epoll", "--interfaces", "all", "-i", "1h")) - bare[-1])
        return tuple(statistics.median(figures) for figures in (bare, empty, counted))

    def under(self, wait, before):
        bare = self.figure(wait, SLOW_COUNT)
        return statistics.median(self.figure(wait, SLOW_COUNT, before) for _ in range(3)) - bare


def tracing(argv):
    """A command line with tracefs mounted where only it sees it."""
    mount = "mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; exec \"$@\""
    return ["unshare", "-m", "sh", "-c", mount, "sh", *argv]


def other_tools(wait):
    """(name, command line that the load is run under), of those that are installed."""
    script = (f"tracepoint:syscalls:sys_enter_{wait} {{ @at[tid] = nsecs; }} "
              f"tracepoint:syscalls:sys_exit_{wait} {{ @ns[tid] = hist(nsecs - @at[tid]); }}")
    tools = (("bpftrace", None, script),
             ("perf", ["perf", "trace", "-s", "-o", os.devnull, "-e", wait], None),
             ("strace", ["strace", "-c", "-f", "-o", os.devnull, "-e", f"trace={wait}"], None))
    for name, before, beside in tools:
        if shutil.which(name):
            yield name, before, beside


class Bpftrace:
    def __init__(self, script):
        self.script = script

    def __enter__(self):
        self.process = subprocess.Popen(tracing(["bpftrace", "-e", self.script]), stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.process.stdout.readline()  # "Attaching 2 probes..."
        time.sleep(1)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


def bench(row, waits):
    for wait in WAITS:
        bare, empty, counted = waits.added(wait)
        row(f"{wait}() with epoll --interfaces all beside it", f"{counted:+.0f} ns",
            f"bare {bare:.0f} ns; empty programs {empty:+.0f} ns: {counted / empty:.2f} times that")
    for name, before, beside in other_tools("epoll_wait"):
        if before:
            added = waits.under("epoll_wait", tracing(before))
        else:
            bare = waits.figure("epoll_wait")
            added = waits.beside("epoll_wait", Bpftrace(beside)) - bare
        row(f"epoll_wait() under {name}", f"{added:+.0f} ns")
