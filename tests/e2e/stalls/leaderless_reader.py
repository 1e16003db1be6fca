#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""leaderless_reader.py ADDRESS PORT: a thread waits for an answer, and the first thread has exited."""

import ctypes
import os
import socket
import sys
import threading
import time

from machine import NUMBER
from say import error_name, say

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"?")


def read():
    # A zombie's descriptors and namespaces are gone, but for its threads.
    while open(f"/proc/self/task/{os.getpid()}/stat").read().rsplit(")", 1)[1].split()[0] != "Z":
        time.sleep(0.01)
    say("blocking", tid=threading.get_native_id())
    try:
        say("returned", count=len(sock.recv(4096)))
    except OSError as error:
        say("returned", error=error_name(error))


threading.Thread(target=read).start()
ctypes.CDLL(None).syscall(NUMBER["exit"], 0)  # exit, of this thread only
