#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A server that asks another before it answers: KIND ADDRESS,PORT [ADDRESS,PORT]. KIND is what it is made of: `threads`
(one a connection), `loop` (epoll, never blocking), `one` (one connection after the other), `fork` (a child that is `one`,
and its parent waits for it to end; `worker` is its pid), `telling` (as `loop`, but it tells the other something that nobody
asked for). Without a second address it
answers by itself, after a sleep where the request says so ("sleep", "hold", "spin"; "part": after it has begun).
"""

import os
import select
import socket
import sys
import threading
import time

from say import leave_parent, say


def place(text):
    address, port = text.rsplit(",", 1)
    return address, int(port)


def answer(request, back):
    if back:
        upstream = socket.create_connection(back)
        upstream.sendall(request)
        reply = upstream.recv(100)
        if reply == b"part":
            reply += upstream.recv(100)
        upstream.close()
        return reply
    if request == b"sleep":
        time.sleep(1000000)
    if request == b"hold":
        select.epoll().poll()
    while request == b"spin":
        pass
    return b"reply"


def serve(connection, back):
    with connection:
        while request := connection.recv(100):
            if request == b"part" and not back:
                connection.sendall(request)
                select.epoll().poll()
            connection.sendall(answer(request, back))


def run_threads(listener, back):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, back), daemon=True).start()


def run_one(listener, back):
    while True:
        serve(listener.accept()[0], back)


def run_fork(listener, back):
    ready, done = os.pipe()
    child = os.fork()
    if not child:
        leave_parent()
        os.close(done)
        os.read(ready, 1)
        os.close(ready)
        run_one(listener, back)
    os.close(ready)
    say("listening", fd=listener.fileno(), worker=child)
    os.close(done)
    os.waitpid(child, 0)


def run_telling(listener, back):
    told = socket.create_connection(back)
    told.sendall(b"hold")
    run_loop(listener, back)


def run_loop(listener, back):
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN)
    sockets, pairs = {}, {}

    def watch(sock):
        sockets[sock.fileno()] = sock
        epoll.register(sock, select.EPOLLIN)

    def drop(sock):
        epoll.unregister(sock)
        del sockets[sock.fileno()]
        sock.close()

    while True:
        for fd, _ in epoll.poll():
            if fd == listener.fileno():
                watch(listener.accept()[0])
                continue
            sock = sockets.get(fd)
            if not sock:
                continue
            data = sock.recv(100)
            if sock in pairs:  # an answer
                pairs.pop(sock).sendall(data)
                drop(sock)
            elif not data:
                drop(sock)
            else:
                upstream = socket.create_connection(back)
                upstream.sendall(data)
                pairs[upstream] = sock
                watch(upstream)


def main():
    kind, front = sys.argv[1], place(sys.argv[2])
    back = place(sys.argv[3]) if len(sys.argv) > 3 else None
    listener = socket.create_server(front, backlog=16)
    if kind != "fork":
        say("listening", fd=listener.fileno())
    {"threads": run_threads, "loop": run_loop, "telling": run_telling, "one": run_one, "fork": run_fork}[kind](
        listener, back
    )


main()
