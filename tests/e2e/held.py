# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Clients whose connections an event loop holds, in several languages; and a server that falls silent when it is asked to."""

import os
import shutil
import subprocess

from child import PYTHON, STALLS, Child, Stall

# How each waits for its connections, and the calls in which it then sleeps.
KINDS = {
    "asyncio": {"epoll_wait", "epoll_pwait"},
    "node": {"epoll_wait", "epoll_pwait"},
    "poll": {"poll", "ppoll"},
    "select": {"select", "pselect6"},
    "edge": {"epoll_wait", "epoll_pwait"},
}
EPOLL = {"asyncio", "node", "edge"}


def missing(kind):
    """Why this machine cannot run this kind of client; None: it can."""
    if kind == "node" and not shutil.which("node"):
        return "no node on this machine"
    if kind in ("poll", "select", "edge") and not shutil.which("gcc"):
        return "no C compiler on this machine"
    return None


def compile_client(folder):
    """The client in C, for those kinds that are no scripts."""
    program = os.path.join(folder, "held_client")
    subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-o", program, os.path.join(STALLS, "held_client.c")], check=True)
    return program


class Client(Stall):
    """One process with many connections, by name."""

    def __init__(self, netns, kind, program):
        argv = {
            "asyncio": [PYTHON, "-u", os.path.join(STALLS, "held_client.py")],
            "node": ["node", os.path.join(STALLS, "held_client.js")],
        }.get(kind, [program, kind])
        self._said = 0
        self.kind = kind
        Child.__init__(self, netns.enter() + argv, stderr=None)
        netns.programs.append(self)
        self.said("ready", 30)
        self.connections = {}

    def connect(self, name, address, port):
        """The connection, once it is there: its descriptor and its port."""
        self.tell(f"connect {name} {address} {port}")
        self.connections[name] = self.said("connected")
        return self.connections[name]

    def send(self, name, text, count=1):
        """When it was sent."""
        self.tell(f"send {name} {text} {count}")
        return self.said("sending")["time"]

    def ask(self, name):
        """One question, and its answer."""
        self.send(name, "?")
        self.said("answer")


class Server(Stall):
    def __init__(self, netns, address, port, *how):
        super().__init__(netns, "held_server.py", f"{address},{port}", *how)
        self.address, self.port = address, port
        self.said("listening")

    def push(self):
        self.tell("push")
        self.said("pushed")
