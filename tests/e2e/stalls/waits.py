#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
waits.py SYSCALL HANDLER...: a loop of its own, by the syscall of one's choice, that counts what it does. Each turn it
waits (an event is there half of the time, else a timeout of 5 ms), and from the 100th turn on runs the handlers:

    sleep=SECONDS           sleep
    compute=SECONDS         use that much of the CPU
    fds=N                   before the first turn: N more descriptors in the set
    ready=N                 the same, with something to read in each: all waits are over at once
    stop=N                  after the first N turns: sleep for good

"count" on standard input makes it say its counts: waits, events, empty waits; the median length of the last waits, the shortest
of them, and the median of what the handlers took between them; and when the last turns ended, with the counts there. "stopped"
says when the last turn but one ended: what stops it began after that.
"""

import collections
import ctypes
import os
import resource
import select
import statistics
import struct
import sys
import threading
import time

from machine import EPOLL_EVENT, NUMBER
from ring import Ring
from say import say

libc = ctypes.CDLL(None, use_errno=True)
TIMEOUT_MS = 5
COUNTS = {"waits": 0, "events": 0, "empty": 0}
LENGTHS = collections.deque(maxlen=2000)
AWAY = collections.deque(maxlen=2000)
TURNS = collections.deque(maxlen=10000)


class Set:
    """Descriptors in the form that the syscall wants."""

    def __init__(self, fds):
        self.fds = fds
        self.highest = max(fds)
        self.pollfds = ctypes.create_string_buffer(b"".join(struct.pack("=ihh", fd, select.POLLIN, 0) for fd in fds))
        self.ring = None
        self.epoll = select.epoll()
        for fd in fds:
            self.epoll.register(fd, select.EPOLLIN)
        self.bits = bytearray((self.highest // 64 + 1) * 8)
        for fd in fds:
            self.bits[fd // 8] |= 1 << fd % 8

    def poll(self):
        return libc.poll(self.pollfds, len(self.fds), TIMEOUT_MS)

    def ppoll(self):
        limit = struct.pack("ll", 0, TIMEOUT_MS * 1000000)
        return libc.ppoll(self.pollfds, len(self.fds), limit, None)

    def select(self):
        # The syscall itself: the library turns it into pselect6, and refuses more than FD_SETSIZE.
        limit = struct.pack("ll", 0, TIMEOUT_MS * 1000)
        return libc.syscall(NUMBER["select"], self.highest + 1, bytes(self.bits), None, None, limit)

    def pselect6(self):
        limit = struct.pack("ll", 0, TIMEOUT_MS * 1000000)
        return libc.syscall(NUMBER["pselect6"], self.highest + 1, bytes(self.bits), None, None, limit, None)

    def epoll_wait(self):
        events = ctypes.create_string_buffer(EPOLL_EVENT.size * 16)
        return libc.epoll_wait(self.epoll.fileno(), events, 16, TIMEOUT_MS)

    def io_uring_enter(self):
        self.ring = self.ring or Ring()
        return self.ring.wait(TIMEOUT_MS / 1000)


def sleep(seconds):
    time.sleep(float(seconds))


def compute(seconds):
    end = time.thread_time() + float(seconds)
    while time.thread_time() < end:
        pass


def more(count, value=0):
    """That many descriptors, all of them silent, or all of them ready."""
    if not count:
        return []
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (2 * count + 100, max(2 * count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    )
    return [os.eventfd(value) for _ in range(count)]


def answer():
    for _ in sys.stdin:
        say(
            "counts",
            median_s=statistics.median(list(LENGTHS) or [0]),
            shortest_s=min(list(LENGTHS) or [0]),
            away_median_s=statistics.median(list(AWAY) or [0]),
            away_p90_s=(sorted(AWAY) or [0])[len(AWAY) * 9 // 10],
            turns=list(TURNS),
            **COUNTS,
        )


def main():
    words = [word.partition("=") for word in sys.argv[2:]]
    options = {name: value for name, _, value in words}
    handlers = [(globals()[name], value) for name, _, value in words if name in ("sleep", "compute")]
    ready = os.eventfd(0)
    waits = Set([ready] + more(int(options.get("fds", 0))) + more(int(options.get("ready", 0)), 1))
    wait = getattr(waits, sys.argv[1])
    threading.Thread(target=answer, daemon=True).start()
    stop = int(options.get("stop", 0))
    say("looping", highest=waits.highest, epoll_fd=waits.epoll.fileno())
    while not stop or COUNTS["waits"] < stop:
        written = COUNTS["waits"] % 2
        if written:
            os.eventfd_write(ready, 1)
        began = time.monotonic()
        got = wait()
        returned = time.monotonic()
        LENGTHS.append(returned - began)
        COUNTS["waits"] += 1
        if got > 0:
            COUNTS["events"] += got
            if written:
                os.eventfd_read(ready)
        else:
            COUNTS["empty"] += got == 0
        TURNS.append((time.time(), *COUNTS.values()))
        if COUNTS["waits"] == 100:
            say("turned")
        for handler, value in handlers if COUNTS["waits"] >= 100 else ():
            handler(value)
        if COUNTS["waits"] >= 100:
            AWAY.append(time.monotonic() - returned)
    say("stopped", after=TURNS[-2][0])
    time.sleep(600)


main()
