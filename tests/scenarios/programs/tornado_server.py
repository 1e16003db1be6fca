# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A tornado server. /sleep/SECONDS is the mistake: time.sleep() in a handler stops the whole loop."""

import asyncio
import sys
import time

import tornado.web


class Handler(tornado.web.RequestHandler):
    async def get(self, what="", seconds="0"):
        if what == "sleep":
            time.sleep(float(seconds))
        if what == "wait":
            await asyncio.sleep(float(seconds))
        self.write("ok\n")


async def main():
    application = tornado.web.Application([(r"/(\w*)/?([\d.]*)", Handler)])
    application.listen(int(sys.argv[2]), sys.argv[1])
    await asyncio.Event().wait()


asyncio.run(main())
