# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Asks the server to stop its loop, and waits for the answer."""

import socket
import sys

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.sendall(b"stop")
sock.recv(4096)
