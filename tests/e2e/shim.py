# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""sockstall with tests/e2e/shim.c between it and libc."""

import os
import struct

import pytest

import run
from child import OWN_NAME, wait_until

SHIM = os.path.join(run.ROOT, "build", "shim.so")
WRITTEN = f"/tmp/{OWN_NAME}-written"  # by what must not be able to (SHIM_DO=write)


def needs_loader():
    """A program without shared libraries names no dynamic loader, and takes nothing in front of it."""
    with open(run.SOCKSTALL, "rb") as file:
        if b"/ld-linux" not in file.read(4096):
            pytest.skip("sockstall is static here")


def environment(**values):
    """For sockstall's environment."""
    needs_loader()
    if not os.path.exists(SHIM):
        pytest.skip("no build/shim.so")
    values = {"FILE": WRITTEN, **values}
    return {**os.environ, "LD_PRELOAD": SHIM, **{f"SHIM_{name}": str(value) for name, value in values.items()}}


class Clocks:
    """CLOCK_REALTIME and CLOCK_BOOTTIME as sockstall sees them: how far off, in seconds."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(struct.pack("qq", 0, 0))

    def set(self, realtime, boottime=0):
        with open(self.path, "r+b") as file:
            file.write(struct.pack("qq", int(realtime * 1e9), int(boottime * 1e9)))


class Hold:
    """The scans of sockstall's looks, which can be made to last."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(struct.pack("qq", 0, 0))

    def _set(self, on):
        with open(self.path, "r+b") as file:
            file.write(struct.pack("q", on))

    def count(self):
        return struct.unpack("qq", self.path.read_bytes())[1]

    def begin(self):
        """Returns in the middle of a look."""
        before = self.count()
        self._set(1)
        wait_until(lambda: self.count() > before, 15, "a look to be taken")

    def end(self):
        self._set(0)
