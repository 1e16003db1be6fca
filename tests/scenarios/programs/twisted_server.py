# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A Twisted server. /sleep/SECONDS is the mistake: time.sleep() in a resource stops the whole reactor."""

import sys
import time

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site


class Page(Resource):
    isLeaf = True

    def render_GET(self, request):
        what, seconds = (request.path.decode().strip("/").split("/") + ["", "0"])[:2]
        if what == "sleep":
            time.sleep(float(seconds))
        if what == "wait":
            reactor.callLater(float(seconds), self._answer, request)
            return NOT_DONE_YET
        return b"ok\n"

    @staticmethod
    def _answer(request):
        request.write(b"ok\n")
        request.finish()


reactor.listenTCP(int(sys.argv[2]), Site(Page()), interface=sys.argv[1])
reactor.run()
