# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
asks_requests.py HOST PORT [PATH [TIMES]]: a blocking client that asks / now and then on one connection; after so many times (8), if
there is a PATH, that.
"""

import http.client
import sys
import time

host, port, path, times = (sys.argv[1:] + [None, 8][len(sys.argv) - 3 :])[:4]
connection, asked = http.client.HTTPConnection(host, int(port)), 0
while True:
    asked += 1
    last = path and asked > int(times)
    connection.request("GET", path if last else "/")
    if last:
        print("asked", flush=True)
    connection.getresponse().read()
    time.sleep(1.2)
