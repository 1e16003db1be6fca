# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""--at: runs of many machines begin at one instant of the wall clock."""

import datetime
import signal
import threading
import time

import pytest

import run
from child import PATIENCE, Child, wait_until

# What a test allows beside what it measured itself.
MARGIN = 0.05


class Lateness:
    """How late this process itself wakes up, while it is measured: of a busy machine."""

    def __init__(self):
        self.most = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)

    def _measure(self):
        while not self._ends.is_set():
            due = time.monotonic() + 0.01
            time.sleep(0.01)
            self.most = max(self.most, time.monotonic() - due)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()


def seconds(record):
    return datetime.datetime.fromisoformat(record["time"].replace("Z", "+00:00")).timestamp()


def begin(step, *words):
    """One run -> the multiple that it began at, and how long after that."""
    called = time.time()
    done = run.sockstall("--at", f"{step}s", "-j", *words)
    assert (done.returncode, done.stderr) == (0, b"")
    records = run.parse(done.stdout)
    began = seconds(records[0])
    assert called <= began // step * step, "it began at once"
    return records, began // step * step, began % step


@pytest.mark.parametrize("words", [["-1"], ["-d", "300ms", "-i", "100ms"]])
def test_it_begins_at_a_multiple(words):
    """As near to it as this machine lets a process wake up: one of three runs at least."""
    tries = []
    for _ in range(3):
        with Lateness() as lateness:
            records, _, late = begin(2, *words, "-p", 1)
        tries.append((late, lateness.most))
        assert records[-1]["looks"] >= 1
        if late < MARGIN + lateness.most:
            return
    raise AssertionError(f"late, and what this process was late: {tries}")


def test_the_duration_counts_from_there():
    records, began, _ = begin(3, "-d", "1s", "-i", "100ms", "-p", 1)
    assert seconds(records[-1]) >= began + 1 and records[-1]["looks"]


def test_two_machines_begin_together(tmp_path):
    """Whatever their looks cost them before: each records from the same instant on."""
    step = 8
    time.sleep(step - time.time() % step)  # as much time as there can be, to attach the probes
    first = Child([run.SOCKSTALL, "-1", "--at", f"{step}s", "-j", "-p", "1", "--record", str(tmp_path / "a")])
    time.sleep(0.5)
    second = Child([run.SOCKSTALL, "-1", "--at", f"{step}s", "-j", "-p", "1", "--record", str(tmp_path / "b")])
    wait_until(lambda: first.process.poll() is not None and second.process.poll() is not None, 3 * step, "their ends")
    begun = [seconds(run.parse(run.sockstall("replay", tmp_path / name, "-j").stdout)[0]) for name in "ab"]
    assert begun[0] // step == begun[1] // step, begun


def is_waiting(child):
    with open(f"/proc/{child.pid}/wchan") as place:
        return "poll" in place.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", ["1h", "5s"])
def test_a_signal_ends_the_waiting(step, number):
    """Before the probes are there, and behind: no look is taken then, and it is no failure."""
    child = Child([run.SOCKSTALL, "-j", "--at", step])
    wait_until(lambda: is_waiting(child), 20, "it waits")
    asked = time.monotonic()
    code = child.end(number)
    took = time.monotonic() - asked
    assert code == 0 and not child.errors, (code, child.errors)
    if step == "1h":
        assert not child.lines and took < 5 * PATIENCE
    else:
        records = run.parse(b"".join(child.lines)) if child.lines else []
        assert not records or records[-1]["looks"] <= 1


def test_a_closed_pipe_ends_the_waiting():
    child = Child(["bash", "-c", f"{run.SOCKSTALL} -j --at 1h | true; exit ${{PIPESTATUS[0]}}"])
    wait_until(lambda: child.process.poll() is not None, 20, "its end")
    assert child.process.returncode == 0


@pytest.mark.parametrize("value", ["0", "500ms", "2h", "-1s", "soon", "", "10s5", "nan"])
def test_nonsense_is_refused(value):
    done = run.sockstall("-1", "--at", value)
    assert done.returncode == 2 and done.stdout == b""
    assert done.stderr == f"sockstall: --at: expected a duration from 1s to 1h, got '{value}'\n".encode()


@pytest.mark.parametrize("words", ["replay f --at 10s", "check --at 10s", "schema --at 10s"])
def test_not_with_commands_that_do_not_look(words):
    done = run.sockstall(*words.split())
    assert (done.returncode, done.stdout) == (2, b"") and b"--at cannot be used with" in done.stderr
