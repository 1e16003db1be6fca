# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Control groups of the tests' own."""

import itertools
import os

_numbers = itertools.count()


def _mounted(kind, option):
    with open("/proc/self/mounts") as mounts:
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
        self.path = path or f"/sst-{os.getpid()}-{next(_numbers)}"
        self.folder = mount + self.path
        self.inner = []
        os.mkdir(self.folder)

    def below(self, name):
        self.inner.append(Cgroup(self.mount, f"{self.path}/{name}"))
        return self.inner[-1]

    def add(self, pid):
        _move(pid, self.folder)

    def delete(self):
        """Those that are in it go back to the root group."""
        for group in self.inner:
            group.delete()
        with open(f"{self.folder}/cgroup.procs") as file:
            for pid in file.read().split():
                _move(pid, self.mount)
        os.rmdir(self.folder)


def _move(pid, folder):
    with open(f"{folder}/cgroup.procs", "w") as file:
        file.write(str(pid))
