#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""ADDRESS PORT COUNT: connections to itself whose accepted ends it never closes, after their peers have."""

import resource
import socket
import sys
import time

from say import say


def main():
    address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = socket.create_server((address, port), backlog=count)
    kept = []
    for _ in range(count):
        client = socket.create_connection((address, port))
        kept.append(listener.accept()[0])
        client.close()
    say("leaking")
    time.sleep(1000000)


main()
