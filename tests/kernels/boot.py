# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""One machine: what it is given, how it runs, what comes back."""

import json
import os
import subprocess
import tarfile

import image

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = "qemu-system-x86_64"


def payload(path, program, tests):
    """A tar file that the machine reads as a disk: the program, the tests, and which of them."""
    wanted = path + ".json"
    with open(wanted, "w", encoding="utf-8") as file:
        json.dump(tests, file)
    with tarfile.open(path, "w") as tar:
        tar.add(program, "build/sockstall")
        tar.add(os.path.join(ROOT, "tests", "e2e"), "tests/e2e", filter=_without_caches)
        tar.add(os.path.join(ROOT, "tests", "kernels"), "tests/kernels", filter=_without_caches)
        tar.add(wanted, "tests/wanted.json")
    # A disk is made of whole sectors.
    with open(path, "ab") as file:
        file.truncate((os.path.getsize(path) + 65535) // 65536 * 65536)


def _without_caches(member):
    return None if "__pycache__" in member.name else member


def _drive(path, more=""):
    return ["-drive", f"file={path},if=virtio,format=raw{more}"]


def _command(home, tar, results, append):
    return ["nice", "-n", "10", QEMU, "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024",
            "-nodefaults", "-display", "none", "-no-reboot", "-kernel", image.vmlinuz(home), "-initrd", image.initrd(home),
            "-append", f"console=ttyS0 panic=-1 quiet {append}", "-serial", "stdio", "-serial", f"file:{results}",
            *_drive(image.root(), ",snapshot=on"), *_drive(image.modules(home), ",snapshot=on"), *_drive(tar, ",readonly=on")]


def run(home, tar, where, timeout, append=""):
    """Boots, waits for the end. Returns the lines that the machine wrote, as JSON; its console is in where/console."""
    results = os.path.join(where, "results")
    with open(os.path.join(where, "console"), "wb") as console:
        try:
            subprocess.run(_command(home, tar, results, append), stdin=subprocess.DEVNULL, stdout=console,
                           stderr=subprocess.STDOUT, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            pass
    return list(_lines(results))


def _lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue  # cut off at the end of a machine
