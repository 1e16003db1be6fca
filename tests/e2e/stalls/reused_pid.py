#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
The first process of a pid namespace. Two children with the same pid, one after the other, read from the same socket,
while the program named on the command line runs; then that gets SIGINT. Its exit status is ours.
"""

import os
import signal
import socket
import subprocess
import sys
import time

here, there = socket.socketpair()


def reader():
    pid = os.fork()
    if not pid:
        here.recv(1)
        os._exit(0)
    return pid


def last_pid(pid):
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="utf-8") as file:
        file.write(str(pid))


watcher = subprocess.Popen(sys.argv[1:])
first = reader()
time.sleep(2)
os.kill(first, signal.SIGKILL)
os.waitpid(first, 0)
last_pid(first - 1)
second = reader()
assert second == first, (first, second)
time.sleep(2)
watcher.send_signal(signal.SIGINT)
code = watcher.wait()
os.kill(second, signal.SIGKILL)
sys.exit(code)
