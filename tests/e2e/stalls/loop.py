#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
loop.py [epoll_wait|epoll_pwait|epoll_pwait2]: a single-threaded event loop. A timer makes it turn a
hundred times a second. Each line on standard input is a handler to run inside the loop, so that it
stays away from its wait: the timer goes on, and the epoll instance has an event that nobody fetches.
SIGUSR1 ends the handler.

    sleep=SECONDS           sleep
    compute=SECONDS         keep the CPU
    recv=ADDRESS,PORT       connect, then read what never comes
    recv_then_compute=ADDRESS,PORT   the same; SIGUSR1 ends the read, after which it keeps the CPU until the next one
    leave=SECONDS           close the epoll instance, put something else in its place, and sleep: it is a loop no more
    spin=SECONDS            poll with a timeout of 0 while nothing is ready
    saturate=SECONDS        more is ready than one wait can return
"""

import ctypes
import os
import select
import signal
import socket
import struct
import sys
import time

from machine import EPOLL_EVENT
from say import say

libc = ctypes.CDLL(None, use_errno=True)
MAX_EVENTS = 4
TIMEOUT = 5


class Enough(Exception):
    pass


def enough(*_):
    raise Enough


class Loop:
    """An epoll instance that is waited for with the syscall of one's choice."""

    def __init__(self, syscall):
        self.epoll = select.epoll()
        self._buffer = ctypes.create_string_buffer(EPOLL_EVENT.size * MAX_EVENTS)
        self._wait = getattr(self, "_" + syscall)

    def wait(self, timeout):
        """Descriptors that are ready."""
        count = self._wait(timeout)
        events = (EPOLL_EVENT.unpack_from(self._buffer, EPOLL_EVENT.size * i) for i in range(max(count, 0)))
        return [fd for _, fd in events]

    def _epoll_wait(self, timeout):
        return libc.epoll_wait(self.epoll.fileno(), self._buffer, MAX_EVENTS, timeout * 1000)

    def _epoll_pwait(self, timeout):
        return libc.epoll_pwait(self.epoll.fileno(), self._buffer, MAX_EVENTS, timeout * 1000, None)

    def _epoll_pwait2(self, timeout):
        limit = struct.pack("ll", timeout, 0)
        return libc.epoll_pwait2(self.epoll.fileno(), self._buffer, MAX_EVENTS, limit, None)


def new_timer(seconds):
    fd = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK)
    nanoseconds = int(seconds * 1e9)
    libc.timerfd_settime(fd, 0, struct.pack("llll", 0, nanoseconds, 0, nanoseconds), None)
    return fd


LOOP = Loop(sys.argv[1] if len(sys.argv) > 1 else "epoll_wait")
TIMER = new_timer(0.01)


def sleep(seconds):
    time.sleep(float(seconds))


def leave(seconds):
    number = LOOP.epoll.fileno()
    LOOP.epoll.close()
    os.dup2(TIMER, number)
    time.sleep(float(seconds))
    sys.exit()


def compute(seconds):
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        pass


def recv(place):
    address, port = place.split(",")
    with socket.create_connection((address, int(port))) as sock:
        sock.send(b"request")
        say("reading", fd=sock.fileno(), port=sock.getsockname()[1])
        sock.recv(100)


def recv_then_compute(place):
    try:
        recv(place)
    except Enough:
        pass
    say("computing")
    compute(60)


def wait_for(seconds, turn):
    """Do turn() again and again for so long."""
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        turn()


def spin(seconds):
    LOOP.epoll.unregister(TIMER)
    try:
        wait_for(seconds, lambda: LOOP.wait(0))
    finally:
        LOOP.epoll.register(TIMER, select.EPOLLIN)


def saturate(seconds):
    ready = [os.eventfd(1) for _ in range(2 * MAX_EVENTS)]
    for fd in ready:
        LOOP.epoll.register(fd, select.EPOLLIN)

    def turn():
        LOOP.wait(1)
        time.sleep(0.005)  # the work that each turn brings; it also bounds what the test costs

    try:
        wait_for(seconds, turn)
    finally:
        for fd in ready:
            os.close(fd)


HANDLERS = {
    function.__name__: function for function in (sleep, leave, compute, recv, recv_then_compute, spin, saturate)
}


def handle(line):
    name, _, value = line.partition("=")
    signal.signal(signal.SIGUSR1, enough)
    say("entering", handler=name)
    try:
        HANDLERS[name](value)
    except (Enough, ConnectionError):
        pass
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    say("left", handler=name)


def serve(fd):
    if fd == TIMER:
        os.read(TIMER, 8)
        return
    line = os.read(0, 200)
    if not line:
        sys.exit()
    handle(line.decode().strip())


def main():
    LOOP.epoll.register(TIMER, select.EPOLLIN)
    LOOP.epoll.register(0, select.EPOLLIN)
    say("looping", fd=LOOP.epoll.fileno())
    turns = 0
    while True:
        for fd in LOOP.wait(TIMEOUT):
            serve(fd)
        turns += 1
        if turns == 50:
            say("turned")


main()
