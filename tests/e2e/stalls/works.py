#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""An event loop that a timer wakes a hundred times a second, and that works for some milliseconds each time: works.py MS."""

import select
import sys
import time

from say import say


def work(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def main():
    seconds = float(sys.argv[1]) / 1000
    poll = select.epoll()
    said = False
    while True:
        poll.poll(0.01)
        work(seconds)
        if not said:
            say("works")
            said = True


main()
