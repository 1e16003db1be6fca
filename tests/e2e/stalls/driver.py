#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A client as database drivers are, and its server: driver.py ADDRESS,PORT KIND [NAME].

The client has a timeout, so it waits in poll for the one connection. `silent`: three questions are answered, the fourth is read and
is not. `first`: not even the first. `answered`: all are, after 0.1 s. `listens`: a thread that waits since before sees another one
send, which nobody answers. `queue`: the client reads without a timeout, and the server, an event loop of this NAME that goes on
with other things ten times a second, has read the question and answers nothing. `script`: it computes since it has read the
question, and looks for other events in passing, as a script in redis does.
"""

import os
import select
import socket
import sys
import threading
import time

from say import leave_parent, say

ANSWERED = {"silent": 3, "first": 0, "answered": 1000000, "listens": 0}


def serve(listener, kind):
    connection, _ = listener.accept()
    for _ in range(ANSWERED[kind]):
        if not connection.recv(100):
            return
        time.sleep(0.1)
        connection.sendall(b"answer")
    while connection.recv(100):
        pass


def compute(poll):
    while True:
        sum(range(10000))
        poll.poll(0)


def serve_queue(listener, kind, name):
    with open("/proc/self/comm", "w", encoding="ascii") as comm:
        comm.write(name)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    connections = {}
    while True:
        for fd, _ in poll.poll(0.1):
            if fd == listener.fileno():
                connection, _ = listener.accept()
                connections[connection.fileno()] = connection
                poll.register(connection, select.EPOLLIN)
            else:
                connections[fd].recv(100)
                if kind == "script":
                    compute(poll)


def ask(client):
    client.sendall(b"question")
    client.recv(100)


def main():
    place, kind, *name = sys.argv[1:]
    address, port = place.rsplit(",", 1)
    listener = socket.create_server((address, int(port)))
    server = os.fork()
    if not server:
        leave_parent()
        serve_queue(listener, kind, *name) if name else serve(listener, kind)
        time.sleep(1000000)
    listener.close()
    client = socket.create_connection((address, int(port)))
    client.settimeout(None if name else 600)
    for _ in range(min(ANSWERED.get(kind, 0), 3)):
        ask(client)
        time.sleep(0.05)  # soon after the answer: sooner than who breaks a silence
    say("asking", fd=client.fileno(), port=client.getsockname()[1], server=server)
    if kind == "listens":
        threading.Thread(target=client.recv, args=(100,), daemon=True).start()
        time.sleep(0.5)
        client.sendall(b"news")
        say("sent")
        time.sleep(1000000)
    while True:
        ask(client)


main()
