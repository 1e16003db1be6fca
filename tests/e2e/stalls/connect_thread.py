#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""ADDRESS PORT: connects in a thread of its own, while the first one waits for it."""

import socket
import sys
import threading

from say import say


def connect():
    sock = socket.socket()
    say("connecting", fd=sock.fileno())
    try:
        sock.connect((sys.argv[1], int(sys.argv[2])))
    except OSError:
        pass


thread = threading.Thread(target=connect)
thread.start()
thread.join()
