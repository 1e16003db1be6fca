#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
async_server.py ADDRESS,PORT HOW [THREADS]: an event loop that answers "?" on every connection, beside THREADS threads that
sleep (0). At "w" it does HOW inside the loop, so that all its clients wait:

    poll=ADDRESS,PORT    a synchronous call with a timeout: connects there, and polls that connection alone for ten minutes
    ask=ADDRESS,PORT     the same, after it has sent a question there
    select=ADDRESS,PORT  the same with select
    steps=ADDRESS,PORT   the same with poll, 50 ms at a time, as libraries do that look after a cancellation meanwhile
    aside=ADDRESS,PORT   the same as poll, in a thread of its own: the loop goes on. The healthy twin
    nested               waits for a child process in an event loop within the loop
    sleep                sleeps
    compute              keeps the CPU for ten minutes
    fork                 makes a child that inherits everything and sleeps; the loop goes on
"""

import os
import select
import socket
import sys
import threading
import time

from say import leave_parent, say


def connect(place):
    address, port = place.split(",")
    return socket.create_connection((address, int(port)))


def poll(place, timeout=600, question=b""):
    other = connect(place)
    other.sendall(question)
    waits = select.poll()
    waits.register(other, select.POLLIN)
    say("working", port=other.getsockname()[1])
    while not waits.poll(timeout * 1000):
        pass


def ask(place):
    poll(place, question=b"?")


def steps(place):
    poll(place, 0.05)


def by_select(place):
    other = connect(place)
    say("working", port=other.getsockname()[1])
    select.select([other], [], [], 600)


def aside(place):
    threading.Thread(target=poll, args=[place], daemon=True).start()


def nested(_):
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        leave_parent()
        os.close(ours)
        time.sleep(600)
        os._exit(0)
    os.close(theirs)
    inner = select.epoll()
    inner.register(ours, select.EPOLLIN)
    say("working", child=child, inner=inner.fileno())
    inner.poll()


def sleep(_):
    say("working")
    time.sleep(600)


def compute(_):
    say("working")
    end = time.monotonic() + 600
    while time.monotonic() < end:
        pass


def fork(_):
    child = os.fork()
    if not child:
        leave_parent()
        time.sleep(600)
        os._exit(0)
    say("working", child=child)


HOW = {"select": by_select, **{f.__name__: f for f in (poll, ask, steps, aside, nested, sleep, compute, fork)}}


class Server:
    def __init__(self, place, how):
        address, port = place.split(",")
        self._name, _, self._argument = how.partition("=")
        self._listener = socket.create_server((address, int(port)))
        self._connections = {}
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        say("listening", fd=self._epoll.fileno())

    def _accept(self):
        connection = self._listener.accept()[0]
        self._connections[connection.fileno()] = connection
        self._epoll.register(connection, select.EPOLLIN)

    def _serve(self, fd):
        request = self._connections[fd].recv(1)
        if not request:
            self._connections.pop(fd).close()
        elif request == b"w":
            HOW[self._name](self._argument)
        else:
            self._connections[fd].send(b"!")

    def run(self):
        while True:
            for fd, _ in self._epoll.poll():
                if fd == self._listener.fileno():
                    self._accept()
                else:
                    self._serve(fd)


def main():
    for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 0):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    Server(sys.argv[1], sys.argv[2]).run()


main()
