# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
pg8000, a PostgreSQL driver that blocks in reads: one statement, then idle; or with "again" one after the other. With "busy"
a hundred short ones come first.
"""

import socket
import sys
import time

import pg8000

address, port, statement = sys.argv[1], int(sys.argv[2]), sys.argv[3]
connection = pg8000.connect(user="postgres", host=address, port=port, database="postgres")
if "keepalive" in sys.argv[4:]:
    connection._usock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
print("connected", flush=True)
for _ in range(100 if "busy" in sys.argv[4:] else 0):
    connection.cursor().execute("select 1")
while True:
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.fetchall()
    print("answered", flush=True)
    if "again" not in sys.argv[4:]:
        break
    time.sleep(0.02)
sys.stdin.read()
