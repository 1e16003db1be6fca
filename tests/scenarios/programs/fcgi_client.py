# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""fcgi_client.py ADDRESS PORT SCRIPT: asks a FastCGI server for a script, again and again, each time on a connection of its own."""

import socket
import struct
import sys
import time

address, port, script = sys.argv[1], int(sys.argv[2]), sys.argv[3]
BEGIN, PARAMETERS, INPUT = 1, 4, 5


def record(kind, body):
    return struct.pack(">BBHHBB", 1, kind, 1, len(body), 0, 0) + body


def parameter(name, value):
    return bytes([len(name), len(value)]) + name.encode() + value.encode()


request = record(BEGIN, b"\0\1\0\0\0\0\0\0")
request += record(PARAMETERS, parameter("SCRIPT_FILENAME", script) + parameter("REQUEST_METHOD", "GET"))
request += record(PARAMETERS, b"") + record(INPUT, b"")
while True:
    with socket.create_connection((address, port)) as connection:
        connection.sendall(request)
        while connection.recv(1000):
            pass
    print("answered", flush=True)
    time.sleep(0.02)
