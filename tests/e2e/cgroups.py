# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Control groups of the tests' own."""

import itertools
import os

from child import OWN_NAME, wait_until

_numbers = itertools.count()


def _mounted(kind, option):
    with open("/proc/self/mounts", errors="surrogateescape") as mounts:  # names are bytes
        for line in mounts:
            _, where, mounted, options, *_ = line.split()
            if mounted == kind and option in (None, *options.split(",")):
                return where
    return None


def cgroup2():
    """Where the v2 hierarchy is mounted, or None."""
    return _mounted("cgroup2", None)


def cgroup1():
    """Where a hierarchy of v1 is, or None: one whose controller leaves a new group's members alone."""
    return _mounted("cgroup", "freezer") or _mounted("cgroup", "pids")


class Cgroup:
    """One group; `path` is as /proc/PID/cgroup shows it, `folder` where it is in the file system."""

    def __init__(self, mount, path=None):
        self.mount = mount
        self.path = path or f"/{OWN_NAME}-{next(_numbers)}"
        self.folder = mount + self.path
        self.inner = []
        os.mkdir(self.folder)

    def below(self, name):
        self.inner.append(Cgroup(self.mount, f"{self.path}/{name}"))
        return self.inner[-1]

    def add(self, pid):
        _move(pid, self.folder)

    def freeze(self):
        """As a container is paused."""
        self._freeze("cgroup.freeze", 1, "cgroup.events", "frozen 1")

    def thaw(self):
        self._freeze("cgroup.freeze", 0, "cgroup.events", "frozen 0")

    def _freeze(self, name, wanted, told_by, told):
        self._write(name, wanted)
        wait_until(lambda: told in self._read(told_by), 10, "the freezer")

    def _write(self, name, value):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(str(value))

    def _read(self, name):
        with open(f"{self.folder}/{name}") as file:
            return file.read()

    def delete(self):
        """Those that are in it go back to the root group."""
        for group in self.inner:
            group.delete()
        with open(f"{self.folder}/cgroup.procs") as file:
            for pid in file.read().split():
                _move(pid, self.mount)
        os.rmdir(self.folder)


class Freezer1(Cgroup):
    """A group of the freezer of v1."""

    def freeze(self):
        self._freeze("freezer.state", "FROZEN", "freezer.state", "FROZEN")

    def thaw(self):
        self._freeze("freezer.state", "THAWED", "freezer.state", "THAWED")


def freezer1():
    """Where the freezer of v1 is, or None."""
    return _mounted("cgroup", "freezer")


class Quota(Cgroup):
    """A group of the CPU controller, of v1 or v2."""

    def limit(self, quota_us, period_us=100000):
        if os.path.exists(f"{self.folder}/cpu.max"):
            self._write("cpu.max", f"{quota_us} {period_us}")
        else:
            self._write("cpu.cfs_period_us", period_us)
            self._write("cpu.cfs_quota_us", quota_us)


def _with_cpu(mount):
    """The v2 hierarchy, if it has the controller and its groups have it, too."""
    try:
        with open(f"{mount}/cgroup.subtree_control", "w") as file:
            file.write("+cpu")
    except OSError:
        return None
    return mount


def quota():
    """Where groups have CPU quotas, or None."""
    first, second = _mounted("cgroup", "cpu"), cgroup2()
    if first and os.path.exists(first):
        return first
    return second and _with_cpu(second)


def _move(pid, folder):
    with open(f"{folder}/cgroup.procs", "w") as file:
        file.write(str(pid))
