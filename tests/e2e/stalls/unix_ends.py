#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Ends of unix sockets.

usage: unix_ends.py listen NAME TYPE BACKLOG never|always    listens, and never accepts, or answers each connection at once
       unix_ends.py connect NAME TYPE read|poll|closed       connects, says hello, and waits for the answer, in read or in poll;
                                                             or closes it at once

NAME is a path, "@" and an abstract name, or "hex:" and its bytes. TYPE is stream or seqpacket.
"""

import select
import socket
import sys
import time

from say import say

TYPES = {"stream": socket.SOCK_STREAM, "seqpacket": socket.SOCK_SEQPACKET}


def address(name):
    if name.startswith("hex:"):
        return bytes.fromhex(name[4:])
    return "\0" + name[1:] if name.startswith("@") else name


def listen(own, name, backlog, accepts):
    own.bind(name)
    own.listen(int(backlog))
    say("listening", fd=own.fileno())
    while accepts == "always":
        end, _ = own.accept()
        try:
            end.recv(100)
            end.send(b"answer")
        except ConnectionError:
            pass  # the client has ended
    time.sleep(1000000)


def connect(own, name, then):
    say("connecting", fd=own.fileno())
    own.connect(name)
    own.send(b"hello")
    say("connected")
    if then == "closed":
        own.close()
    elif then == "poll":
        select.select([own], [], [])
    try:
        if then != "closed":
            own.recv(100)
    except ConnectionError:
        pass  # the listener has ended
    say("done")
    time.sleep(1000000)


def main():
    role, name, kind, *rest = sys.argv[1:]
    own = socket.socket(socket.AF_UNIX, TYPES[kind])
    (listen if role == "listen" else connect)(own, address(name), *rest)


main()
