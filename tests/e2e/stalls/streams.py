#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Connections on which one end only talks, and the other only listens.

  log ADDRESS,PORT            a server with a thread for each client, which reads and never answers
  send ADDRESS,PORT SECONDS   its client: a line every so many seconds
  hub ADDRESS,PORT SECONDS    a server that sends news every so many seconds, once a subscriber has said a word
  subscribe ADDRESS,PORT      its client
  feed ADDRESS,PORT SECONDS   a hub that asks for no word; a thread reads, to see a client's end
  listen ADDRESS,PORT         its client, which never says a word
"""

import socket
import sys
import threading
import time

from say import say


def place(text):
    address, port = text.rsplit(",", 1)
    return address, int(port)


def read_all(sock):
    while sock.recv(4096):
        pass


def talk(sock, period):
    while True:
        sock.sendall(b"a line\n")
        say("sent")
        time.sleep(period)


def news(sock, period):
    sock.recv(100)
    sock.sendall(b"welcome\n")
    talk(sock, period)


def feed(sock, period):
    threading.Thread(target=read_all, args=(sock,), daemon=True).start()
    talk(sock, period)


def serve(where, handler, *arguments):
    listener = socket.create_server(place(where))
    say("listening")
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=handler, args=(sock, *arguments), daemon=True).start()
        say("accepted")


def connect(where, word=b""):
    sock = socket.create_connection(place(where))
    if word:
        sock.sendall(word)
    say("connected")
    return sock


def main(kind, where, period=None):
    if kind == "log":
        serve(where, read_all)
    elif kind == "send":
        talk(connect(where), float(period))
    elif kind == "hub":
        serve(where, news, float(period))
    elif kind == "subscribe":
        read_all(connect(where, b"subscribe\n"))
    elif kind == "feed":
        serve(where, feed, float(period))
    elif kind == "listen":
        sock = connect(where)
        while sock.recv(4096):
            say("took")


main(*sys.argv[1:])
