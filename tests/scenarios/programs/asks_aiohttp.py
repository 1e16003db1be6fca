# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""asks_aiohttp.py URL PATH: asks URL now and then on one connection; after eight times, if there is a PATH, that."""

import asyncio
import sys

import aiohttp


async def main():
    url, path = (sys.argv[1:] + [None])[:2]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session:
        asked = 0
        while True:
            asked += 1
            last = path and asked > 8
            if last:
                asyncio.get_running_loop().call_soon(lambda: print("asked", flush=True))
            async with session.get(url + path[1:] if last else url) as answer:
                await answer.read()
            await asyncio.sleep(1.2)


asyncio.run(main())
