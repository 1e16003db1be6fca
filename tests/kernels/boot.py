# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""One machine: what it is given, how it runs, what comes back."""

import json
import os
import subprocess
import tarfile

import image
from cache import alone

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# By architecture: the program, the machine, its console. Signing pointers as the architecture has it, which is the default,
# costs QEMU more than everything else together: three quarters of the time.
QEMU = {
    "amd64": ("qemu-system-x86_64", ["-cpu", "max"], "ttyS0"),
    "arm64": ("qemu-system-aarch64", ["-machine", "virt", "-cpu", "max,pauth-impdef=on"], "ttyAMA0"),
}
RESULTS_SIZE = 64 << 20


def payload(path, program, wanted):
    """A tar file that the machine reads as a disk: the program, the tests, and which of them."""
    with open(path + ".json", "w", encoding="utf-8") as file:
        json.dump(wanted, file)
    with tarfile.open(path, "w") as tar:
        tar.add(program, "build/sockstall")
        tar.add(os.path.join(ROOT, "tests", "e2e"), "tests/e2e", filter=_without_caches)
        tar.add(os.path.join(ROOT, "tests", "kernels"), "tests/kernels", filter=_without_caches)
        tar.add(path + ".json", "tests/wanted.json")
    # A disk is made of whole sectors.
    with open(path, "ab") as file:
        file.truncate((os.path.getsize(path) + 65535) // 65536 * 65536)


def _without_caches(member):
    return None if "__pycache__" in member.name else member


def _drive(path, more=""):
    return ["-drive", f"file={path},if=virtio,format=raw{more}"]


def _command(kernel, tar, results, append):
    qemu, machine, console = QEMU[kernel.arch]
    with alone():
        root = image.Root(kernel.arch)
        files = image.vmlinuz(kernel), image.initrd(kernel, root), image.modules(kernel)
    return [
        qemu,
        *machine,
        "-accel",
        "tcg,thread=multi",
        "-smp",
        "2",
        "-m",
        "1024",
        "-nodefaults",
        "-display",
        "none",
        "-no-reboot",
        "-kernel",
        files[0],
        "-initrd",
        files[1],
        "-append",
        f"console={console} panic=-1 quiet {append}",
        "-serial",
        "stdio",
        *_drive(root.path, ",snapshot=on"),
        *_drive(files[2], ",snapshot=on"),
        *_drive(tar, ",readonly=on"),
        *_drive(results, ",cache=unsafe"),
    ]


def run(kernel, tar, where, timeout, append=""):
    """
    Boots, waits for the end. Returns the lines that the machine wrote, as JSON, and whether it was in time; its console is
    in where/console.
    """
    results = os.path.join(where, "results")
    with open(results, "wb") as file:
        file.truncate(RESULTS_SIZE)
    in_time = True
    with open(os.path.join(where, "console"), "wb") as console:
        try:
            subprocess.run(
                _command(kernel, tar, results, append),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            in_time = False
    return list(_lines(results)), in_time


def _lines(path):
    with open(path, "rb") as file:
        for line in file:
            if line.startswith(b"\0"):
                return  # the part of the disk that nobody has written
            try:
                yield json.loads(line)
            except ValueError:
                continue  # cut off at the end of a machine
