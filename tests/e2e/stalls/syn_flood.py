#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
DEVICE DESTINATION PORT NETWORK COUNT [COUNT ...]: SYNs to a listener in a namespace of the test's own, over its cable
there, spoofed from the /24s of NETWORK (a /16 of that namespace's own), so many from each in turn. Says "sent" at the end.

The other end of the cable takes a thousand packets at once (net.core.netdev_max_backlog, which is the whole machine's) and
drops the rest. So what went out while it dropped some goes out again: who is in already is in no second time.
"""

import socket
import struct
import sys
import time

from say import say

PIECE = 480
TRIES = 200

device, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
destination = socket.inet_aton(address)
network = socket.inet_aton(sys.argv[4])[:2]
counts = list(map(int, sys.argv[5:]))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)


def words(data):
    return sum(struct.unpack(f"!{len(data) // 2}H", data))


def fold(total):
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


# All but source and ports, which are added for each packet.
TCP = struct.pack("!IIBBHHH", 1, 0, 5 << 4, 2, 64240, 0, 0)
FIXED = words(TCP) + words(destination) + socket.IPPROTO_TCP + 20 + port
IP = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, socket.IPPROTO_TCP, 0)


def packet(source, source_port):
    tcp = TCP[:12] + struct.pack("!HH", fold(FIXED + words(source) + source_port), 0)
    return IP + source + destination + struct.pack("!HH", source_port, port) + tcp


def dropped():
    with open(f"/sys/class/net/{device}/statistics/tx_dropped", encoding="ascii") as file:
        return int(file.read())


def send(packets):
    for _ in range(TRIES):
        before = dropped()
        for one in packets:
            raw.sendto(one, (address, 0))
        if dropped() == before:
            return
        time.sleep(0.001)
    sys.exit("syn_flood.py: the other end of the cable takes none of it")


for third, count in enumerate(counts):
    for first in range(0, count, PIECE):
        send(
            [
                packet(network + bytes([third, 10 + number % 240]), 1024 + number // 240 % 64000)
                for number in range(first, min(first + PIECE, count))
            ]
        )
say("sent", count=sum(counts))
sys.stdin.read()
