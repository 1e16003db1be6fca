#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A service on a unix socket that, asked, asks another.

usage: unix_calls.py OWN OTHER first|then|answer     first: asks before it listens to anybody; then: asks when it is asked; answer: never asks
"""

import socket
import sys
import time

from say import say


def ask(name):
    end = socket.socket(socket.AF_UNIX)
    end.connect(name)
    end.send(b"question")
    say("asking")
    end.recv(100)
    say("answered")


def main():
    own, other, role = sys.argv[1:]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(own)
    listener.listen(5)
    say("listening")
    if role == "first":
        sys.stdin.readline()
        ask(other)
    end, _ = listener.accept()
    end.recv(100)
    if role == "then":
        ask(other)
    end.send(b"answer")
    time.sleep(1000000)


main()
