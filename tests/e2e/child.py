# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A process of ours whose output is read while it runs. Nothing outlives the test session."""

import atexit
import ctypes
import json
import os
import signal
import subprocess
import threading
import time

PYTHON = "/usr/bin/python3"
STALLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stalls")

# How many times slower than usual the machine is: `make kernels` sets it. Limits and tolerances grow with it.
SLOW = float(os.environ.get("SLOW", "1"))

# A limit only tells when to give up waiting: it is ample, for a machine that has other work, too.
PATIENCE = max(4, SLOW)

# The PID namespace that these tests are in, by how far its number is from the machine's first; 0: that one.
FIRST_PID_NAMESPACE = 0xEFFFFFFC  # PROC_PID_INIT_INO, include/linux/proc_ns.h
PID_NAMESPACE = os.stat("/proc/self/ns/pid").st_ino - FIRST_PID_NAMESPACE

# What all names begin with that are seen on the whole machine: a process id is one's own only in its PID namespace. The number of
# one that is gone is given again, and a session that was killed left its names.
OWN_NAME = f"sst-p{PID_NAMESPACE}x{os.urandom(3).hex()}" if PID_NAMESPACE else f"sst-{os.getpid()}"

_libc = ctypes.CDLL(None, use_errno=True)
_running = set()


def die_with_parent():
    """In the child, before exec: a session that is killed outright leaves nothing behind either."""
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_until(condition, timeout, what="the condition"):
    """Poll until condition() is true, and return what it returned."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        began = time.monotonic()
        result = condition()
        if result:
            return result
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"waited {timeout * PATIENCE:.0f} s for {what}")
        time.sleep(min(max(0.02, now - began), 0.2))  # the CPU is for others as well


def _states(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8", errors="replace") as file:
            yield file.read().rpartition(") ")[2][0]


def stop_process(pid):
    """SIGSTOP, and it stands: a thread that has not met the signal yet may read what comes right after it."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: all(state == "T" for state in _states(pid)), 10, "all threads to stop")


class Child:
    """A running process; its standard output is collected line by line, as bytes."""

    def __init__(self, argv, stderr=subprocess.PIPE, **popen):
        self.argv = argv
        self.lines = []
        self._more = threading.Condition()
        self._ended = False
        self._taken = 0
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, preexec_fn=die_with_parent, **popen
        )
        _running.add(self)
        self.errors = b""
        self._readers = [threading.Thread(target=self._collect, daemon=True)]
        if stderr == subprocess.PIPE:
            self._readers.append(threading.Thread(target=self._collect_errors, daemon=True))
        for reader in self._readers:
            reader.start()

    @property
    def pid(self):
        return self.process.pid

    def _collect(self):
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line)
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def _collect_errors(self):
        for line in self.process.stderr:
            self.errors += line

    def wait_line(self, wanted, timeout, start=0, what="a line"):
        """The first result of wanted(line) that is true, over all lines from number start on."""
        deadline = time.monotonic() + timeout * PATIENCE
        seen = start
        with self._more:
            while True:
                while seen < len(self.lines):
                    result = wanted(self.lines[seen])
                    seen += 1
                    if result:
                        return result
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    break
                self._more.wait(left)
        raise AssertionError(
            f"no {what} within {timeout * PATIENCE:.0f} s from {self.argv}; "
            f"{'it ended; ' if self._ended else ''}last lines: {self.lines[-5:]}"
        )

    def tell(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def end(self, number=signal.SIGKILL, timeout=10):
        """Signal the process, wait for it and for the rest of its output. Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.join(timeout)

    def join(self, timeout=10):
        code = self.process.wait(timeout * PATIENCE)
        _running.discard(self)
        deadline = time.monotonic() + timeout * PATIENCE
        for reader in self._readers:
            reader.join(max(0, deadline - time.monotonic()))
        held = [reader for reader in self._readers if reader.is_alive()]
        if held:
            # Closing a pipe that a thread reads from would wait for that thread.
            raise AssertionError(
                f"{self.argv} has ended (exit {code}), and for {timeout * PATIENCE:.0f} s its output has not: "
                f"{self._holders() or 'no process that can be seen'} still has it open"
            )
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe and not pipe.closed:
                _close(pipe)
        return code

    def _holders(self):
        """Other processes that have its output open."""
        ours = {
            os.readlink(f"/proc/self/fd/{pipe.fileno()}") for pipe in (self.process.stdout, self.process.stderr) if pipe
        }
        return ", ".join(
            f"{pid} ({_name(pid)})"
            for pid in filter(str.isdigit, os.listdir("/proc"))
            if int(pid) != os.getpid() and ours & set(_open_files(pid))
        )


def _name(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "gone"


def _open_files(pid):
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            yield os.readlink(f"/proc/{pid}/fd/{name}")
    except OSError:
        pass  # it has ended meanwhile


def _close(pipe):
    try:
        pipe.close()
    except BrokenPipeError:
        pass


class Stall(Child):
    """A program from stalls/. It says what it does as JSON lines with an "event" each."""

    def __init__(self, netns, program, *arguments):
        argv = [PYTHON, "-uS", os.path.join(STALLS, program), *map(str, arguments)]
        if netns:
            argv = netns.enter() + argv
            netns.programs.append(self)  # it ends with its namespace
        self._said = 0
        # Errors go to pytest's own stderr: a stall maker that breaks must be seen.
        super().__init__(argv, stderr=None)

    def said(self, event, timeout=10):
        """The next unread line with this event, as a dict. Lines before it are skipped."""

        def wanted(line):
            self._said += 1
            words = json.loads(line)
            return words if words["event"] == event else None

        return self.wait_line(wanted, timeout, self._said, f"event {event!r}")


def end_all():
    for child in list(_running):
        try:
            child.end()
        except (OSError, AssertionError, subprocess.TimeoutExpired):
            pass


atexit.register(end_all)
