#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A server that asks another before it answers: KIND ADDRESS,PORT [ADDRESS,PORT]. KIND is what it is made of: `threads`
(one a connection), `loop` (epoll, never blocking), `one` (one connection after the other), `fork` (a child that is `one`,
and its parent waits for it to end; `worker` is its pid), `prefork` (its parent sits in select, and wakes up now and then),
`timeout` (as `one`, but it waits for the answer in poll), `child` (as `one`, but a child asks for it), `nested` and `collects` (an epoll
loop with a second thread; its child asks, and it collects in another instance, or in poll, what that writes), `telling` (as `loop`, but
it tells the other something that nobody asked for), `itself` (as `one`, but it asks itself), `mptcp` (as `one`).
Without a second address it answers by itself, after a sleep where the request says so ("sleep", "hold", "spin"; "part": after it
has begun).
"""

import os
import select
import socket
import sys
import threading
import time

from say import leave_parent, say


IPPROTO_MPTCP = 262
LONG = 1000000


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


def fork_worker(listener, back):
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
    return child


def run_fork(listener, back):
    os.waitpid(fork_worker(listener, back), 0)


def run_prefork(listener, back):
    fork_worker(listener, back)
    while True:
        select.select([], [], [], 0.2)


def wait_in_poll(end):
    waits = select.poll()
    waits.register(end, select.POLLIN)
    waits.poll()


def wait_in_loop(end):
    signals = os.pipe()
    with select.epoll() as waits:
        for one in end, signals[0]:
            waits.register(one, select.EPOLLIN)
        waits.poll()
    for one in signals:
        os.close(one)


def ask_in_child(back, request, *others, wait=None):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        leave_parent()
        os.close(reader)
        for other in others:
            other.close()
        os.dup2(writer, 1)
        with socket.create_connection(back) as upstream:
            upstream.sendall(request)
            os.write(writer, upstream.recv(100))
        os._exit(0)
    os.close(writer)
    if wait:
        wait(reader)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as answers:
        return answers.read()


def run_child(listener, back):
    while True:
        connection, _ = listener.accept()
        with connection:
            request = connection.recv(100)
            connection.sendall(ask_in_child(back, request, listener, connection))


def run_nested(listener, back, wait):
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN)
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    while True:
        epoll.poll()
        connection, _ = listener.accept()
        with connection:
            request = connection.recv(100)
            connection.sendall(
                ask_in_child(back or listener.getsockname(), request, listener, connection, epoll, wait=wait)
            )


def run_timeout(listener, back):
    socket.setdefaulttimeout(LONG)
    run_one(listener, back)


def run_itself(listener, back):
    run_one(listener, back or listener.getsockname())


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


def listen(address, kind):
    if kind != "mptcp":
        return socket.create_server(address, backlog=16)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    listener.bind(address)
    listener.listen(16)
    return listener


def main():
    kind, front = sys.argv[1], place(sys.argv[2])
    back = place(sys.argv[3]) if len(sys.argv) > 3 else None
    listener = listen(front, kind)
    if not kind.endswith("fork"):
        say("listening", fd=listener.fileno())
    {
        "threads": run_threads,
        "loop": run_loop,
        "telling": run_telling,
        "one": run_one,
        "mptcp": run_one,
        "fork": run_fork,
        "prefork": run_prefork,
        "child": run_child,
        "nested": lambda *ends: run_nested(*ends, wait_in_loop),
        "collects": lambda *ends: run_nested(*ends, wait_in_poll),
        "timeout": run_timeout,
        "itself": run_itself,
    }[kind](listener, back)


main()
