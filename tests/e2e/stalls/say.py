# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""How a stall program talks to the test: one JSON object a line, with the moment in it."""

import json
import os
import threading
import time


def spent_ns():
    """CPU time and run-queue time of this thread: what passes while it does not sleep."""
    with open("/proc/thread-self/schedstat") as file:
        ran, waited, _ = file.read().split()
    return int(ran) + int(waited)


def say(event, **more):
    words = {
        "event": event,
        "pid": os.getpid(),
        "tid": threading.get_native_id(),
        "spent_ns": spent_ns(),
        "time": time.time(),
        **more,
    }
    # One write: lines of several threads do not mix.
    os.write(1, json.dumps(words).encode() + b"\n")


def error_name(error):
    import errno

    return errno.errorcode.get(error.errno, str(error))


def leave_parent():
    """In a forked child: it ends with its parent, and does not keep the parent's output open."""
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
