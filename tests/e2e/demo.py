#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""`make demo`: stages an outage in namespaces of its own, shows sockstall on it, cleans up.

usage: demo.py SOCKSTALL

A shop: 200 clients, a proxy, two services, one database. A vacuum takes a lock in the database and goes to sleep. All five
workers of the service `orders` wait for it, and its other requests lie in the accept queue; the service `users` goes on. A backup
whose peer has vanished has nothing to do with it.
"""
import subprocess
import sys
import time

from child import Stall, end_all
from netns import delete_all
from zoo import Room

DATABASE, ORDERS, USERS, PROXY, BACKUP = 5432, 8001, 8002, 8080, 873
WORKERS = 5
WAITS_S = 5


def part(netns, *words):
    stall = Stall(netns, "shop.py", *words)
    stall.said("listening")
    return stall


def clients(netns, count, letter, address):
    stall = Stall(netns, "shop.py", "clients", count, letter, address)
    stall.said("asking")
    return stall


def vanished_peer(room):
    """A backup in the middle of a file when the host that takes it vanishes."""
    link = room.new_link()
    peer = Stall(room.there, "endpoint.py", "linger", f"listen={link.right4},{BACKUP},16", "accept", "take=9")
    peer.said("listening")
    name = f"comm={b'backup'.hex()}"
    client = Stall(room.here, "endpoint.py", name, f"connect={link.right4},{BACKUP}", "send=9")
    client.said("sent")
    link.cut()
    peer.end()
    client.tell("send=217")
    client.tell("block=recvfrom")
    return client


class Shop:
    def __init__(self, room):
        here, there, address = room.here, room.there, room.link.left4
        self.database = part(here, "database", f"{address},{DATABASE}")
        behind = f"{address},{DATABASE}"
        self.orders = part(here, "service", "orders", WORKERS, f"{address},{ORDERS}", behind)
        self.users = part(here, "service", "users", WORKERS, f"{address},{USERS}", behind)
        services = f"o={address},{ORDERS}", f"u={address},{USERS}"
        self.proxy = part(here, "proxy", f"{address},{PROXY}", *services)
        front = f"{address},{PROXY}"
        self.checkouts = [clients(there, count, "o", front) for count in (38, 37, 37, 38)]
        self.browsers = clients(there, 50, "u", front)
        self.backup = vanished_peer(room)

    def break_it(self):
        """Returns the thread that has the lock."""
        self.database.tell("hold")
        return self.database.said("held")["tid"]


def show(sockstall, *arguments):
    print(f"\n$ sockstall {' '.join(arguments)}", flush=True)
    subprocess.run([sockstall, *arguments], check=False)


def main():
    sockstall = sys.argv[1]
    print(__doc__.partition("SOCKSTALL\n\n")[2], flush=True)
    try:
        shop = Shop(Room())
        time.sleep(1)
        shop.break_it()
        time.sleep(WAITS_S)
        show(sockstall, "-1")
        for command in "services", "readers", "locks":
            show(sockstall, command, "-1")
        show(sockstall, "-d", "20s")
    finally:
        end_all()
        delete_all()


if __name__ == "__main__":
    main()
