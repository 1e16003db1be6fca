# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The kernels of the table: which there are, and what each boots from."""

import dataclasses
import glob
import os

import fetch
from cache import folder


@dataclasses.dataclass(frozen=True)
class Series:
    name: str  # in the table, and for K=
    suite: str  # of Debian
    pattern: str  # what apt calls the package; the newest that matches is taken
    arch: str = "amd64"
    append: str = ""  # to the kernel's command line
    tests: tuple = ()  # in place of the core's
    kernel: str = ""  # whose folder it shares; its own


ALL = {
    one.name: one
    for one in (
        Series("5.10", "bullseye", r"linux-image-5\.10\.[\d.-]+-cloud-amd64"),
        Series("6.1", "bookworm-security", r"linux-image-6\.1\.[\d.-]+-cloud-amd64"),
        Series("6.12", "bookworm-security", r"linux-image-6\.12\.[\d.]+\+deb12-cloud-amd64"),
        Series("7", "sid", r"linux-image-7\.[\d.]+\+deb\d+-cloud-amd64"),
        Series("arm64", "bookworm-security", r"linux-image-6\.12\.[\d.]+\+deb12-cloud-arm64", "arm64"),
        Series(
            "lockdown",
            "bookworm-security",
            r"linux-image-6\.12\.[\d.]+\+deb12-cloud-amd64",
            append="lockdown=confidentiality",
            tests=("test_degraded.py::test_lockdown",),
            kernel="6.12",
        ),
    )
}


class Unknown(Exception):
    """No such series: one line for the user."""


def find(words):
    """`5.10, 7.2` as a list of series; nothing is all. 7.2 and 7.3 are both the newest 7 that there is."""
    found = []
    for word in words.replace(",", " ").split():
        one = ALL.get(word) or ALL.get(word.partition(".")[0])
        if not one:
            raise Unknown(f"no such series {word}: there are {' '.join(ALL)}")
        found.append(one)
    return found or list(ALL.values())


class Kernel:
    """A kernel, unpacked: fetched once, and looked for anew after a month."""

    def __init__(self, series):
        self.arch = series.arch
        home = os.path.join(folder("kernels"), series.kernel or series.name)
        self.home = fetch.whole(home, 30, lambda where: _fetch(series, where))

    @property
    def modules(self):
        """The folder named after the release."""
        return (
            glob.glob(os.path.join(self.home, "usr/lib/modules/*"))
            + glob.glob(os.path.join(self.home, "lib/modules/*"))
        )[0]

    @property
    def image(self):
        found = glob.glob(os.path.join(self.home, "boot/vmlinuz-*"))
        return found[0] if found else os.path.join(self.modules, "vmlinuz")


def _fetch(series, where):
    suite = fetch.Suite(series.suite, series.arch)
    suite.unpack(suite.parts(suite.newest(series.pattern)), where)
