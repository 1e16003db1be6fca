# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Clients whose connections an event loop holds, in several languages; and a server that falls silent when it is asked to."""

import contextlib
import os
import shutil
import subprocess

import pytest

from child import PYTHON, SLOW, STALLS, Child, Stall
from late import late
from zoo import moment

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


def skip_missing(kind):
    if missing(kind):
        pytest.skip(missing(kind))


def check_since(record, truth, fills_s=0):
    """fills_s: a window closes when it is full, which takes a while on a busy machine."""
    slack = 0.3 * SLOW + late(truth)
    assert -slack < moment(record["since"]) - truth < slack + fills_s, (truth, record)


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

    def end_of(self, name):
        """What a record of this connection has."""
        return {"pid": self.pid, "local_port": self.connections[name]["port"]}

    def send(self, name, text, count=1):
        """When it was sent."""
        self.tell(f"send {name} {text} {count}")
        return self.said("sending")["time"]

    def ask(self, name):
        """One question, and its answer."""
        self.send(name, "?")
        self.said("answer")


def clients(netns, program):
    """A client of each kind that this machine can run."""
    return {kind: Client(netns, kind, program) for kind in KINDS if not missing(kind)}


class Server(Stall):
    def __init__(self, netns, address, port, *how):
        super().__init__(netns, "held_server.py", f"{address},{port}", *how)
        self.address, self.port = address, port
        self.said("listening")

    def push(self):
        self.tell("push")
        self.said("pushed")


@contextlib.contextmanager
def cut_off(room, port, then):
    """A Python program whose 300 bytes do not get through to a server. It goes on with `then`, which has the socket `s`.
    The program, and the rule that drops its packets."""
    server = Server(room.there, room.link.right4, port)
    script = (
        "import select,socket,sys,time\n"
        f"s=socket.create_connection(('{server.address}',{port}))\n"
        "print(s.getsockname()[1],flush=True)\n"
        "sys.stdin.readline(); s.send(b'x'*300); print('sent',flush=True)\n"
        f"{then}\n"
    )
    child = Child(room.here.enter() + [PYTHON, "-uc", script])
    try:
        own_port = int(child.wait_line(lambda line: line, 10))
        table = room.there.drop("input", f"tcp sport {own_port}")
        child.tell("")
        child.wait_line(lambda line: line == b"sent\n", 10)
        yield child, table
    finally:
        child.end()
        server.end()
