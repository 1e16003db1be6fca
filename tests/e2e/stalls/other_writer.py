#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Blocks in a write to a pipe or a unix socket that another process holds the other end of, and does not read."""

import os
import socket
import sys
import time

from say import leave_parent, say


def main():
    if sys.argv[1] == "pipe":
        other, fd = os.pipe()
    else:
        sock, peer = socket.socketpair()
        fd, other = sock.detach(), peer.detach()
    child = os.fork()
    if not child:
        leave_parent()
        os.close(fd)
        time.sleep(1000000)
    os.close(other)
    say("blocking", fd=fd, peer=child)
    os.write(fd, b"x" * 10000000)


main()
