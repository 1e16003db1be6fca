# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""How a stall program talks to the test: one JSON object a line, with the moment in it."""

import _thread
import os
import time


def spent_ns():
    """CPU time and run-queue time of this thread: what passes while it does not sleep."""
    with open("/proc/thread-self/schedstat") as file:
        ran, waited, _ = file.read().split()
    return int(ran) + int(waited)


def encoded(value):
    """What json.dumps() makes of it, whose import takes longer than the rest of a program's start."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {encoded(one)}' for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(encoded, value)) + "]"
    if type(value) in (int, float):
        return repr(value)
    if isinstance(value, str) and value.isascii() and value.isprintable() and not {'"', "\\"} & set(value):
        return f'"{value}"'
    import json

    return json.dumps(value)


def say(event, **more):
    words = {
        "event": event,
        "pid": os.getpid(),
        "tid": _thread.get_native_id(),
        "spent_ns": spent_ns(),
        "time": time.time(),
        **more,
    }
    # One write: lines of several threads do not mix.
    os.write(1, encoded(words).encode() + b"\n")


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
