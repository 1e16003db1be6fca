#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Both ends of a question to a DNS server.

usage: dns.py serve ADDRESS SECONDS      answers each question on port 53 that much later; never: none
       dns.py ask ADDRESS HOW            asks, and waits: poll (tries of 5 s, as the C library does), epoll, recv; idle: does not
                                         wait for it; moved-on: has its answer, and waits for something else
"""

import select
import socket
import sys
import time

from say import say


def serve(own, address, after):
    own.bind((address, 53))
    say("serving")
    while True:
        question, who = own.recvfrom(512)
        if after != "never":
            time.sleep(float(after))
            own.sendto(question, who)


def wait_in_epoll(own):
    instance = select.epoll()
    instance.register(own, select.EPOLLIN)
    say("asking", epoll_fd=instance.fileno())
    instance.poll()


def wait_in_poll(own):
    instance = select.poll()
    instance.register(own, select.POLLIN)
    say("asking")
    while not instance.poll(5000):
        own.send(b"question")
        say("asked again")


def ask(own, address, how):
    own.connect((address, 53))
    if how != "idle":
        own.send(b"question")
    if how == "poll":
        wait_in_poll(own)
    elif how == "epoll":
        wait_in_epoll(own)
    elif how == "recv":
        say("asking")
        own.recv(512)
    elif how == "moved-on":
        own.recv(512)
    say("done", fd=own.fileno())
    other, _ = socket.socketpair()
    other.recv(1)


def main():
    role, *rest = sys.argv[1:]
    (serve if role == "serve" else ask)(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), *rest)


main()
