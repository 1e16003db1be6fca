# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Control groups of the tests' own, in the v2 hierarchy."""

import itertools
import os

_numbers = itertools.count()


def cgroup2():
    """Where the v2 hierarchy is mounted, or None."""
    with open("/proc/self/mounts") as mounts:
        for line in mounts:
            _, where, kind, *_ = line.split()
            if kind == "cgroup2":
                return where
    return None


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
