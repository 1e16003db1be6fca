#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
collects.py ADDRESS PORT one|two|long: a server whose first thread waits in select for what its children write.

long     one child writes a line each 2.5 s; another thread serves long polls, in a loop of its own, and owes nobody anything
reads    likewise, but that thread sleeps in a read from its client
one      one child is silent, and nobody serves: whoever asks waits for it
two      likewise, with two children: for which of them nobody can tell
"""

import select
import socket
import subprocess
import sys
import threading

from say import say

ADDRESS, PORT, MODE = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def serve(listener):
    epoll = select.epoll()
    epoll.register(listener)
    held = []
    while True:
        for fd, _ in epoll.poll():
            if fd == listener.fileno():
                held.append(listener.accept()[0])
                epoll.register(held[-1], select.EPOLLIN if MODE == "long" else select.EPOLLOUT)
            else:
                next(one for one in held if one.fileno() == fd).recv(100)


listener = socket.create_server((ADDRESS, PORT))
script = "while sleep 2.5; do echo; done" if MODE in ("long", "reads") else "exec sleep 1000"
children = [
    subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    for _ in range(2 if MODE == "two" else 1)
]
if MODE in ("long", "reads"):
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
else:
    say("listening", children=[child.pid for child in children])
    connection = listener.accept()[0]
    connection.recv(100)
pipes = [child.stdout for child in children]
say("collecting", children=[child.pid for child in children])
while True:
    for pipe in select.select(pipes, [], [])[0]:
        pipe.readline()
