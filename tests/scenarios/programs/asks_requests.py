# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""asks_requests.py HOST PORT PATH: a blocking client that asks / now and then on one connection; after eight times, if there is a PATH, that."""

import http.client
import sys
import time

host, port, path = (sys.argv[1:] + [None])[:3]
connection, asked = http.client.HTTPConnection(host, int(port)), 0
while True:
    asked += 1
    last = path and asked > 8
    connection.request("GET", path if last else "/")
    if last:
        print("asked", flush=True)
    connection.getresponse().read()
    time.sleep(1.2)
