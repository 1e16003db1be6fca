#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
churn.py HOW ADDRESS,PORT: connections to a server that answers each question at once, as fast as it goes. HOW:

  end    each ends after its answer, and the next one gets the number of its descriptor
  hand   each goes to another process after its first answer, which asks on it once more and closes it
  reuse  two, one idle and one that is asked, change their descriptors' numbers all the time
"""

import os
import socket
import sys

from say import leave_parent, say

how = sys.argv[1]
address, port = sys.argv[2].split(",")


def connect():
    return socket.create_connection((address, int(port)))


def ask(connection):
    connection.sendall(b"q\n")
    return connection.recv(100)


def end():
    with connect() as connection:
        ask(connection)


def serve(pair):
    while True:
        _, fds, _, _ = socket.recv_fds(pair, 1, 1)
        if not fds:
            os._exit(0)
        with socket.socket(fileno=fds[0]) as connection:
            ask(connection)
        pair.sendall(b"x")


def start_helper():
    mine, its = socket.socketpair()
    pid = os.fork()
    if not pid:
        mine.close()
        leave_parent()
        serve(its)
    its.close()
    return pid, mine


def hand(pair):
    with connect() as connection:
        ask(connection)
        socket.send_fds(pair, [b"x"], [connection.fileno()])
    pair.recv(1)


def swap(first, second, spare):
    ask(second)
    os.dup2(first.fileno(), spare)
    os.dup2(second.fileno(), first.fileno())
    os.dup2(spare, second.fileno())
    ask(first)
    os.dup2(first.fileno(), spare)
    os.dup2(second.fileno(), first.fileno())
    os.dup2(spare, second.fileno())


def main():
    work, helpers = end, []
    if how == "hand":
        pid, pair = start_helper()
        helpers, work = [pid], lambda: hand(pair)
    elif how == "reuse":
        first, second = connect(), connect()
        ask(first)
        spare = os.dup(0)
        work = lambda: swap(first, second, spare)  # noqa: E731
    work()
    say("asking", helpers=helpers)
    while True:
        work()


main()
