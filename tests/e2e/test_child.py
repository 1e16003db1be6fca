# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What the tests themselves run processes with."""

import os
import signal
import time

import pytest

from child import SLOW, Child, wait_until

# Writes the pid of what outlives it.
OUTLIVED = "sleep 600 {} & echo $!"


@pytest.mark.parametrize("kept", ["2>&-", ">&-", ""], ids=["stdout", "stderr", "both"])
def test_a_process_that_outlives_it_and_holds_its_output(kept):
    """It says who does, and does not wait for that one for ever."""
    child = Child(["sh", "-c", OUTLIVED.format(kept)])
    sleeper = child.wait_line(int, 10)
    try:
        began = time.monotonic()
        with pytest.raises(AssertionError, match=rf"exit 0.* {sleeper} \(sleep\) still has it open"):
            child.join(timeout=0.5)
        assert time.monotonic() - began < 5 * SLOW
    finally:
        os.kill(sleeper, signal.SIGKILL)


def test_a_process_that_outlives_it_elsewhere():
    child = Child(["sh", "-c", OUTLIVED.format("> /dev/null 2>&1")])
    sleeper = child.wait_line(int, 10)
    try:
        assert child.join(timeout=5) == 0
    finally:
        os.kill(sleeper, signal.SIGKILL)


def test_all_that_it_wrote_is_there():
    child = Child(["sh", "-c", "echo wrong >&2; seq 1000; exec sleep 600"])
    wait_until(lambda: len(child.lines) == 1000, 10, "all lines")
    assert child.end(signal.SIGTERM) == -signal.SIGTERM
    assert child.errors == b"wrong\n" and child.lines[-1] == b"1000\n"
