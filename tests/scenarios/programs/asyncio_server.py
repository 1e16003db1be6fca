# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""An asyncio server. /sleep/SECONDS is the mistake: time.sleep() in a coroutine stops the whole loop."""

import asyncio
import sys
import time


async def serve(reader, writer):
    while head := await reader.readuntil(b"\r\n\r\n"):
        path = head.split()[1].decode()
        if path.startswith("/sleep/"):
            time.sleep(float(path[7:]))
        if path.startswith("/wait/"):
            await asyncio.sleep(float(path[6:]))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
        await writer.drain()


async def quietly(reader, writer):
    try:
        await serve(reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main():
    server = await asyncio.start_server(quietly, sys.argv[1], int(sys.argv[2]))
    await server.serve_forever()


asyncio.run(main())
