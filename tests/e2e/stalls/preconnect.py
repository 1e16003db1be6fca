#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A server with a pool of threads, and clients that connect and send nothing: preconnect.py ADDRESS,PORT THREADS CLIENTS QUEUED.

One of the THREADS accepts, and each of the others reads from one connection at a time. CLIENTS connect and are accepted; QUEUED
more are not.
"""

import queue
import socket
import sys
import threading
import time

from say import say


def work(connections):
    while True:
        connections.get().recv(100)


def main():
    place, threads, clients, queued = sys.argv[1:]
    address, port = place.rsplit(",", 1)
    listener = socket.create_server((address, int(port)))
    connections = queue.Queue()
    for _ in range(int(threads) - 1):
        threading.Thread(target=work, args=(connections,), daemon=True).start()
    kept = []
    for _ in range(int(clients)):
        kept.append(socket.create_connection((address, int(port))))
        connections.put(listener.accept()[0])
    kept += [socket.create_connection((address, int(port))) for _ in range(int(queued))]
    say("connected", clients=len(kept))
    time.sleep(1000000)


main()
