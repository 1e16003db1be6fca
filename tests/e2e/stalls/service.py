#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
service.py ADDRESS,PORT HOW [ADDRESS,PORT]: a server, and behind it another one that it asks (each thread or process of it on a
connection of its own). A request is a letter and a newline, and so is an answer:

  q  answered at once
  d  asks the server behind it first
  l  takes a lock first
  p  a long poll: waits for an event of its own
  s  takes ten minutes
  n  is not answered at all: a log

HOW: threads, a thread for each connection; prefork=N, processes that take a connection each and serve it to its end; once=N, the
same, but each connection has one request. Lines on stdin: "hold" and "free" the lock; "silent" answers nothing any more.
"""

import os
import socket
import sys
import threading
import time

from say import leave_parent, say

LOCK = threading.Lock()
SILENT = threading.Event()


class Server:
    def __init__(self, behind):
        self.behind = behind
        self.own = threading.local()

    def ask(self):
        if not hasattr(self.own, "connection"):
            self.own.connection = socket.create_connection(self.behind)
            self.own.answers = self.own.connection.makefile("rb")
        self.own.connection.sendall(b"q\n")
        return self.own.answers.readline()

    def answer(self, request):
        if SILENT.is_set():
            time.sleep(600)
        if request == b"d":
            self.ask()
        elif request == b"l":
            with LOCK:
                pass
        elif request == b"p":
            threading.Event().wait(600)
        elif request == b"s":
            time.sleep(600)
        return b"" if request == b"n" else b"!\n"

    def serve(self, connection, requests=0):
        for request in connection.makefile("rb"):
            answer = self.answer(request.strip())
            if answer:
                connection.sendall(answer)
            requests -= 1
            if not requests:
                break
        connection.close()


def ends(text):
    address, port = text.split(",")
    return address, int(port)


def accept_for_ever(listener, server, requests):
    while True:
        server.serve(listener.accept()[0], requests)


def serve_with_threads(listener, server):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=server.serve, args=(connection,), daemon=True).start()


def serve_with_processes(listener, server, count, requests):
    pids = []
    for _ in range(count):
        pid = os.fork()
        if not pid:
            leave_parent()
            accept_for_ever(listener, server, requests)
        pids.append(pid)
    return pids


def main():
    listener = socket.create_server(ends(sys.argv[1]), backlog=16)
    how, _, count = sys.argv[2].partition("=")
    server = Server(ends(sys.argv[3]) if len(sys.argv) > 3 else None)
    if how == "threads":
        threading.Thread(target=serve_with_threads, args=(listener, server), daemon=True).start()
        say("listening")
    else:
        say("listening", workers=serve_with_processes(listener, server, int(count), how == "once"))
    for line in sys.stdin:
        {"hold": LOCK.acquire, "free": LOCK.release, "silent": SILENT.set}[line.strip()]()
        say(line.strip())


main()
