#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""`make demo`: stages four stalls in namespaces of its own, shows sockstall on them, cleans up.

usage: demo.py SOCKSTALL
"""
import subprocess
import sys
import time

from child import Stall, end_all
from netns import delete_all
from zoo import Room

PORTS = {"dead": 8080, "full": 9090, "vanished": 5432, "loop": 6379}


def server(room, port, *steps, backlog=16):
    stall = Stall(room.here, "endpoint.py", f"listen={room.link.left4},{port},{backlog}", *steps)
    stall.said("listening")
    return stall


def dead_client(room):
    """The client's kernel never sees our SYN-ACKs: for us it died in mid-handshake."""
    server(room, PORTS["dead"])
    room.there.drop("input", f"tcp sport {PORTS['dead']}")
    Stall(room.there, "endpoint.py", f"connect={room.link.left4},{PORTS['dead']}").said("connecting")


def full_accept_queue(room):
    """An application that has stopped to call accept, with a backlog of 2."""
    server(room, PORTS["full"], backlog=2)
    address = f"{room.link.left4},{PORTS['full']}"
    Stall(room.there, "endpoint.py", *[f"connect_later={address}"] * 6).said("connecting")


def vanished_peer(room):
    """A database client in the middle of a query when the server's host vanishes."""
    link = room.new_link()
    peer = Stall(room.there, "endpoint.py", f"listen={link.right4},{PORTS['vanished']},16", "accept", "take=9")
    peer.said("listening")
    client = Stall(room.here, "endpoint.py", f"connect={link.right4},{PORTS['vanished']}", "send=9")
    client.said("sent")
    link.cut()
    client.tell("send=217")
    client.tell("block=recvfrom")


def stuck_loop(room):
    """An event loop whose handler asks another server and waits for the answer."""
    peer = Stall(room.there, "endpoint.py", f"listen={room.link.right4},{PORTS['loop']},16", "accept")
    peer.said("listening")
    loop = Stall(room.here, "loop.py")
    loop.said("turned")
    return loop


def stage(room):
    dead_client(room)
    full_accept_queue(room)
    vanished_peer(room)
    return stuck_loop(room)


def show(sockstall, *arguments):
    print(f"\n$ sockstall {' '.join(arguments)}", flush=True)
    subprocess.run([sockstall, *arguments], check=False)


def main():
    sockstall = sys.argv[1]
    room = Room()
    print(
        "a dead client in mid-handshake, a full accept queue, a reader whose peer vanished, an event loop "
        "stuck in a blocking read",
        flush=True,
    )
    try:
        loop = stage(room)
        loop.tell(f"recv={room.link.right4},{PORTS['loop']}")
        time.sleep(4)
        show(sockstall, "-1")
        for command in "handshakes", "readers", "epoll":
            show(sockstall, command, "-1")
        show(sockstall, "-d", "20s")
    finally:
        end_all()
        delete_all()


main()
