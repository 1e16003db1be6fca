# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A gevent server, without monkey patches. /sleep/SECONDS is the mistake: time.sleep() in a greenlet stops all of them."""

import sys
import time

import gevent
from gevent.pywsgi import WSGIServer


def serve(environ, start_response):
    what, seconds = (environ["PATH_INFO"].strip("/").split("/") + ["", "0"])[:2]
    if what == "sleep":
        time.sleep(float(seconds))
    if what == "wait":
        gevent.sleep(float(seconds))
    start_response("200 OK", [("Content-Length", "3")])
    return [b"ok\n"]


WSGIServer((sys.argv[1], int(sys.argv[2])), serve, log=None).serve_forever()
