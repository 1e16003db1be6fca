#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
stuck_loop.py HANDLER: an epoll loop that turns for a while and then never comes back from its handler.

    lock            takes a lock twice
    child           waits for a child process
    any-child       waits for whichever of two child processes ends first
    file=PATH       takes a lock on the file that another process holds
    sleep           sleeps
    turn            goes on turning: the healthy twin
    fds=N           the same, with N of 100 descriptors open
"""

import fcntl
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time

from say import say

epoll = select.epoll()


def die_with_parent():
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def child():
    return subprocess.Popen(["sleep", "600"], preexec_fn=die_with_parent)


def turn():
    while True:
        epoll.poll(0.005)


def stick(handler, value):
    if handler == "lock":
        lock = threading.Lock()
        lock.acquire()
        say("stuck")
        lock.acquire()
    elif handler == "child":
        say("stuck", child=children[0].pid)
        os.waitpid(children[0].pid, 0)
    elif handler == "any-child":
        say("stuck", child=children[0].pid)
        os.wait()
    elif handler == "file":
        file = open(value, "w")
        say("stuck")
        fcntl.flock(file, fcntl.LOCK_EX)
    elif handler == "fds":
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        held = []
        while not held or held[-1] < int(value) - 1:
            held.append(os.eventfd(0))
        say("stuck", highest=held[-1])
        turn()
    elif handler == "turn":
        say("stuck")
        turn()
    else:
        say("stuck")
        time.sleep(600)


name, _, argument = sys.argv[1].partition("=")
# Before the loop: to start one is to read from a pipe until it runs.
children = [child() for _ in range({"child": 1, "any-child": 2}.get(name, 0))]
for _ in range(150):
    epoll.poll(0.002)
stick(name, argument)
