# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Node: one event loop, and two common ways to stop it."""

import os
import time

from loops import ask, awaits, not_accepted, stalled, warm_up
from needs import where
from scenario import Healthy, Scenario
from stage import PROGRAMS, children

PORT = 8080


def start_node(stage):
    node = stage.start(stage.server, where("node"), os.path.join(PROGRAMS, "server.js"), stage.server_addr, PORT)
    stage.listening(stage.server, PORT)
    return node, f"http://{stage.server_addr}:{PORT}/"


class NodeHealthy(Healthy):
    name = "node"
    needs = ("node", "wrk")

    def prepare(self, stage):
        _, self.url = start_node(stage)

    def load(self, stage):
        stage.start(stage.client, "wrk", "-t1", "-c8", "-d60s", self.url)


class NodeBusy(Scenario):
    """A loop that computes for long."""

    name = "node-busy"
    needs = ("node", "wrk")
    twin = NodeHealthy

    def prepare(self, stage):
        self.node, self.url = start_node(stage)

    def stall(self, stage):
        warm_up(stage, self.url)
        client, since = ask(stage, self.url + "busy/60")
        return [stalled(stage, self.node, "running", None, since), awaits(stage, client, since)]


class NodeExecSync(Scenario):
    """
    execSync: libuv turns a loop of its own, with an epoll instance of its own, until the child has ended. The
    server's loop stands still meanwhile, although its thread sleeps in epoll_wait. The next client's connection
    lies ready in the instance that it does not wait for.
    """

    name = "node-execsync"
    needs = ("node", "wrk")
    twin = NodeHealthy

    def prepare(self, stage):
        self.node, self.url = start_node(stage)

    def stall(self, stage):
        warm_up(stage, self.url)
        client, since = ask(stage, self.url + "exec/60")
        time.sleep(0.5)
        assert children(self.node.pid), "execSync has started its child"
        other, later = ask(stage, self.url)
        return [
            stalled(stage, self.node, "blocked", "a nested event loop or wait4", since),
            awaits(stage, client, since),
            awaits(stage, other, later),
            *not_accepted(stage, self.node, PORT),
        ]


SCENARIOS = [NodeBusy, NodeExecSync]
