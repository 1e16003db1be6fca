# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Three hosts, each a network namespace with a sockstall of its own: clients on web ask app, and app asks db."""

import concurrent.futures
import signal

import run
from child import Stall, stop_process
from netns import Link, Namespace

FRONT, BACK = 6101, 6102
CLIENTS = 3


class Hosts:
    """db's process is stopped; `twin` of app answers."""

    def __init__(self):
        self.web, self.app, self.db = Namespace(), Namespace(), Namespace()
        self.names = {"web": self.web, "app": self.app, "db": self.db}
        self.near, self.far = Link(self.web, self.app, 41), Link(self.app, self.db, 42)
        self.back = self._serve(self.db, self.far.right4, BACK)
        self.front = self._serve(self.app, self.near.right4, FRONT, f"{self.far.right4},{BACK}")
        self.twin = self._serve(self.app, self.near.right4, FRONT + 10)
        stop_process(self.back.pid)
        self.clients = [self._ask(FRONT) for _ in range(CLIENTS)]
        for _ in range(CLIENTS):
            self._ask(FRONT + 10)

    def _serve(self, netns, address, port, *behind):
        server = Stall(netns, "relay.py", "threads", f"{address},{port}", *behind)
        server.said("listening")
        return server

    def _ask(self, port):
        client = Stall(self.web, "endpoint.py", f"connect={self.near.right4},{port}", "say=quick", "block=recvfrom")
        client.said("blocking")
        return client

    def record(self, folder):
        """NAME.jsonl of each of them, of the same time: a stream, and a look at all there is. The files, by host."""

        def one(name):
            path = folder / f"{name}.jsonl"
            options = ["-j", "--host", name, "-m", "500ms", "--netns", self.names[name].inode]
            parts = [run.sockstall(*options, "-i", "500ms", "-d", "3s"), run.sockstall(*options, "-1", "--all")]
            assert not any(part.returncode for part in parts), parts
            path.write_bytes(b"".join(part.stdout for part in parts))
            return path

        with concurrent.futures.ThreadPoolExecutor() as pool:
            return dict(zip(self.names, pool.map(one, self.names)))

    def close(self):
        self.back.end(signal.SIGKILL)
        for netns in self.names.values():
            netns.delete()
