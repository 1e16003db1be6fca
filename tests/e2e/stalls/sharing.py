#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
sharing.py HOW ADDRESS PORT: listeners that nobody accepts on, held in every way there is.

    inherit     one listener, made before two children were forked
    reuseport   two listeners on one port (SO_REUSEPORT), one in a child; only the parent's is accepted on
    passed      made by a child, sent here over a unix socket; the child has ended
    activated   by pid 1, until a line comes on standard input; then by a service as well, to which it was passed on
    leaderless  a thread holds it and waits in accept's place; the first thread has exited
"""

import array
import ctypes
import os
import signal
import socket
import sys
import threading
import time

from machine import NUMBER
from say import say

libc = ctypes.CDLL(None, use_errno=True)
HOW, ADDRESS, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])


def listener():
    sock = socket.socket()
    if HOW == "reuseport":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((ADDRESS, PORT))
    sock.listen(16)
    return sock


def child(run):
    """A process that lives as long as this one."""
    pid = os.fork()
    if not pid:
        libc.prctl(1, signal.SIGKILL)
        run()
        os._exit(0)
    return pid


def rest():
    while True:
        time.sleep(60)


def inherit():
    sock = listener()
    children = [child(rest), child(rest)]
    say("listening", fd=sock.fileno(), children=children)
    rest()


def accept_for_ever(sock):
    held = []
    while True:
        held.append(sock.accept())


def reuseport():
    sock = listener()
    reading, writing = os.pipe()

    def listen_and_rest():
        other = listener()
        sock.close()
        os.write(writing, bytes([other.fileno()]))
        rest()

    pid = child(listen_and_rest)
    say("listening", fd=os.read(reading, 1)[0], child=pid)
    accept_for_ever(sock)


def passed():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def send():
        sock = listener()
        theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))])

    pid = child(send)
    _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(4))
    os.waitpid(pid, 0)
    fd = array.array("i", ancillary[0][2])[0]
    say("listening", fd=fd)
    rest()


def activated():
    sock = listener()
    say("listening", fd=sock.fileno(), pid=os.getpid())
    sys.stdin.readline()
    say("started", child=child(rest))
    rest()


def leaderless():
    sock = listener()

    def live_on():
        # The first thread is a zombie from when it has left; its name and its descriptors go with it.
        while open(f"/proc/self/task/{os.getpid()}/stat").read().rsplit(")", 1)[1].split()[0] != "Z":
            time.sleep(0.01)
        say("listening", fd=sock.fileno())
        rest()

    threading.Thread(target=live_on).start()
    libc.syscall(NUMBER["exit"], 0)  # exit of this thread alone; exit() would end the process


{"inherit": inherit, "reuseport": reuseport, "passed": passed, "activated": activated, "leaderless": leaderless}[HOW]()
