# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Faults in turn: memory, BPF, descriptors, disk, clocks, processes and namespaces that go away, terminals. What is
always true: one line and exit 1, or a whole report; nothing crashes, nothing is left.
"""

import errno
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

import run
import shim
from child import PATIENCE, PYTHON, SLOW, STALLS, Child, wait_until
from netns import Namespace
from scene import MIN_AGE, block, waiting_client
from test_robust import ids_alive, ids_held

# Not each place and each number, but every so many: `make sanitize` goes through all of them.
ALL = os.environ.get("FAULTS") == "all"


def every(step):
    return 1 if ALL else step


# Blocks that are still there at the end: what libraries keep, and what libelf itself loses when it has no memory for
# an object's sections (13 seen); a skeleton that is lost is hundreds.
BLOCKS_MORE = 40


def check_fault(done, what):
    """It could, or it could not and says so; in no case half a record."""
    said = done.stderr.decode().splitlines()
    assert done.returncode in (0, 1), (what, done.returncode, said)
    assert all(line.startswith("sockstall: ") for line in said), (what, said)
    if done.returncode:
        # The process set apart that asks for addresses goes on without what it cannot have, and says so itself.
        assert len([line for line in said if "continues without" not in line]) == 1, (what, said)
        for line in done.stdout.splitlines(keepends=True):
            run.parse_line(line)
    else:
        run.parse(done.stdout)


class Counted:
    """Runs with one thing that fails; counts how many there are of what could."""

    def __init__(self, folder, *arguments):
        self.file = folder / "counts"
        self.arguments = arguments
        done = self.run()
        assert done.returncode == 0, done.stderr
        self.places, self.calls, self.blocks = self.counts()

    def run(self, **values):
        self.file.unlink(missing_ok=True)
        return run.sockstall(*self.arguments, "-1", "-j", env=shim.environment(COUNT=self.file, **values))

    def counts(self):
        return tuple(map(int, self.file.read_text().split()))

    def check(self, **values):
        done = self.run(**values)
        check_fault(done, values)
        assert self.counts()[2] <= self.blocks + BLOCKS_MORE, (values, self.counts(), self.blocks)
        return done


@pytest.mark.parametrize("arguments, step", [(["readers"], 3), ([], 2)], ids=["readers", "all"])
def test_no_memory_at_places_that_allocate(tmp_path, arguments, step):
    counted = Counted(tmp_path, *arguments)
    assert counted.places > 30
    codes = [counted.check(ALLOC=place).returncode for place in range(1, counted.places + 1, every(step))]
    assert codes.count(1) > len(codes) // 3, "do these failures reach it at all?"


@pytest.mark.parametrize("error, step", [("ENOMEM", 2), ("ENOSPC", 4)])
def test_bpf_calls_fail(tmp_path, error, step):
    counted = Counted(tmp_path, "readers")
    assert counted.calls > 20
    codes = [
        counted.check(BPF=call, ERRNO=getattr(errno, error)).returncode
        for call in range(1, min(counted.calls, 120) + 1, every(step))
    ]
    assert 1 in codes and 0 in codes


def test_bpf_calls_of_the_overview_fail(tmp_path):
    counted = Counted(tmp_path)
    for call in range(1, min(counted.calls, 150) + 1, every(5)):
        counted.check(BPF=call, ERRNO=errno.ENOMEM)


@pytest.mark.parametrize("arguments", [["readers"], []], ids=["readers", "all"])
def test_few_descriptors(arguments):
    codes = []
    for limit in list(range(4, 40, every(2))) + list(range(40, 100, every(4))):
        done = run.sockstall(*arguments, "-1", "-j", before=["prlimit", f"--nofile={limit}"])
        check_fault(done, limit)
        codes.append(done.returncode)
    assert codes[0] == 1 and codes[-1] == 0


# The disk.


def test_full_disk_under_record(tmp_path):
    """What was written before can be replayed."""
    script = (
        'mount -t tmpfs -o size=2m none "$0" || exit 9; "$@" --record "$0/looks" > /dev/null; code=$?; '
        '"$1" replay "$0/looks" -j; exit $code'
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, tmp_path, run.SOCKSTALL, "-i", "50ms", "-a", "-j"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60 * PATIENCE,
    )
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert len(lines) == 2 and all(line.startswith("sockstall: ") for line in lines), lines
    assert os.strerror(errno.ENOSPC) in lines[0] and "truncated" in lines[1], lines
    assert len([run.parse_line(line) for line in done.stdout.splitlines(keepends=True)]) > 1
    assert not os.listdir(tmp_path)


def test_the_reader_goes_away_while_it_records(tmp_path):
    recording = tmp_path / "looks"
    live = subprocess.Popen(
        [run.SOCKSTALL, "-j", "-a", "-i", "50ms", "--record", recording], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    live.stdout.readline()
    live.stdout.close()
    assert live.wait(20 * SLOW) == 0 and not live.stderr.read()
    live.stderr.close()
    done = run.sockstall("replay", recording, "-j")
    assert done.returncode == 0, done.stderr
    run.parse(done.stdout)


# What goes away during a look.


def test_namespaces_that_go_away(stream, stall):
    loop = stall(None, "loop.py")
    loop.said("turned")
    live = stream("-j", "-a", "-i", "50ms")
    seen = live.wait(10, type="loop", pid=loop.pid)["time"]
    for _ in range(15):
        gone = [Namespace() for _ in range(3)]
        for namespace in gone:
            namespace.delete()
    live.wait(10, type="loop", pid=loop.pid, time=NotEqual(seen))
    lost = run.matching(live.stop(), type="lost")
    assert not [record for record in lost if record["where"] == "network namespaces"], lost


class NotEqual:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return other is not None and other != self.value


def test_a_storm_of_processes(stream):
    """Three thousand, two hundred at a time."""
    live = stream("-j", "-a", "-i", "50ms")
    script = "for i in $(seq 15); do for j in $(seq 200); do sleep 0.01 & done; wait; done"
    subprocess.run(["sh", "-c", script], check=True, timeout=120 * PATIENCE)
    records = live.stop()
    assert records[-1]["looks"] >= 2


def test_a_pid_that_is_another_process(tmp_path):
    """Asleep at the same socket with the same pid, but not the same one: another stall, with another beginning."""
    inside = Child(
        [
            "unshare",
            "-p",
            "-f",
            "--mount-proc",
            PYTHON,
            "-uS",
            os.path.join(STALLS, "reused_pid.py"),
            run.SOCKSTALL,
            "readers",
            "-a",
            "-j",
            "-i",
            "50ms",
            "-m",
            "100ms",
        ]
    )
    code = inside.join(60 * SLOW)
    assert code == 0, inside.errors
    records = [run.parse_line(line) for line in inside.lines]
    run.check_whole(records)
    stalls = run.matching(records, type="reader", kind="unix")
    opened, closed = run.matching(stalls, event="open"), run.matching(stalls, event="close")
    assert len(opened) == 2 and len({record["pid"] for record in opened}) == 1, stalls
    assert len({record["id"] for record in opened}) == 2 and opened[0]["since"] < opened[1]["since"]
    assert opened[0]["id"] in [record["id"] for record in closed]


# Clocks.


@pytest.mark.parametrize("realtime, boottime", [(7200, 0), (-7200, 0), (0, 3600)], ids=["forward", "back", "suspend"])
def test_a_clock_that_jumps_changes_no_age(room, stream, tmp_path, realtime, boottime):
    """It jumps while the reader is asleep, before it is old enough to be reported."""
    clocks = shim.Clocks(tmp_path / "clocks")
    client = waiting_client(room, 5061, room.link.right4)
    live = stream(
        "readers", "-j", "-i", "100ms", "-m", "2s", "-p", client.pid, env=shim.environment(CLOCKS=clocks.path)
    )
    block(client)
    began = time.time()
    clocks.set(realtime, boottime)
    opened = live.wait(15, event="open")
    age = time.time() - began
    assert 2 <= opened["age_s"] < age + 0.5 * SLOW, (opened, age)
    client.peer.tell("send=1")
    client.said("returned")
    closed = live.wait(10, event="close", id=opened["id"])
    assert closed["age_s"] < time.time() - began + 0.5 * SLOW and closed["since"] == opened["since"]
    live.stop()


def test_a_clock_that_jumps_between_two_stalls_is_one_stall(room, stream, tmp_path):
    """Not closed and opened again because its beginning has another date now."""
    clocks = shim.Clocks(tmp_path / "clocks")
    client = waiting_client(room, 5062, room.link.right4)
    live = stream("readers", "-j", "-i", "100ms", *MIN_AGE, "-p", client.pid, env=shim.environment(CLOCKS=clocks.path))
    block(client)
    opened = live.wait(15, event="open")
    for step in -3600, 3600, 0:
        clocks.set(step)
        time.sleep(0.3)  # three looks
    records = live.stop()
    assert len(run.matching(records, event="open")) == 1 and not run.matching(records, event="close"), records
    assert opened["age_s"] < 5 * SLOW


# Again and again.


def test_starts_and_stops(stream):
    held = set()
    for number in range(100 if ALL else 40):
        live = stream(*([] if number % 10 == 0 else ["readers"]), "-j", "-i", "50ms")
        held |= ids_held(live.pid)
        live.stop(signal.SIGTERM if number % 2 else signal.SIGINT)
    assert len(held) > 100
    wait_until(lambda: not held & ids_alive(), 20, "the end of all BPF objects")


# Terminals.


class Terminal:
    """sockstall on a pty whose output is thrown away."""

    def __init__(self, rows, columns, *arguments):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            [run.SOCKSTALL, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(slave)
        self.bytes = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            while True:
                got = os.read(self.master, 65536)
                self.bytes += len(got)
        except OSError:
            pass

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def quit(self):
        os.write(self.master, b"q")
        code = self.process.wait(10 * PATIENCE)
        self.reader.join(5)
        os.close(self.master)
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.mark.parametrize("rows, columns", [(24, 20), (2, 20), (1, 1), (0, 0), (24, 0), (500, 1000)])
def test_odd_terminals(rows, columns):
    terminal = Terminal(rows, columns, "-a", "-i", "50ms")
    try:
        wait_until(lambda: terminal.bytes or terminal.process.poll() is not None, 15, "something on the screen")
        time.sleep(0.3)  # some redraws
        assert terminal.quit() == 0
    finally:
        terminal.kill()


def test_a_terminal_resized_during_redraws():
    terminal = Terminal(24, 80, "-a", "-i", "50ms")
    try:
        wait_until(lambda: terminal.bytes, 15, "something on the screen")
        for number in range(100):
            terminal.resize(number * 7 % 60, number * 13 % 200)
            os.kill(terminal.process.pid, signal.SIGWINCH)
            time.sleep(0.005)
        assert terminal.process.poll() is None
        terminal.resize(24, 80)
        assert terminal.quit() == 0
    finally:
        terminal.kill()
