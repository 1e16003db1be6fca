#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
service.py ADDRESS,PORT HOW [ADDRESS,PORT]: a server, and behind it another one that it asks (each thread or process of it on a
connection of its own). A request is a letter and a newline, and so is an answer:

  q  answered at once
  d  asks the server behind it first
  b  likewise, with a long poll there
  l  takes a lock first
  m  likewise, a mutex of the C library
  c  computes for ever
  p  a long poll: waits for an event of its own
  s  takes ten minutes
  z  stops its process, as SIGSTOP from elsewhere would just then
  n  is not answered at all: a log
  u  subscribes: an answer is pushed every 50 ms, until "quiet"

HOW: threads, a thread for each connection; loop, an event loop in its only thread, which reads no stdin; prefork=N, processes that take a connection each and serve it to its end; once=N, the
same, but each connection has one request. Lines on stdin: "hold" and "free" the lock, "hold-mutex"; "silent" answers nothing any more; "quiet" pushes nothing any more.
"""

import ctypes
import os
import select
import signal
import socket
import sys
import threading
import time

from say import leave_parent, say

LOCK = threading.Lock()
LIBC = ctypes.CDLL(None)
MUTEX = ctypes.create_string_buffer(64)
SILENT = threading.Event()
QUIET = threading.Event()
COMMANDS = {
    "hold": LOCK.acquire,
    "free": LOCK.release,
    "hold-mutex": lambda: LIBC.pthread_mutex_lock(MUTEX),
    "silent": SILENT.set,
    "quiet": QUIET.set,
}


class Server:
    def __init__(self, behind):
        self.behind = behind
        self.own = threading.local()

    def ask(self, letter):
        if not hasattr(self.own, "connection"):
            self.own.connection = socket.create_connection(self.behind)
            self.own.answers = self.own.connection.makefile("rb")
        self.own.connection.sendall(letter + b"\n")
        return self.own.answers.readline()

    def answer(self, request):
        if SILENT.is_set():
            time.sleep(600)
        if request in (b"d", b"b"):
            self.ask(b"q" if request == b"d" else b"p")
        elif request == b"l":
            with LOCK:
                pass
        elif request == b"m":
            LIBC.pthread_mutex_lock(MUTEX)
            LIBC.pthread_mutex_unlock(MUTEX)
        elif request == b"c":
            sum(range(10**15))  # other threads do not get a turn
        elif request == b"p":
            threading.Event().wait(600)
        elif request == b"s":
            time.sleep(600)
        elif request == b"z":
            os.kill(os.getpid(), signal.SIGSTOP)
        return b"" if request == b"n" else b"!\n"

    def serve(self, connection, requests=0):
        for request in connection.makefile("rb"):
            if request.strip() == b"u":
                threading.Thread(target=push, args=(connection,), daemon=True).start()
                continue
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


def push(connection):
    while not QUIET.wait(0.05):
        connection.sendall(b"!\n")


def accept_for_ever(listener, server, requests):
    while True:
        server.serve(listener.accept()[0], requests)


def serve_with_threads(listener, server):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=server.serve, args=(connection,), daemon=True).start()


def serve_with_a_loop(listener, server):
    connections = {}
    instance = select.epoll()
    instance.register(listener, select.EPOLLIN)
    while True:
        for fd, _ in instance.poll():
            if fd == listener.fileno():
                connection, _ = listener.accept()
                connections[connection.fileno()] = connection
                instance.register(connection, select.EPOLLIN)
                continue
            requests = connections[fd].recv(100)
            if not requests:
                connections.pop(fd).close()
            for request in requests.split():
                connections[fd].sendall(server.answer(request))


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
    if how == "loop":
        say("listening")
        serve_with_a_loop(listener, server)
    if how == "threads":
        threading.Thread(target=serve_with_threads, args=(listener, server), daemon=True).start()
        say("listening")
    else:
        say("listening", workers=serve_with_processes(listener, server, int(count), how == "once"))
    for line in sys.stdin:
        COMMANDS[line.strip()]()
        say(line.strip())


main()
