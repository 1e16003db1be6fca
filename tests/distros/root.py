# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A release of Debian in a folder: made once, kept outside the sources, entered with mounts of its own."""

import contextlib
import fcntl
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "kernels"))
from cache import folder, fresh  # noqa: E402
from fetch import KEYRING, FetchError, mirror, run  # noqa: E402

# Older ones are made anew: a release gets updates.
DAYS = 30
SOURCES = "sockstall"
# The folder becomes the root by pivot_root: in a mere chroot the kernel makes no user namespace (current_chrooted()), and
# what is mounted could not be found out. Mounts, and what is left in /run and /tmp, end with the command.
ENTER = """
mount --bind "$1" "$1"
cd "$1"
shift
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
pivot_root . mnt
umount -l /mnt
cd "$1"
exec /bin/sh -c "$2"
"""


def _place(suite):
    return os.path.join(folder("distros"), suite)


@contextlib.contextmanager
def held(suite):
    """Of several runs at once one uses the folder, and the others wait for it."""
    with open(_place(suite) + ".lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_known(suite):
    return os.path.exists(f"/usr/share/debootstrap/scripts/{suite}")


def _make(suite):
    partial = _place(suite) + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    # make is what the README asks for; with ca-certificates apt may use a mirror by https.
    run(
        [
            "debootstrap",
            "--variant=minbase",
            "--include=make,ca-certificates",
            f"--keyring={KEYRING}",
            suite,
            partial,
            mirror(suite),
        ]
    )
    shutil.rmtree(_place(suite), ignore_errors=True)
    os.rename(partial, _place(suite))
    fresh(_place(suite) + ".made", touch=True)


def made(suite):
    """Its folder. One that is too old does as well where the mirror is not there."""
    place = _place(suite)
    if os.path.isdir(place) and fresh(place + ".made", DAYS):
        return place
    print(f"{suite}: debootstrap …", flush=True)
    try:
        _make(suite)
    except (FetchError, OSError) as error:
        if not os.path.isdir(place):
            raise FetchError(error) from None
        print(f"{suite}: cannot be made anew: {error}")
    return place


def refresh(where, sources):
    """The sources as they are now, and how this machine finds the mirror."""
    for name in "resolv.conf", "hosts":
        if os.path.exists(f"/etc/{name}"):
            shutil.copy(f"/etc/{name}", os.path.join(where, "etc", name), follow_symlinks=True)
    there = os.path.join(where, SOURCES)
    shutil.rmtree(there, ignore_errors=True)
    os.mkdir(there)
    run(["tar", "-xf", sources, "-C", there, "--strip-components=1"])


class Inside:
    """Runs commands in there, in the folder of the sources."""

    def __init__(self, where, log):
        self.where, self.log = where, log

    def run(self, command, timeout=900):
        """Whether it succeeded, and its output."""
        return self.log.run(
            [
                "unshare",
                "--mount",
                "--fork",
                "--kill-child",
                "--propagation",
                "private",
                "sh",
                "-ec",
                ENTER,
                "sh",
                self.where,
                "/" + SOURCES,
                command,
            ],
            timeout,
        )

    def path(self, name):
        """A file of the sources, as this machine sees it."""
        return os.path.join(self.where, SOURCES, name)


def install(where, log, suite, packages):
    """As `make run` does. Nothing is asked of the network when none is missing."""
    done, said = Inside(where, log).run(f"make packages PACKAGES='{packages}'", timeout=1800)
    if not done:
        raise FetchError(f"{suite}: " + (said.strip().splitlines() or ["make packages failed"])[-1])
