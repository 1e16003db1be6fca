#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
asks.py ADDRESS,PORT COUNT EVERY [LETTER] [once]: so many clients of service.py, each of which asks (q) and waits for the answer, again
and again, with a pause of EVERY seconds; with "once" on a connection of its own each time. A line on stdin: what the first so many of them
ask from now on, as in "d 3"; "n" they send and wait for nothing; after "u" each acknowledges with an "n" what is pushed. It says "asked" when all of those have.
"""

import socket
import sys
import threading
import time

from say import say

where, count, every, letter, *rest = [*sys.argv[1:], "q"][: max(4, len(sys.argv) - 1)]
address, port = where.split(",")
letters = [letter] * int(count)
begun = threading.Semaphore(0)
ready = threading.Semaphore(0)


def connect():
    connection = socket.create_connection((address, int(port)))
    return connection, connection.makefile("rb")


def ask(number):
    try:
        ask_for_ever(number)
    except OSError:
        pass  # the server has ended


def acknowledge(connection, answers):
    while answers.readline():
        connection.sendall(b"n\n")


def ask_for_ever(number):
    connection, answers = connect()
    first, last = True, letter
    while True:
        now = letters[number]
        connection.sendall(now.encode() + b"\n")
        if now != last:
            begun.release()
            last = now
        if now == "u":
            acknowledge(connection, answers)
        if now != "n" and not answers.readline():
            return
        if first:
            ready.release()
            first = False
        if rest:
            connection.close()
            connection, answers = connect()
        time.sleep(float(every))


for place in range(int(count)):
    threading.Thread(target=ask, args=(place,), daemon=True).start()
for _ in range(int(count)):
    ready.acquire()
say("served")
for line in sys.stdin:
    what, some = line.split()
    letters[: int(some)] = [what] * int(some)
    for _ in range(int(some)):
        begun.acquire()
    say("asked")
