# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What the machines boot from: a root image for each architecture, and for each kernel its modules and an initial RAM disk."""

import glob
import gzip
import hashlib
import lzma
import os
import shutil
import subprocess
import sys

import fetch
from cache import folder, fresh

SUITE = "bookworm"
# What every Debian has, as far as a machine without packages' own scripts needs it,
BASE = (
    "base-files",
    "base-passwd",
    "bash",
    "coreutils",
    "dash",
    "diffutils",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "libc-bin",
    "login",
    "mawk",
    "mount",
    "ncurses-base",
    "ncurses-bin",
    "passwd",
    "perl-base",
    "sed",
    "tar",
    "util-linux",
    "busybox-static",
)
# and what tests/e2e and the program (where it is not static) need.
PACKAGES = (
    "python3",
    "python3-pytest",
    "python3-jsonschema",
    "iproute2",
    "nftables",
    "procps",
    "jq",
    "kmod",
    "tmux",
    "libcap2-bin",
    "bpftool",
    "gcc",
    "libc6-dev",
    "strace",
)
FOLDERS = (
    "dev",
    "home",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "srv",
    "sys",
    "tmp",
    "usr/lib/modules",
    "var/lib",
    "var/tmp",
)
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Where a kernel has them as modules it needs them to read its root.
BOOT_MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in %s; do /bin/busybox insmod /$module.ko; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount -t ext4 -o ro /dev/vdb /root/usr/lib/modules
/bin/busybox mount -o move /dev /root/dev
exec /bin/busybox switch_root /root /bin/sh -c 'tar -xf /dev/vdc -C /opt && exec sh /opt/tests/kernels/init.sh'
"""


def _ext4(source, image, spare):
    """An image of the folder, with so many MiB to spare."""
    used = int(fetch.run(["du", "-sm", source]).split()[0])
    partial = image + ".partial"
    fetch.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-d", source, partial, f"{used * 5 // 4 + spare}M"]
    )
    os.rename(partial, image)


def _fill_root(arch, where):
    for name in MERGED:
        os.makedirs(os.path.join(where, "usr", name))
        os.symlink(f"usr/{name}", os.path.join(where, name))
    fetch.Suite(SUITE, arch).unpack_with_needed([*BASE, *PACKAGES], where)
    for name in FOLDERS:
        os.makedirs(os.path.join(where, name), exist_ok=True)
    for name in "passwd", "group":
        shutil.copy(os.path.join(where, f"usr/share/base-passwd/{name}.master"), os.path.join(where, "etc", name))
    os.symlink("mawk", os.path.join(where, "usr/bin/awk"))
    _compile_python(where)


def _compile_python(where):
    """A package's script would have done it. Only Python of the very version can; without, the machine does it as it goes."""
    version = f"usr/lib/python{sys.version_info.major}.{sys.version_info.minor}"
    if os.path.isdir(os.path.join(where, version)):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "compileall",
                "-q",
                "-j",
                "0",
                "--invalidation-mode",
                "unchecked-hash",
                "-s",
                where,
                "-p",
                "/",
                os.path.join(where, version),
                os.path.join(where, "usr/lib/python3/dist-packages"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )


class Root:
    """The image with Debian in it, for an architecture."""

    def __init__(self, arch):
        wanted = hashlib.sha256(" ".join((SUITE, *BASE, *PACKAGES, "3")).encode()).hexdigest()[:12]
        base = os.path.join(folder("images"), f"root-{arch}-{wanted}")
        self.path, self.busybox = base + ".ext4", base + ".busybox"
        if not fresh(self.path, days=90):
            self._make(arch, base + ".folder")

    def _make(self, arch, where):
        shutil.rmtree(where, ignore_errors=True)
        os.makedirs(where)
        _fill_root(arch, where)
        shutil.copy(os.path.join(where, "bin/busybox"), self.busybox)
        _ext4(where, self.path, 512)
        shutil.rmtree(where)


def vmlinuz(kernel):
    """What QEMU starts: it takes no arm64 image that is packed."""
    with open(kernel.image, "rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return kernel.image
    plain = os.path.join(kernel.home, "vmlinuz.plain")
    with gzip.open(kernel.image) as packed, open(plain, "wb") as file:
        shutil.copyfileobj(packed, file)
    return plain


def modules(kernel):
    """The image that becomes /lib/modules."""
    image = os.path.join(kernel.home, "modules.ext4")
    if not os.path.exists(image):
        fetch.run(["depmod", "-b", kernel.modules.partition("/lib/modules/")[0], os.path.basename(kernel.modules)])
        _ext4(os.path.dirname(kernel.modules), image, 16)
    return image


def _path_of(kernel, module):
    paths = glob.glob(os.path.join(kernel.modules, "kernel/**", module + ".ko*"), recursive=True)
    return paths[0] if paths else None


def _with_needed(kernel, module):
    """The module, after those that it needs. Nothing for one that is built in."""
    path = _path_of(kernel, module)
    if path is None:
        return []
    needed = fetch.run(["modinfo", "-F", "depends", path])
    return [name for other in needed.strip().split(",") if other for name in _with_needed(kernel, other)] + [module]


def _boot_modules(kernel, where):
    """Puts them where the RAM disk is made, not compressed. Their names in the order of loading."""
    names = list(dict.fromkeys(name for module in BOOT_MODULES for name in _with_needed(kernel, module)))
    for name in names:
        path = _path_of(kernel, name)
        opener = lzma.open if path.endswith(".xz") else open
        with opener(path, "rb") as packed, open(os.path.join(where, name + ".ko"), "wb") as file:
            shutil.copyfileobj(packed, file)
    return names


def initrd(kernel, root):
    wanted = hashlib.sha256((INIT + " ".join(BOOT_MODULES)).encode()).hexdigest()[:12]
    image = os.path.join(kernel.home, f"initrd-{wanted}")
    if os.path.exists(image):
        return image
    where = os.path.join(kernel.home, "initrd.folder")
    shutil.rmtree(where, ignore_errors=True)
    for name in "bin", "dev", "root":
        os.makedirs(os.path.join(where, name))
    shutil.copy(root.busybox, os.path.join(where, "bin/busybox"))
    with open(os.path.join(where, "init"), "w", encoding="utf-8") as file:
        file.write(INIT % " ".join(_boot_modules(kernel, where)))
    os.chmod(os.path.join(where, "init"), 0o755)
    names = "\n".join(
        os.path.relpath(os.path.join(top, name), where)
        for top, folders, files in os.walk(where)
        for name in folders + files
    )
    with open(image + ".partial", "wb") as file:
        subprocess.run(
            ["cpio", "--quiet", "-o", "-H", "newc"], check=True, cwd=where, input=names.encode(), stdout=file
        )
    os.rename(image + ".partial", image)
    shutil.rmtree(where)
    return image
