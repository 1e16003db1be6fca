#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
serves.py ADDRESS,PORT HOW [COUNT]: takes COUNT connections (1), and no more, and serves them as a database's backend does its
client: it waits for the next request with epoll (together with a pipe and an eventfd) or with poll (for that alone). It answers
"?", and at "w" it is at work on the answer for ten minutes. HOW,ADDRESS,PORT: then it reads from there instead.
"""

import os
import select
import socket
import sys
import time

from say import say


def waiter(how, connections):
    """A function that returns the connections that can be read."""
    by_fd = {connection.fileno(): connection for connection in connections}
    if how == "poll":
        waits = select.poll()
    else:
        waits = select.epoll()
        waits.register(os.pipe()[0], select.EPOLLIN)
        waits.register(os.eventfd(0), select.EPOLLIN)
    for fd in by_fd:
        waits.register(fd, select.POLLIN)
    return lambda: [by_fd[fd] for fd, _ in waits.poll()]


def serve(connection, other):
    request = connection.recv(1)
    if not request:
        sys.exit()
    if request == b"w":
        say("working")
        if other:
            socket.create_connection((other[0], int(other[1]))).recv(1)
        time.sleep(600)
    connection.send(b"!")


def main():
    address, port = sys.argv[1].split(",")
    how, *other = sys.argv[2].split(",")
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    listener = socket.create_server((address, int(port)))
    say("listening")
    connections = [listener.accept()[0] for _ in range(count)]
    listener.close()
    readable = waiter(how, connections)
    while True:
        for connection in readable():
            serve(connection, other)


main()
