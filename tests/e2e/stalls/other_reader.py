#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Blocks in a read of something that is not TCP: udp ADDRESS,PORT | unix | pipe. Input ends the wait."""

import os
import socket
import sys
import threading

from say import say


def udp(place):
    address, port = place.split(",")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((address, int(port)))
    other = socket.socket(family, socket.SOCK_DGRAM)
    return sock.detach(), lambda: other.sendto(b"x", (address, int(port)))


def unix(_):
    sock, other = socket.socketpair()
    return sock.detach(), lambda: other.send(b"x")


def pipe(_):
    fd, other = os.pipe()
    return fd, lambda: os.write(other, b"x")


def wake_on_input(wake):
    sys.stdin.readline()
    wake()


def main():
    kind, place = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    fd, wake = {"udp": udp, "unix": unix, "pipe": pipe}[kind](place)
    threading.Thread(target=wake_on_input, args=(wake,)).start()
    say("blocking", fd=fd)
    say("returned", count=len(os.read(fd, 100)))


main()
