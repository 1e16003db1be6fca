#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Reads from a unix socket whose other end a child holds. The child sleeps (`sleep`), reads from the same socket (`read`:
each waits for the other; `limit`: but not for ever), or sends a byte ten times a second (`talk`).
"""

import os
import socket
import struct
import sys
import time

from say import leave_parent, say


def main():
    mine, its = socket.socketpair()
    for end in (mine, its) if sys.argv[1] == "limit" else ():
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 1000, 0))
    child = os.fork()
    if not child:
        leave_parent()
        mine.close()
        while sys.argv[1] == "talk":
            its.send(b"x")
            time.sleep(0.1)
        if sys.argv[1] in ("read", "limit"):
            its.recv(100)
        time.sleep(1000000)
    its.close()
    say("blocking", fd=mine.fileno(), peer=child)
    while mine.recv(100):
        pass


main()
