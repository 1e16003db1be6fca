# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Listens; accepts everything (or nothing, with "deaf") and never answers."""

import socket
import sys
import time

address, port, backlog = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
listener = socket.create_server((address, port), backlog=backlog)
held = []
while sys.argv[4:] == ["deaf"]:
    time.sleep(3600)
while True:
    held.append(listener.accept()[0])
