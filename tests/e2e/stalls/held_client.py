#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A client with an event loop, of asyncio. On standard input, one command a line: "connect NAME ADDRESS PORT" (it does not wait for
the answer), "send NAME TEXT COUNT", "close NAME". It says what it did, and when an answer came. held_client.js and held_client.c do the same.
"""

import asyncio
import sys

from say import say

writers = {}


async def connect(name, address, port):
    reader, writer = await asyncio.open_connection(address, int(port))
    writers[name] = writer
    sock = writer.get_extra_info("socket")
    say("connected", name=name, fd=sock.fileno(), port=sock.getsockname()[1])
    while data := await reader.read(65536):
        say("answer", name=name, size=len(data))
    say("closed", name=name)


async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say("ready")
    tasks = []
    while line := await lines.readline():
        command, name, *words = line.decode().split()
        if command == "connect":
            tasks.append(asyncio.create_task(connect(name, *words)))
            say("connecting", name=name)
        elif command == "send":
            say("sending", name=name)
            writers[name].write(words[0].encode() * int(words[1]))
        elif command == "close":
            writers.pop(name).transport.abort()
            say("closed", name=name)


asyncio.run(main())
