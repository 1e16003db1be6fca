# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Debian's kernels, unpacked. apt works on a configuration and lists of its own: the machine's stay as they are."""

import os
import re
import shutil
import subprocess

from cache import folder, fresh

# By series: what apt calls the package, and which suite it is in. The newest that matches is taken.
KERNELS = {
    "5.10": (r"linux-image-5\.10\.[\d.-]+-cloud-amd64", "bullseye"),
    "6.1": (r"linux-image-6\.1\.[\d.-]+-cloud-amd64", "bookworm-security"),
    "6.12": (r"linux-image-6\.12\.[\w.+-]+-cloud-amd64", "bookworm-security"),
    "7": (r"linux-image-7\.[\w.+-]+-cloud-amd64", "sid"),
}
NOT_WANTED = re.compile(r"-rt-|-dbg$|-unsigned$|\+bpo")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class FetchError(Exception):
    """One line for the user."""


def _apt_options(home):
    return ["-oDir::Etc::SourceList=" + os.path.join(home, "sources.list"),
            "-oDir::Etc::SourceParts=/dev/null", "-oDir::Etc::Preferences=/dev/null",
            "-oDir::Etc::PreferencesParts=/dev/null", "-oDir::State=" + os.path.join(home, "state"),
            "-oDir::State::Status=/dev/null", "-oDir::Cache=" + os.path.join(home, "apt-cache"),
            "-oAPT::Architecture=amd64", "-oAPT::Architectures=amd64", "-oAPT::Sandbox::User=root",
            "-oAcquire::Languages=none"]


def _run(argv, **options):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode:
        raise FetchError(f"{argv[0]}: {(done.stderr.strip() or done.stdout.strip()).splitlines()[-1]}")
    return done.stdout


def mirror(suite):
    """Where this machine's own apt finds Debian, or its security updates."""
    wanted = "-security" if suite.endswith("-security") else ""
    targets = _run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(SUITE)|$(REPO_URI)", "Created-By: Packages"])
    for line in targets.splitlines():
        origin, name, uri = line.split("|")
        if origin == "Debian" and ("-security" if name.endswith("-security") else "") == wanted:
            return uri
    raise FetchError(f"apt knows no {'security updates of Debian' if wanted else 'Debian'}: run apt-get update")


class Suite:
    """A suite of Debian, with package lists of its own."""

    def __init__(self, name):
        self.home = folder("apt", name)
        for name in "state/lists/partial", "apt-cache/archives/partial":
            os.makedirs(os.path.join(self.home, name), exist_ok=True)
        with open(os.path.join(self.home, "sources.list"), "w", encoding="utf-8") as file:
            file.write(f"deb [signed-by={KEYRING}] {mirror(name)} {name} main\n")
        # An archived release is signed for a while only; what it signed is as good as it was.
        self.options = _apt_options(self.home) + ["-oAcquire::Check-Valid-Until=false"]
        if not fresh(os.path.join(self.home, "updated"), days=7):
            _run(["apt-get", *self.options, "-q", "update"])
            fresh(os.path.join(self.home, "updated"), touch=True)

    def newest(self, pattern):
        names = _run(["apt-cache", *self.options, "pkgnames", "linux-image-"]).split()
        fitting = [name for name in names if re.fullmatch(pattern, name) and not NOT_WANTED.search(name)]
        if not fitting:
            raise FetchError(f"no package {pattern} in {self.home}")
        return max(fitting, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])

    def parts(self, package):
        """A newer kernel's package is empty, and depends on those that hold the image and the modules."""
        shown = _run(["apt-cache", *self.options, "depends", package])
        return [package] + re.findall(r"Depends: (linux-(?:binary|modules)-\S+)", shown)

    def unpack(self, packages, where):
        downloads = folder("downloads")
        os.makedirs(where)
        for package in packages:
            _run(["apt-get", *self.options, "-q", "download", package], cwd=downloads)
            found = [name for name in os.listdir(downloads) if name.startswith(package + "_")]
            for name in found:
                _run(["dpkg", "-x", os.path.join(downloads, name), where])
                os.unlink(os.path.join(downloads, name))


def kernel(series):
    """The folder of an unpacked kernel: fetched once, and looked for anew after a month."""
    home = os.path.join(folder("kernels"), series)
    if fresh(os.path.join(home, "complete"), days=30):
        return home
    pattern, suite_name = KERNELS[series]
    suite = Suite(suite_name)
    shutil.rmtree(home, ignore_errors=True)
    suite.unpack(suite.parts(suite.newest(pattern)), os.path.join(home, "root"))
    fresh(os.path.join(home, "complete"), touch=True)
    return home
