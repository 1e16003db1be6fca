#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
ring_reader.py ADDRESS,PORT: keeps eight of the kernel's io_uring workers, which open a FIFO that nobody writes to, and reads a
connection itself. Most of the workers are made while it is in that read, and have its registers.
"""

import ctypes
import os
import socket
import sys
import tempfile
import threading
import time

from ring import Ring
from say import say

WORKERS = 8


def workers():
    """Their thread ids."""
    found = []
    for tid in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{tid}/comm", encoding="ascii") as file:
            if file.read().startswith("iou-wrk"):
                found.append(int(tid))
    return found


def tell(connection):
    while len(workers()) < WORKERS:
        time.sleep(0.01)
    say("blocking", fd=connection.fileno(), port=connection.getsockname()[1], workers=workers())


def main():
    address, port = sys.argv[1].split(",")
    connection = socket.create_connection((address, int(port)))
    ring = Ring()
    threading.Thread(target=tell, args=(connection,), daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        path = ctypes.create_string_buffer(f"{folder}/fifo".encode())
        os.mkfifo(path.value)
        ring.open(path, WORKERS)
        connection.recv(100)


main()
