# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Debian's packages, unpacked. apt works on a configuration and lists of its own: the machine's stay as they are."""

import os
import re
import shutil
import subprocess

from cache import folder, fresh

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class FetchError(Exception):
    """One line for the user."""


def run(argv, **options):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode:
        raise FetchError(f"{argv[0]}: {(done.stderr.strip() or done.stdout.strip() or 'failed').splitlines()[-1]}")
    return done.stdout


def _options(home, arch):
    return [
        "-oDir::Etc::SourceList=" + os.path.join(home, "sources.list"),
        "-oDir::Etc::SourceParts=/dev/null",
        "-oDir::Etc::Preferences=/dev/null",
        "-oDir::Etc::PreferencesParts=/dev/null",
        "-oDir::State=" + os.path.join(home, "state"),
        "-oDir::State::Status=/dev/null",
        "-oDir::Cache=" + os.path.join(home, "apt-cache"),
        "-oDebug::NoLocking=1",
        "-oAPT::Architecture=" + arch,
        "-oAPT::Architectures=" + arch,
        "-oAPT::Sandbox::User=root",
        "-oAcquire::Languages=none",
        "-oAcquire::Retries=3",
        # An archived release is signed for a while only; what it signed is as good as it was.
        "-oAcquire::Check-Valid-Until=false",
    ]


def _known_mirror(security):
    targets = run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(SUITE)|$(REPO_URI)", "Created-By: Packages"])
    for line in targets.splitlines():
        origin, name, uri = line.split("|")
        if origin == "Debian" and name.endswith("-security") == security:
            return uri
    return None


def mirror(suite):
    """Where this machine's own apt finds Debian, or its security updates."""
    security = suite.endswith("-security")
    found = _known_mirror(security)
    if not found:  # it has no lists, as in a container's image
        run(["apt-get", "-q", "update"])
        found = _known_mirror(security)
    if not found:
        raise FetchError(f"this machine's apt knows no {'security updates of Debian' if security else 'Debian'}")
    return found


class Suite:
    """A suite of Debian for an architecture, with package lists of its own."""

    def __init__(self, name, arch):
        self.name, self.home = name, folder("apt", f"{name}-{arch}")
        for part in "state/lists/partial", "apt-cache/archives/partial":
            os.makedirs(os.path.join(self.home, part), exist_ok=True)
        with open(os.path.join(self.home, "sources.list"), "w", encoding="utf-8") as file:
            file.write(f"deb [signed-by={KEYRING}] {mirror(name)} {name} main\n")
        self.options = _options(self.home, arch)
        if not fresh(os.path.join(self.home, "updated"), days=7):
            self._get("update")
            fresh(os.path.join(self.home, "updated"), touch=True)

    def _get(self, *words, **options):
        try:
            return run(["apt-get", *self.options, "-q", *words], **options)
        except FetchError as error:
            raise FetchError(f"{self.name}: {error}") from None

    def _get_packages(self, *words, **options):
        """Lists that are some days old may name what the mirror no longer has."""
        try:
            self._get(*words, **options)
        except FetchError:
            self._get("update")
            self._get(*words, **options)

    def newest(self, pattern):
        names = run(["apt-cache", *self.options, "pkgnames", "linux-image-"]).split()
        fitting = [name for name in names if re.fullmatch(pattern, name)]
        if not fitting:
            raise FetchError(f"{self.name} has no package {pattern}")
        return max(fitting, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])

    def parts(self, package):
        """A newer kernel's package is empty, and depends on those that hold the image and the modules."""
        shown = run(["apt-cache", *self.options, "depends", package])
        return [package] + re.findall(r"Depends: (linux-(?:binary|modules)-\S+)", shown)

    def _archives(self):
        where = os.path.join(self.home, "apt-cache", "archives")
        return sorted(os.path.join(where, name) for name in os.listdir(where) if name.endswith(".deb"))

    def _unpack_archives(self, where):
        for path in self._archives():
            unpack(path, where)
            os.unlink(path)

    def unpack(self, packages, where):
        """These packages alone."""
        self._get_packages("download", *packages, cwd=os.path.join(self.home, "apt-cache", "archives"))
        self._unpack_archives(where)

    def unpack_with_needed(self, packages, where):
        """And all that they depend on. No script of a package runs."""
        self._get_packages("install", "--yes", "--no-install-recommends", "--download-only", *packages)
        self._unpack_archives(where)


def unpack(path, where):
    """dpkg -x would put a folder where a merged /usr has a link."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE) as tar:
        run(["tar", "-x", "--keep-directory-symlink", "-C", where], stdin=tar.stdout)
    if tar.returncode:
        raise FetchError(f"cannot unpack {os.path.basename(path)}")


def whole(path, days, make):
    """The folder that make(where) fills, made anew when it is older than this. It is whole or not there."""
    if fresh(os.path.join(path, "complete"), days):
        return path
    partial = path + ".partial"
    for old in partial, path:
        shutil.rmtree(old, ignore_errors=True)
    os.makedirs(partial)
    make(partial)
    fresh(os.path.join(partial, "complete"), touch=True)
    os.rename(partial, path)
    return path
