# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What runs beside a load, or makes one: each for the length of a with block."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from figures import Unavailable

# The load is on one CPU, who makes it work on the other; sockstall goes where the kernel puts it.
SERVER_CPU, CLIENT_CPU = 0, min(1, (os.cpu_count() or 1) - 1)
REST = 0.1  # without CPU time and asleep: between two looks
SETTLE = 0.3  # attaching changes kernel code: let it settle


def pinned(cpu, argv):
    return ["taskset", "-c", str(cpu), *map(str, argv)]


def tracing(argv):
    """A command line with tracefs mounted where only it sees it."""
    mount = 'mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; exec "$@"'
    return ["unshare", "-m", "sh", "-c", mount, "sh", *map(str, argv)]


def end(process, number=signal.SIGTERM):
    process.send_signal(number)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Sockstall:
    """sockstall with every probe attached; its output is thrown away."""

    def __init__(self, program, *arguments):
        self.argv = [program, *map(str, arguments)]

    def __enter__(self):
        reading, writing = os.pipe()
        self.process = subprocess.Popen(
            [*self.argv, "-j", "--ready-fd", str(writing)],
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        os.close(writing)
        ready = os.read(reading, 1)
        os.close(reading)
        if ready != b"\n":
            raise RuntimeError(f"{self.argv} did not start")
        time.sleep(SETTLE)
        return self

    def _status(self, name):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return int(next(line for line in status if line.startswith(name)).split()[1])

    def rss_mib(self):
        return self._status("VmRSS:") / 1024

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _used_ns(self):
        used = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/schedstat", encoding="utf-8") as schedstat:
                used += int(schedstat.read().split()[0])
        return used

    def _sleeps(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "S"

    def cpu_at_rest(self):
        """CPU ns used so far, once it has been asleep for REST seconds."""
        used, since = self._used_ns(), time.monotonic()
        while time.monotonic() < since + REST:
            time.sleep(REST / 5)
            now = self._used_ns()
            if now != used or not self._sleeps():
                used, since = now, time.monotonic()
        return used

    def written(self):
        with open(f"/proc/{self.process.pid}/io", encoding="utf-8") as io:
            return int(next(line for line in io if line.startswith("wchar:")).split()[1])

    def __exit__(self, *_):
        end(self.process)


class Helper:
    """A program of the bench that prints "ready" and stays until its standard input is closed."""

    def __init__(self, *argv):
        self.argv = [str(word) for word in argv]

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            self.process.wait()
            raise RuntimeError(f"{self.argv} did not start")
        time.sleep(SETTLE)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Tool:
    """Another tool beside the load. It counts as running when it is still there after a moment, or has said so."""

    def __init__(self, argv, says=None, seconds=10, number=signal.SIGINT):
        self.argv, self.says, self.seconds, self.number = list(map(str, argv)), says, seconds, number

    def __enter__(self):
        program = next(word for word in self.argv if not word.startswith("-"))
        if not shutil.which(program):
            raise Unavailable(f"{program} is not installed")
        self.output = tempfile.TemporaryFile()
        # In a session of its own, so that all of it can be ended.
        self.process = subprocess.Popen(
            tracing(self.argv),
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.says and self.says in self._said():
                break
            if not self.says and time.monotonic() > deadline - self.seconds + 1.5:
                break
            time.sleep(0.05)
        if self.process.poll() is not None:
            raise Unavailable(self._why())
        time.sleep(1)
        return self

    def _said(self):
        return os.pread(self.output.fileno(), 65536, 0)

    def _why(self):
        lines = [line for line in self._said().decode(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if "rror" in line or "nable" in line or "annot" in line]
        return (telling or lines or ["it ended at once"])[0].strip()[:100]

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, self.number)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.output.close()


HISTOGRAM = (
    "tracepoint:syscalls:sys_enter_epoll_wait, tracepoint:syscalls:sys_enter_epoll_pwait "
    "{ @at[tid] = nsecs; } "
    "tracepoint:syscalls:sys_exit_epoll_wait, tracepoint:syscalls:sys_exit_epoll_pwait /@at[tid]/ "
    "{ @ns[tid] = hist(nsecs - @at[tid]); }"
)


def bpftrace(script=HISTOGRAM):
    return Tool(["bpftrace", "-B", "none", "-e", script + ' BEGIN { printf("ready\\n"); }'], says=b"ready")


def perf_trace(*pids):
    return Tool(["perf", "trace", "-s", "-o", "/dev/null", "-p", ",".join(map(str, pids))])


def strace(*pids):
    words = [word for pid in pids for word in ("-p", str(pid))]
    return Tool(["strace", "-c", "-f", "-o", "/dev/null", *words])


@contextlib.contextmanager
def nothing():
    yield


def wait_port(port, host="127.0.0.1", seconds=10):
    """Until something listens there."""
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as sock:
            if not sock.connect_ex((host, port)):
                return
        if time.monotonic() > deadline:
            raise RuntimeError(f"nobody listens on {host}:{port}")
        time.sleep(0.05)
