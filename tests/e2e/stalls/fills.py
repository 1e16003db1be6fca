#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Fills what another process is to read: fills.py KIND READER.

KIND is pipe, stream (a pair of unix sockets), datagram (connected to a bound socket, as syslog(3) is to /dev/log), or unconnected
(the same with sendto(2), as journald's clients do). READER never reads (`sleeps`), takes some bytes five times a second
(`slow`), computes (`computes`), waits for a child that sleeps (`waits`), or sleeps and has a terminal (`terminal`).
"""

import fcntl
import os
import pty
import socket
import subprocess
import sys
import termios
import time

from say import leave_parent, say

PIECE = b"x" * 1000
FEW = 10


def ends(kind):
    """A descriptor to read from, and what writes a piece."""
    if kind == "pipe":
        reader, writer = os.pipe()
        return reader, writer, lambda: os.write(writer, PIECE)
    if kind == "stream":
        receiver, sender = socket.socketpair()
        return receiver.detach(), sender.fileno(), lambda: sender.send(PIECE)
    receiver, sender = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
    receiver.bind("")  # an abstract name of its own
    if kind == "datagram":
        sender.connect(receiver.getsockname())
        return receiver.detach(), sender.fileno(), lambda: sender.send(PIECE)
    name = receiver.getsockname()
    return receiver.detach(), sender.fileno(), lambda: sender.sendto(PIECE, name)


def read(reader, how):
    if how == "terminal":
        os.setsid()
        _, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    if how == "waits":
        subprocess.run(["sleep", "1000000"], check=False)
    if how == "computes":
        os.nice(19)  # tests beside this one have work of their own
    while how == "computes":
        pass
    while how == "slow":
        os.read(reader, FEW)
        time.sleep(0.2)
    time.sleep(1000000)


def main():
    kind, how = sys.argv[1:]
    reader, writer, write = ends(kind)
    child = os.fork()
    if not child:
        leave_parent()
        os.close(writer)
        with open("/proc/self/comm", "w", encoding="ascii") as comm:
            comm.write("reader")
        read(reader, how)
    os.close(reader)
    say("blocking", fd=writer, reader=child)
    while True:
        write()


main()
