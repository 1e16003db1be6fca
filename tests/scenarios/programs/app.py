# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A WSGI application. /ask asks the service at BACKEND ("address port"), and waits for its answer."""

import os
import socket


def application(environ, start_response):
    if environ["PATH_INFO"] == "/ask":
        address, port = os.environ["BACKEND"].split()
        with socket.create_connection((address, int(port))) as backend:
            backend.sendall(b"please\n")
            backend.recv(100)
    start_response("200 OK", [("Content-Length", "3")])
    return [b"ok\n"]
