# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Keep-alive connections with one answered request each, then idle. With "half" each begins a request and leaves
it so, with "nothing" not even that. On standard input "ask N" and then "go" sends one more request on the N-th
connection without waiting for the answer; "busy N" keeps asking on the first N.
"""

import socket
import sys
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


def take_answer(sock):
    answer = b""
    while not answer.endswith(b"ok\n"):
        data = sock.recv(4096)
        assert data, answer
        answer += data


def connect(address, how):
    sock = socket.create_connection(address)
    if how == "half":
        sock.sendall(REQUEST[:20])
    elif how != "nothing":
        sock.sendall(REQUEST)
        take_answer(sock)
    return sock


def busy(socks):
    while True:
        for sock in socks:
            sock.sendall(REQUEST)
            take_answer(sock)
            time.sleep(0.001)


address, count = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
held = [connect(address, "".join(sys.argv[4:])) for _ in range(count)]
print("connected", flush=True)
for line in sys.stdin:
    what, number = line.split()
    if what == "busy":
        busy(held[: int(number)])
    chosen = held[int(number)]
    print("asks", chosen.getsockname()[1], flush=True)
    sys.stdin.readline()  # go
    chosen.sendall(REQUEST)
    print("asked", flush=True)
