# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
counting_loop.py asyncio|poll ADDRESS PORT: a server whose loop counts its own waits and the events that they returned. A line
"sleep SECONDS" makes the loop sleep, any other is only answered: with both counts.
"""

import asyncio
import selectors
import socket
import sys
import time

kind, address = sys.argv[1], (sys.argv[2], int(sys.argv[3]))
waits = events = 0


def counting(base):
    class Counting(base):
        def select(self, timeout=None):
            global waits, events
            found = super().select(timeout)
            waits += 1
            events += len(found)
            return found

    return Counting()


def answer(line):
    if line.startswith(b"sleep"):
        time.sleep(float(line.split()[1]))
    return b"%d %d ok\n" % (waits, events)


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(answer(line))
    writer.close()


async def run_asyncio():
    server = await asyncio.start_server(serve, *address)
    await server.serve_forever()


def run_poll(selector):
    server = socket.create_server(address)
    selector.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is server:
                selector.register(server.accept()[0], selectors.EVENT_READ)
            elif line := key.fileobj.recv(4096):
                key.fileobj.sendall(answer(line))
            else:
                selector.unregister(key.fileobj)
                key.fileobj.close()


if kind == "asyncio":
    loop = asyncio.SelectorEventLoop(counting(selectors.EpollSelector))
    asyncio.set_event_loop(loop)
    loop.run_until_complete(run_asyncio())
else:
    run_poll(counting(selectors.PollSelector))
