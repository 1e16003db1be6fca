#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
DESTINATION PORT NETWORK COUNT [COUNT ...]: SYNs to a listener in a namespace of the test's own, spoofed from the /24s of
NETWORK (a /16 of that namespace's own), so many from each in turn. Says "sent" at the end.
"""

import socket
import struct
import sys

from say import say

destination, port = socket.inet_aton(sys.argv[1]), int(sys.argv[2])
network = socket.inet_aton(sys.argv[3])[:2]
counts = list(map(int, sys.argv[4:]))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)


def words(data):
    return sum(struct.unpack(f"!{len(data) // 2}H", data))


def fold(total):
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


# All but source and ports, which are added for each packet.
TCP = struct.pack("!IIBBHHH", 1, 0, 5 << 4, 2, 64240, 0, 0)
FIXED = words(TCP) + words(destination) + socket.IPPROTO_TCP + 20 + port
IP = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, socket.IPPROTO_TCP, 0)


def packet(source, source_port):
    tcp = TCP[:12] + struct.pack("!HH", fold(FIXED + words(source) + source_port), 0)
    return IP + source + destination + struct.pack("!HH", source_port, port) + tcp


for third, count in enumerate(counts):
    for number in range(count):
        source = network + bytes([third, 10 + number % 240])
        try:
            raw.sendto(packet(source, 1024 + number // 240 % 64000), (sys.argv[1], 0))
        except OSError:  # the queue of the cable is full
            pass
say("sent", count=sum(counts))
sys.stdin.read()
