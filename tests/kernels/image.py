# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What the machines boot from: one root image for all, and for each kernel its modules and an initial RAM disk."""

import glob
import hashlib
import lzma
import os
import shutil
import subprocess

import fetch
from cache import folder, fresh

SUITE = "bookworm"
# What tests/e2e and the program (where it is not static) need.
PACKAGES = ("python3", "python3-pytest", "python3-jsonschema", "iproute2", "nftables", "procps", "jq", "kmod",
            "util-linux", "tmux", "ncurses-bin", "libcap2-bin", "bpftool", "gcc", "libc6-dev")
# Where a kernel has them as modules it needs them to read its root.
BOOT_MODULES = ("virtio_pci", "virtio_blk")
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in %s; do /bin/busybox insmod /$module.ko; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount -t ext4 -o ro /dev/vdb /root/usr/lib/modules
/bin/busybox mount -o move /dev /root/dev
exec /bin/busybox switch_root /root /bin/sh -c 'tar -xf /dev/vdc -C /opt && exec sh /opt/tests/kernels/init.sh'
"""


def _run(argv, **options):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)


def _ext4(source, image, spare):
    """An image of the folder, with so many MiB to spare."""
    used = int(subprocess.run(["du", "-sm", source], check=True, stdout=subprocess.PIPE).stdout.split()[0])
    partial = image + ".partial"
    _run(["mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-d", source, partial, f"{used * 5 // 4 + spare}M"])
    os.rename(partial, image)


def root():
    """The image with Debian in it."""
    wanted = hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()[:12]
    image = os.path.join(folder("images"), f"root-{wanted}.ext4")
    if fresh(image, days=90):
        return image
    where = os.path.join(folder("images"), "root.folder")
    shutil.rmtree(where, ignore_errors=True)
    _run(["debootstrap", "--variant=minbase", "--include=" + ",".join(PACKAGES), SUITE, where, fetch.mirror(SUITE)])
    os.makedirs(os.path.join(where, "usr/lib/modules"), exist_ok=True)
    _ext4(where, image, 512)
    shutil.rmtree(where)
    return image


def _module_folder(home):
    found = glob.glob(os.path.join(home, "root", "usr/lib/modules/*")) + glob.glob(os.path.join(home, "root", "lib/modules/*"))
    return found[0]


def vmlinuz(home):
    found = glob.glob(os.path.join(home, "root", "boot/vmlinuz-*"))
    return (found or [os.path.join(_module_folder(home), "vmlinuz")])[0]


def modules(home):
    """The image that becomes /lib/modules."""
    image = os.path.join(home, "modules.ext4")
    if not os.path.exists(image):
        version = os.path.basename(_module_folder(home))
        base = _module_folder(home).partition("/lib/modules/")[0]
        _run(["depmod", "-b", base, version])
        _ext4(os.path.dirname(_module_folder(home)), image, 16)
    return image


def _path_of(home, module):
    paths = glob.glob(os.path.join(_module_folder(home), "kernel/**", module + ".ko*"), recursive=True)
    return paths[0] if paths else None


def _with_needed(home, module):
    """The module, after those that it needs."""
    path = _path_of(home, module)
    if path is None:
        return []
    needed = subprocess.run(["modinfo", "-F", "depends", path], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [name for other in needed.strip().split(",") if other for name in _with_needed(home, other)] + [module]


def _boot_modules(home, where):
    """Puts them where the RAM disk is made, not compressed. Their names in the order of loading."""
    names = list(dict.fromkeys(name for module in BOOT_MODULES for name in _with_needed(home, module)))
    for name in names:
        path = _path_of(home, name)
        opener = lzma.open if path.endswith(".xz") else open
        with opener(path, "rb") as packed, open(os.path.join(where, name + ".ko"), "wb") as file:
            shutil.copyfileobj(packed, file)
    return names


def initrd(home):
    image = os.path.join(home, "initrd")
    if os.path.exists(image):
        return image
    where = os.path.join(home, "initrd.folder")
    shutil.rmtree(where, ignore_errors=True)
    for name in "bin", "dev", "root":
        os.makedirs(os.path.join(where, name))
    shutil.copy("/bin/busybox", os.path.join(where, "bin"))
    with open(os.path.join(where, "init"), "w", encoding="utf-8") as file:
        file.write(INIT % " ".join(_boot_modules(home, where)))
    os.chmod(os.path.join(where, "init"), 0o755)
    names = "\n".join(os.path.relpath(os.path.join(top, name), where)
                      for top, folders, files in os.walk(where) for name in folders + files)
    with open(image + ".partial", "wb") as file:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], check=True, cwd=where, input=names.encode(), stdout=file)
    os.rename(image + ".partial", image)
    shutil.rmtree(where)
    return image
