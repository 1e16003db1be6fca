#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Says the moment of each TCP segment with SYN or RST set that passes DEVICE, in either direction (IPv4)."""

import socket
import struct
import sys

from say import say

sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
sock.bind((sys.argv[1], 3))
say("sniffing")
while True:
    packet = sock.recv(200)
    if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        continue
    tcp = packet[(packet[0] & 15) * 4 :]
    source, destination = struct.unpack("!HH", tcp[:4])
    if tcp[13] & 2:
        say("syn", acked=bool(tcp[13] & 16), source=source, destination=destination)
    if tcp[13] & 4:
        say("rst", source=source, destination=destination)
