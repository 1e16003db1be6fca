# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Sets and gets, on some connections, one after the other; it blocks in reads."""

import socket
import sys
import time

address, count = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
held = [socket.create_connection(address) for _ in range(count)]


def ask(sock, request, ending):
    sock.sendall(request)
    answer = b""
    while not answer.endswith(ending):
        answer += sock.recv(4096)


while True:
    for sock in held:
        ask(sock, b"set key 0 60 5\r\nvalue\r\n", b"STORED\r\n")
        ask(sock, b"get key\r\n", b"END\r\n")
        time.sleep(0.001)
