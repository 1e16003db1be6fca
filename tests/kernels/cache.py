# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Where what is fetched and built once is kept: outside the sources."""

import contextlib
import fcntl
import os
import time

HOME = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "sockstall")


def folder(*names):
    path = os.path.join(HOME, *names)
    os.makedirs(path, exist_ok=True)
    return path


@contextlib.contextmanager
def alone():
    """Of several runs at once one fetches and builds, and the others wait for it."""
    with open(os.path.join(folder(), "lock"), "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fresh(stamp, days=None, touch=False):
    """Whether the stamp is there and young enough; with touch, makes it so."""
    if touch:
        with open(stamp, "w", encoding="utf-8"):
            pass
    try:
        age = time.time() - os.stat(stamp).st_mtime
    except FileNotFoundError:
        return False
    return days is None or age < days * 86400
