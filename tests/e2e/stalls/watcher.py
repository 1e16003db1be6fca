#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
watcher.py ADDRESS,PORT MODE [OPTION...]: accepts one connection, watches it with epoll and waits. Modes:

    partial     edge-triggered, but reads two bytes an event only: it loses wake-ups
    drain       edge-triggered, reads until there is no more
    level       level-triggered, reads two bytes an event
    oneshot     edge-triggered and one-shot: reads two bytes, and does not arm it again
    low         edge-triggered, with SO_RCVLOWAT 100: fewer bytes are no event
    worker      edge-triggered, hands the connection to a thread that takes 4 s before it reads
    full        edge-triggered, does not read while it cannot send

Options: keepalive, timer (a timerfd among what is watched), timeout=SECONDS of the wait.
"""

import os
import ctypes
import select
import socket
import sys
import threading
import time

from say import say

EDGE = select.EPOLLIN | select.EPOLLET
MASKS = {"level": select.EPOLLIN, "oneshot": EDGE | select.EPOLLONESHOT, "full": EDGE | select.EPOLLOUT}
CLOCK_MONOTONIC = 1


def read_all(connection):
    try:
        while connection.recv(4096):
            pass
    except BlockingIOError:
        pass


def work(connection):
    time.sleep(4)
    read_all(connection)
    say("worked")
    time.sleep(600)


def fill(connection):
    try:
        while True:
            connection.send(bytes(65536))
    except BlockingIOError:
        say("full")


def turn(mode, connection, workers):
    if mode == "drain":
        read_all(connection)
    elif mode == "worker":
        if not workers:
            workers.append(threading.Thread(target=work, args=(connection,), daemon=True))
            workers[0].start()
    elif mode == "full":
        fill(connection)
    else:
        connection.recv(2)


def main():
    address, port = sys.argv[1].split(",")
    mode, options = sys.argv[2], sys.argv[3:]
    listener = socket.create_server((address, int(port)))
    say("listening")
    connection, _ = listener.accept()
    connection.setblocking(False)
    if mode == "low":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 100)
    if "keepalive" in options:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    epoll = select.epoll()
    epoll.register(connection, MASKS.get(mode, EDGE))
    if "timer" in options:
        epoll.register(ctypes.CDLL(None).timerfd_create(CLOCK_MONOTONIC, os.O_NONBLOCK), select.EPOLLIN)
    timeout = next((float(option[8:]) for option in options if option.startswith("timeout=")), None)
    say("watching", epoll=epoll.fileno(), fd=connection.fileno())
    workers = []
    while True:
        if epoll.poll(timeout):
            turn(mode, connection, workers)


main()
