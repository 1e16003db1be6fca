#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
spins.py HOW: a level-triggered loop with an event that comes again and again, as nobody consumes it.

    timer     a timer that fires and is not read
    event     an eventfd that is not read
    hangup    a socket that has been hung up, watched for nothing
    read      a timer that is read, a thousand times a second: the healthy twin
"""

import ctypes
import os
import select
import socket
import struct
import sys

from say import say

libc = ctypes.CDLL(None, use_errno=True)


def timer(seconds):
    fd = libc.timerfd_create(1, os.O_NONBLOCK)
    libc.timerfd_settime(fd, 0, struct.pack("llll", 0, int(seconds * 1e9), 0, int(seconds * 1e9)), None)
    return fd


def main():
    how = sys.argv[1]
    epoll = select.epoll()
    if how == "hangup":
        ours, theirs = socket.socketpair()
        epoll.register(ours, 0)
        theirs.close()
        fd = ours.fileno()
    else:
        fd = os.eventfd(1) if how == "event" else timer(0.001)
        epoll.register(fd, select.EPOLLIN)
    say("spinning", fd=fd)
    while True:
        for ready, _ in epoll.poll():
            if how == "read":
                os.read(ready, 8)


main()
