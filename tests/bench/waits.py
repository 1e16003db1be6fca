# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
What a wait costs with sockstall beside it, for each way to wait: against empty BPF programs on the same two
tracepoints, which is the least that anything there can cost, and against other tools.

In every round each of them is measured once, with the bare call before and after it: what counts is the difference within
a round. A round in which the two bare figures differ is measured again: somebody else's tracing came or went.
"""
import json
import os
import shutil
import subprocess
import time

from beside import SERVER_CPU, pinned, tracing

SECTION = "waits"
WAITS = ("epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6", "io_uring_enter")
COUNT = 200000
SLOW_COUNT = 5000  # for what costs microseconds a call
SLOW_ROUNDS = 3
SETTLE = 0.2  # attaching changes kernel code: let it settle
AGREE, TRIES = 1.03, 8


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


class Bpftrace:
    """A histogram by thread: it attaches, and says so in a line."""

    def __init__(self, wait):
        script = (
            f"tracepoint:syscalls:sys_enter_{wait} {{ @at[tid] = nsecs; }} "
            f"tracepoint:syscalls:sys_exit_{wait} {{ @ns[tid] = hist(nsecs - @at[tid]); }}"
        )
        self.argv = tracing(["bpftrace", "-e", script])

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.process.stdout.readline()  # "Attaching 2 probes..."
        time.sleep(1)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


class Waits:
    def __init__(self, load, empty, running, rounds):
        self.load, self.empty, self.running, self.rounds = load, empty, running, rounds

    def figure(self, wait, count=COUNT, before=()):
        """ns a call. Under a tool, its own output is thrown away."""
        done = subprocess.run(
            [*before, *pinned(SERVER_CPU, [self.load, wait, count])],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return float(done.stdout.split()[0])

    def once(self, wait, context):
        """What it adds, and the bare figure."""
        for _ in range(TRIES):
            first = self.figure(wait)
            with context():
                time.sleep(SETTLE)
                loaded = self.figure(wait)
            time.sleep(SETTLE)
            last = self.figure(wait)
            if max(first, last) <= AGREE * min(first, last):
                break
        return loaded - (first + last) / 2, (first + last) / 2

    def added(self, wait):
        """Of each round the bare cost, and what empty programs and sockstall add to it."""
        empty, counted, bare = [], [], []
        for _ in range(self.rounds):
            for values, context in (
                (empty, lambda: Empty(self.empty, wait)),
                (counted, lambda: self.running("epoll", "--interfaces", "all", "-i", "1h")),
            ):
                added, plain = self.once(wait, context)
                values.append(added)
                bare.append(plain)
        return bare, empty, counted

    def under(self, wait, before):
        bare = self.figure(wait, SLOW_COUNT)
        return [self.figure(wait, SLOW_COUNT, before) - bare for _ in range(SLOW_ROUNDS)]

    def others(self, wait):
        """(name, what it adds in each round, or why it does not run here)."""
        tools = {
            "bpftrace histogram": lambda: [self.once(wait, lambda: Bpftrace(wait))[0] for _ in range(SLOW_ROUNDS)],
            "perf trace -s": lambda: self.under(wait, tracing(["perf", "trace", "-s", "-o", os.devnull, "-e", wait])),
            "strace -c": lambda: self.under(wait, ["strace", "-c", "-f", "-o", os.devnull, "-e", f"trace={wait}"]),
        }
        for name, measure in tools.items():
            if not shutil.which(name.split()[0]):
                yield name, [], "not installed"
                continue
            try:
                yield name, measure(), None
            except (subprocess.CalledProcessError, IndexError) as error:
                yield name, [], str(error)


def tracing_programs():
    """How many are loaded now. Others' make the bare call dear, and what is added to it meaningless."""
    done = subprocess.run(["bpftool", "-j", "prog", "show"], stdout=subprocess.PIPE, check=False)
    return sum(program.get("type") == "tracepoint" for program in json.loads(done.stdout or "[]"))


def bench(figures, waits):
    if tracing_programs():
        print(f"  {tracing_programs()} tracing programs of others: what follows says little while they are there")
    for wait in WAITS:
        bare, empty, counted = waits.added(wait)
        figures.add(SECTION, f"{wait}(), bare", "bare", "ns", bare)
        what = f"what is added to {wait}()"
        floor = figures.add(SECTION, what, "empty programs", "ns", empty)["median"]
        figures.add(SECTION, what, "sockstall", "ns", counted, base=empty)
        for name, values, reason in waits.others(wait):
            figures.add(SECTION, what, name, "ns", values, base=[floor] * len(values), reason=reason)
