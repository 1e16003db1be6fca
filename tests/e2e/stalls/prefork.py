#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
prefork.py HOW: two workers that share a listener, each with an epoll instance of its own. A connection is
answered with "!" and closed; to the first byte "w" the worker is at work for ten minutes.

    processes    the workers are processes
    threads      the workers are threads, which take turns in waiting
    edge         one worker, which watches edge-triggered and accepts one connection for each event
    drain        the same, but it accepts until there is none: the healthy twin
"""

import os
import select
import socket
import sys
import threading
import time

from say import leave_parent, say

LOCK = threading.Lock()


def serve(connection):
    if connection.recv(1) == b"w":
        say("working")
        time.sleep(600)
    connection.send(b"!")
    connection.close()


def work(listener, how):
    epoll = select.epoll()
    edge = how in ("edge", "drain")
    epoll.register(listener, select.EPOLLIN | (select.EPOLLET if edge else 0))
    while True:
        if how == "threads":
            with LOCK:
                epoll.poll()
                connection = accept(listener)
        else:
            epoll.poll()
            connection = accept(listener)
        while connection:
            serve(connection)
            connection = accept(listener) if how == "drain" else None


def accept(listener):
    try:
        connection = listener.accept()[0]
    except BlockingIOError:
        return None
    connection.setblocking(True)
    return connection


def main():
    how = sys.argv[1]
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.setblocking(False)
    say("listening", port=listener.getsockname()[1])
    if how == "processes" and not os.fork():
        out = os.dup(1)
        leave_parent()
        os.dup2(out, 1)
    if how == "threads":
        threading.Thread(target=work, args=[listener, how], daemon=True).start()
    work(listener, how)


main()
