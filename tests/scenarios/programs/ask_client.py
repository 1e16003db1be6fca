# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""ask_client.py ADDRESS PORT COUNT REQUEST ENDING: asks one thing COUNT times on one connection, and says how long that took."""

import socket
import sys
import time

count = int(sys.argv[3])
request, ending = (word.encode().decode("unicode_escape").encode() for word in sys.argv[4:6])
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
began = time.monotonic()
answer = b""
for _ in range(count):
    answer = b""
    sock.sendall(request)
    while not answer.endswith(ending):
        more = sock.recv(65536)
        assert more, f"closed after {answer}"
        answer += more
print(count, time.monotonic() - began, answer[:60], flush=True)
