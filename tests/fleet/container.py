# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A container as a runtime makes it, from an unpacked image: container.py ROOT CAPABILITIES MOUNTS PROGRAM WORD…. Own namespaces for
mounts, network, names and cgroups, those of processes as they are; /proc, /sys and MOUNTS (SOURCE:TARGET, with commas) as they
are there; the root cannot be written; and of root's capabilities only these. What it lacks is a runtime's seccomp profile.
"""

import ctypes
import os
import subprocess
import sys

PR_CAPBSET_DROP, MS_REC_PRIVATE = 24, 0x44000
CLONE = 0x20000 | 0x40000000 | 0x4000000 | 0x8000000 | 0x2000000  # NEWNS, NEWNET, NEWUTS, NEWIPC, NEWCGROUP
NAMES = {"SYS_PTRACE": 19, "SYS_ADMIN": 21, "PERFMON": 38, "BPF": 39}
LAST = 40

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *words):
    if getattr(libc, name)(*words):
        raise OSError(ctypes.get_errno(), name)


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def main(root, capabilities, mounts, program, *words):
    call("unshare", CLONE)
    call("mount", None, b"/", None, MS_REC_PRIVATE, None)
    mount("--bind", root, root)
    mount("-t", "proc", "-o", "nosuid,nodev,noexec", "proc", root + "/proc")
    mount("-t", "sysfs", "-o", "ro,nosuid,nodev,noexec", "sysfs", root + "/sys")
    mount("-t", "tmpfs", "-o", "nosuid,mode=755", "tmpfs", root + "/dev")
    mount("-t", "cgroup2", "-o", "ro,nosuid,nodev,noexec", "cgroup2", root + "/sys/fs/cgroup")
    for pair in filter(None, mounts.split(",")):
        source, target = pair.split(":")
        mount("--bind", source, root + target)
        mount("-o", "remount,bind,ro", root + target)
    mount("-o", "remount,bind,ro", root)
    os.chroot(root)
    os.chdir("/")
    kept = {NAMES[name] for name in capabilities.split(",")}
    for number in range(LAST + 1):
        if number not in kept:
            call("prctl", PR_CAPBSET_DROP, number, 0, 0, 0)
    os.execv(program, [program, *words])


if __name__ == "__main__":
    main(*sys.argv[1:])
