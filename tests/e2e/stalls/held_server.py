#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
held_server.py ADDRESS,PORT [deaf]: a server of many connections. It answers each "?" with "!", and nothing else. Deaf: it takes
connections and never reads. On standard input: "push" sends a "!" to all that nobody asked for.
"""

import socket
import sys
import threading

from say import say

connections = []


def serve(connection):
    while request := connection.recv(65536):
        questions = request.count(b"?")
        if questions:
            connection.sendall(b"!" * questions)


def accept(listener, deaf):
    while True:
        connection, _ = listener.accept()
        connections.append(connection)
        if not deaf:
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


def main():
    address, port = sys.argv[1].split(",")
    listener = socket.create_server((address, int(port)), backlog=100)
    threading.Thread(target=accept, args=(listener, "deaf" in sys.argv[2:]), daemon=True).start()
    say("listening")
    for line in sys.stdin:
        if line.strip() == "push":
            for connection in connections:
                connection.sendall(b"!")
            say("pushed")


main()
