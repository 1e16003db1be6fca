#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A shop, one part of it a process. ADDRESS,PORT is where it listens, and the others are what it asks.

  shop.py database ADDRESS,PORT                  a thread for each connection; a query for orders needs a lock
  shop.py service NAME WORKERS ADDRESS,PORT OTHER  so many threads; each takes a request, asks the database, answers
  shop.py proxy ADDRESS,PORT LETTER=OTHER...     an event loop; a request's letter says which service gets it
  shop.py clients COUNT LETTER ADDRESS,PORT      so many threads that ask again and again, each on its connection

A line "hold" on stdin: a thread of the database, "vacuum", takes that lock and sleeps.
"""

import ctypes
import os
import select
import socket
import sys
import threading
import time

from say import say

LIBC = ctypes.CDLL(None)
PR_SET_NAME = 15
PAUSE = 1  # between two requests of a client


def name_it(name):
    LIBC.prctl(PR_SET_NAME, name.encode())


def place(text):
    address, port = text.rsplit(",", 1)
    return address, int(port)


def listen(at):
    listener = socket.create_server(place(at), backlog=256)
    say("listening", fd=listener.fileno())
    return listener


# ---- The database ----

MUTEX = ctypes.create_string_buffer(64)


def hold():
    name_it("vacuum")
    LIBC.pthread_mutex_lock(MUTEX)
    say("held", tid=threading.get_native_id())
    time.sleep(3600)


def obey():
    for line in sys.stdin:
        if line.strip() == "hold":
            threading.Thread(target=hold, daemon=True).start()


def query(connection):
    while request := connection.recv(1):
        if request == b"o":
            LIBC.pthread_mutex_lock(MUTEX)
            LIBC.pthread_mutex_unlock(MUTEX)
        connection.sendall(b"!")


def database(at):
    name_it("database")
    listener = listen(at)
    threading.Thread(target=obey, daemon=True).start()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=query, args=(connection,), daemon=True).start()


# ---- A service ----


def work(listener, behind):
    with socket.create_connection(behind) as backend:
        while True:
            connection, _ = listener.accept()
            with connection:
                backend.sendall(connection.recv(1))
                connection.sendall(backend.recv(1))


def service(name, workers, at, behind):
    name_it(name)
    listener = listen(at)
    for _ in range(int(workers)):
        threading.Thread(target=work, args=(listener, place(behind)), daemon=True).start()
    threading.Event().wait()


# ---- The proxy ----


class Proxy:
    def __init__(self, listener, services):
        self.services = services
        self.epoll = select.epoll()
        self.sockets = {}
        self.clients = {}  # by the connection to a service
        self.listener = listener
        self.watch(listener)

    def watch(self, sock):
        self.sockets[sock.fileno()] = sock
        self.epoll.register(sock, select.EPOLLIN)

    def drop(self, sock):
        del self.sockets[sock.fileno()]
        sock.close()

    def take(self, sock):
        data = sock.recv(1)
        if sock in self.clients:
            self.clients.pop(sock).sendall(data)
            self.drop(sock)
        elif data:
            upstream = socket.create_connection(self.services[data.decode()])
            upstream.sendall(data)
            self.clients[upstream] = sock
            self.watch(upstream)
        else:
            self.drop(sock)

    def run(self):
        while True:
            for fd, _ in self.epoll.poll():
                if fd == self.listener.fileno():
                    self.watch(self.listener.accept()[0])
                elif fd in self.sockets:
                    self.take(self.sockets[fd])


def proxy(at, *others):
    name_it("proxy")
    pairs = (other.split("=") for other in others)
    Proxy(listen(at), {letter: place(other) for letter, other in pairs}).run()


# ---- Clients ----


def ask(address, letter):
    with socket.create_connection(address) as connection:
        while True:
            connection.sendall(letter)
            if not connection.recv(1):
                return
            time.sleep(PAUSE)


def clients(count, letter, at):
    name_it("checkout" if letter == "o" else "browse")
    for _ in range(int(count)):
        threading.Thread(target=ask, args=(place(at), letter.encode()), daemon=True).start()
    say("asking")
    threading.Event().wait()


def end_with_others(hook):
    """Where another part has ended, so does this one, without a word."""

    def told(error, *rest):
        if issubclass(error if isinstance(error, type) else error.exc_type, ConnectionError):
            os._exit(1)
        hook(error, *rest)

    return told


sys.excepthook, threading.excepthook = end_with_others(sys.excepthook), end_with_others(threading.excepthook)
{"database": database, "service": service, "proxy": proxy, "clients": clients}[sys.argv[1]](*sys.argv[2:])
