#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
asks_at_once.py ADDRESS,PORT: an event loop that asks again as soon as it has its answer. A line on standard input is what it asks from
then on, without a pause before it; "rest" has it ask nothing more once it has its answer.
"""

import asyncio
import sys

from say import say

question = "?"


async def ask(address, port):
    reader, writer = await asyncio.open_connection(address, port)
    say("connected", port=writer.get_extra_info("socket").getsockname()[1])
    while question != "rest":
        asked = question
        writer.write(asked.encode())
        if asked != "?":
            say("asked")
        if not await reader.read(100):
            return
    say("rests")
    await reader.read(100)


def take_line():
    global question
    question = sys.stdin.readline().strip()


async def main():
    address, port = sys.argv[1].split(",")
    asyncio.get_running_loop().add_reader(sys.stdin, take_line)
    await ask(address, int(port))


asyncio.run(main())
