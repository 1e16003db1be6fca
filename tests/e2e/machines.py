# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Machines for tests: each a network namespace and a PID namespace, so that a sockstall on one sees nothing of another."""

import pathlib

import run
from child import PATIENCE, Child
from netns import Link, Namespace


class Machine(Namespace):
    """What is started in it has a process id of its own there, and ends with it."""

    def __init__(self, name):
        super().__init__()
        self.host = name
        # Nor does it see by their names the namespaces of the others.
        inside = ["sh", "-c", "mount -t tmpfs none /run/netns && echo up; exec cat"]
        self._first = Child([*super().enter(), "unshare", "-p", "--fork", "--kill-child", "--mount-proc", *inside])
        self._first.wait_line(lambda line: line, 10, what="the machine")
        unshare = self._first.pid
        self._init = pathlib.Path(f"/proc/{unshare}/task/{unshare}/children").read_text(encoding="ascii").split()[0]

    def enter(self):
        return ["nsenter", "-t", self._init, "-p", "-m", "-n", f"--wdns={run.ROOT}"]

    def stop(self, pid):
        """A process of it, by the id that it has there."""
        self.run("kill", "-STOP", str(pid))

    def sockstall(self, *arguments):
        """One that runs: a Child."""
        return Child([*self.enter(), run.SOCKSTALL, *map(str, arguments), "--host", self.host])

    def delete(self):
        self._first.end()
        super().delete()


def at_once(machines, *arguments, folder):
    """Records all of them at one time. HOST.rec and HOST.jsonl of each; the recordings."""
    running = []
    for machine in machines:
        machine.recording = folder / f"{machine.host}.rec"
        running.append(machine.sockstall(*arguments, "-j", "--record", machine.recording))
    for machine, one in zip(machines, running):
        assert one.process.wait(60 * PATIENCE) == 0, one.errors
        one.join()
        (folder / f"{machine.host}.jsonl").write_bytes(b"".join(one.lines))
    return [machine.recording for machine in machines]


class Gate:
    """A router between two machines: whoever on the left asks its left address at this port gets the right machine's."""

    def __init__(self, left, right, numbers, port):
        self.netns = Namespace()
        self.near, self.far = Link(left, self.netns, numbers[0]), Link(self.netns, right, numbers[1])
        self.netns.sysctl("net.ipv4.ip_forward", 1)
        self.netns.nft(
            "table ip nat {\n"
            "chain to {\ntype nat hook prerouting priority -100\n"
            f"ip daddr {self.near.right4} tcp dport {port} dnat to {self.far.right4}\n}}\n"
            "chain from {\ntype nat hook postrouting priority 100\n"
            f'oifname "{self.far.device}" masquerade\n}}\n'
            "}\n"
        )
        self.address = self.near.right4

    def delete(self):
        self.netns.delete()
