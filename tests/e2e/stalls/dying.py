#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""dying.py ADDRESS PORT COUNT: clients that wait for an answer, each killed a moment after; ten at a time."""

import os
import signal
import socket
import sys
import time

from say import say

ADDRESS, PORT, COUNT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
AT_A_TIME = 10


def client():
    pid = os.fork()
    if not pid:
        with socket.create_connection((ADDRESS, PORT)) as sock:
            sock.sendall(b"?")
            sock.recv(1)
    return pid


def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


listener = socket.create_server((ADDRESS, PORT), backlog=COUNT)
listener.setblocking(False)
held, alive = [], []
say("listening")
for number in range(COUNT):
    alive.append(client())
    time.sleep(0.01 + number % 7 / 500)
    try:
        held.append(listener.accept())
    except BlockingIOError:
        pass
    if len(alive) > AT_A_TIME:
        end(alive.pop(0))
for pid in alive:
    end(pid)
say("ended")
time.sleep(600)
