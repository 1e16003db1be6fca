#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A proxy that passes half closes on, and the server behind it.

  server ADDRESS,PORT keeps|closes      answers each word with the same; at the end of file it keeps its side open, or closes
  proxy ADDRESS,PORT ADDRESS,PORT       passes on what comes, each end of file too, and closes when both have come
"""

import socket
import sys
import threading

from say import say


def place(text):
    address, port = text.rsplit(",", 1)
    return address, int(port)


kept = []


def echo(sock, what):
    while data := sock.recv(4096):
        sock.sendall(data)
    if what == "keeps":
        kept.append(sock)
    else:
        sock.close()
    say("ended")


def pump(source, target):
    while data := source.recv(4096):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def relay(sock, behind):
    back = socket.create_connection(place(behind))
    answers = threading.Thread(target=pump, args=(back, sock), daemon=True)
    answers.start()
    pump(sock, back)
    say("passed")
    answers.join()
    sock.close()
    back.close()


def main(kind, where, more):
    listener = socket.create_server(place(where))
    say("listening")
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=echo if kind == "server" else relay, args=(sock, more), daemon=True).start()


main(*sys.argv[1:])
