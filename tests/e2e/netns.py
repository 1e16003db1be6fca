# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Network namespaces of the tests' own, and cables between them."""

import atexit
import functools
import itertools
import os
import re
import subprocess

from child import FIRST_PID_NAMESPACE, OWN_NAME, PATIENCE, PID_NAMESPACE

NAMES = "/run/netns"

_numbers = itertools.count()
_existing = set()

# Workers that run side by side have addresses of their own: whose a connection is may be told by its addresses alone.
WORKER = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def command(*argv, **options):
    """Run a tool that must succeed; its standard output."""
    done = subprocess.run(
        [str(word) for word in argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=20 * PATIENCE,
        **options,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}: {done.stderr.strip()}")
    return done.stdout


@functools.cache
def _with_tables_of_their_own():
    """
    What to put before the command that makes a namespace. From Linux 6.1 on a namespace can have a table of connections of its own,
    if the one that it is made from says so: then a look does not go through the whole machine's for each of a hundred.
    """
    if not os.path.exists("/proc/sys/net/ipv4/tcp_child_ehash_entries"):
        return []
    parent = f"{OWN_NAME}-parent"
    command("ip", "netns", "add", parent)
    atexit.register(subprocess.run, ["ip", "netns", "del", parent], check=False)
    command("ip", "netns", "exec", parent, "sysctl", "-q", "-w", "net.ipv4.tcp_child_ehash_entries=1024")
    return ["nsenter", f"--net=/run/netns/{parent}"]


class Namespace:
    """One namespace with its loopback up. With shared=True its connections are in the machine's table, as Docker's are."""

    def __init__(self, suffix="", shared=False):
        self.name = f"{OWN_NAME}-{next(_numbers)}{suffix}"
        command(*([] if shared else _with_tables_of_their_own()), "ip", "netns", "add", self.name)
        _existing.add(self)
        self.programs = []
        self.inode = os.stat(f"/run/netns/{self.name}").st_ino
        self.ip("link", "set", "lo", "up")

    def enter(self):
        """What to put before a command so that it runs in here. It keeps its process id."""
        return ["ip", "netns", "exec", self.name]

    def ip(self, *words):
        return command("ip", "-n", self.name, *words)

    def run(self, *argv, **options):
        return command(*self.enter(), *argv, **options)

    def sysctl(self, key, value):
        self.run("sysctl", "-q", "-w", f"{key}={value}")

    def nft(self, rules):
        self.run("nft", "-f", "-", input=rules)

    def drop(self, hook, match):
        """Drop what matches on its way in ("input") or out ("output"). The name of the rule's table."""
        table = f"t{next(_numbers)}"
        self.nft(f"table inet {table} {{\nchain c {{\ntype filter hook {hook} priority 0\n" f"{match} drop\n}}\n}}\n")
        return table

    def only_one(self, hook, match):
        """Let one packet that matches pass, and drop the others."""
        return self.drop(hook, f"{match} limit rate over 1/day burst 1 packets")

    def drop_one(self, hook, match):
        """Drop one packet that matches, and let the others pass."""
        return self.drop(hook, f"{match} limit rate 1/day burst 1 packets")

    def undrop(self, table):
        self.nft(f"delete table inet {table}\n")

    def sockets(self, *expression):
        """Lines of `ss`, without a heading."""
        return self.run("ss", "-Htno", *expression).splitlines()

    def delete(self):
        """With the programs that run in it: they would keep it alive."""
        if self in _existing:
            _existing.discard(self)
            for program in self.programs:
                program.end()
            command("ip", "netns", "del", self.name)


class Link:
    """A cable between two namespaces; the left end has .1 and ::1, the right end .2 and ::2."""

    def __init__(self, left, right, number=9):
        self.left, self.right = left, right
        self.device = f"v{number}"
        self.net4, self.net6 = f"10.{number}.{WORKER}", f"fd{number:02}:{WORKER:x}"
        self.left4, self.right4 = f"{self.net4}.1", f"{self.net4}.2"
        self.left6, self.right6 = f"{self.net6}::1", f"{self.net6}::2"
        left.ip("link", "add", self.device, "type", "veth", "peer", "name", self.device, "netns", right.name)
        self._address(left, self.left4, self.left6)
        self._address(right, self.right4, self.right6)

    def _address(self, netns, four, six):
        netns.ip("addr", "add", f"{four}/24", "dev", self.device)
        # nodad: the address is usable at once.
        netns.ip("addr", "add", f"{six}/64", "dev", self.device, "nodad")
        netns.ip("link", "set", self.device, "up")

    def cut(self):
        """The right end's interface goes down, as if the machine there had vanished."""
        self.right.ip("link", "set", self.device, "down")


def delete_all():
    for netns in list(_existing):
        try:
            netns.delete()
        except (RuntimeError, subprocess.TimeoutExpired):
            pass


def _pid_namespaces():
    """Those that somebody is in, by how they are numbered in names."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found.add(os.stat(f"/proc/{pid}/ns/pid").st_ino - FIRST_PID_NAMESPACE)
        except OSError:
            pass
    return found


def _is_left(name):
    space, pid = re.match(r"sst-(?:p(\d+)x\w+|(\d+))-|", name).groups()
    if PID_NAMESPACE:  # where it cannot be told of others
        return False
    return int(space) not in _pid_namespaces() if space else pid and not os.path.exists(f"/proc/{pid}")


def delete_left():
    """What sessions left that were killed outright: whose a connection is cannot be told where addresses are there twice."""
    for name in filter(_is_left, os.listdir(NAMES) if os.path.isdir(NAMES) else ()):
        subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, check=False)  # or another does it


atexit.register(delete_all)
