# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Where a scenario plays: a server's and a client's network namespace, a folder, and the programs in them."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from needs import where
from child import Child, wait_until
from netns import Link, Namespace, command

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = os.path.join(HERE, "programs")
BUILD = os.path.join(ROOT, "build", "scenarios")
PYTHON = "/usr/bin/python3"

# Numbers of x86-64, as /proc/PID/syscall shows them.
SYSCALLS = {
    "read": 0,
    "poll": 7,
    "recvfrom": 45,
    "recvmsg": 47,
    "wait4": 61,
    "futex": 202,
    "clock_nanosleep": 230,
    "epoll_wait": 232,
    "epoll_pwait": 281,
    "ppoll": 271,
}


class Stage:
    def __init__(self):
        self.server, self.client = Namespace(), Namespace()
        link = Link(self.server, self.client)
        self.server_addr, self.client_addr = link.left4, link.right4
        self.link = link
        self.inodes = {self.server.inode, self.client.inode}
        self.folder = tempfile.mkdtemp(prefix="sockstall-scenario-", dir="/tmp")
        os.chmod(self.folder, 0o755)  # some servers become another user
        self.at_end = []

    # Programs.

    def start(self, netns, *argv, user=None, **popen):
        """A program in a namespace. It keeps its pid through `ip netns exec` and setpriv."""
        as_user = (
            ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=KILL"] if user else []
        )
        program = Child([*netns.enter(), *as_user, *map(str, argv)], cwd=self.folder, **popen)
        netns.programs.append(program)
        return program

    def python(self, netns, program, *arguments, **popen):
        """One of programs/ written in Python."""
        return self.start(netns, PYTHON, "-u", os.path.join(PROGRAMS, program), *arguments, **popen)

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def path(self, name, user=None):
        """A folder, made here."""
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        if user:
            shutil.chown(path, user, user)
        return path

    # What the kernel says, to know the truth.

    def listening(self, netns, port, timeout=20):
        wait_until(lambda: netns.run("ss", "-Htln", f"sport = :{port}"), timeout, f"a listener at {port}")

    def accept_queue(self, netns, port):
        """How many complete connections wait there."""
        line = netns.run("ss", "-Htln", f"sport = :{port}").split()
        return int(line[1]) if line else None

    def socket_of(self, netns, pid, expression="", timeout=10):
        """The descriptor and the ports of the only such TCP socket that a process holds."""
        pattern = re.compile(rf"\S+ +\d+ +\d+ +\S+:(\d+) +\S+:(\d+) .*pid={pid},fd=(\d+)")

        def found():
            lines = netns.run("ss", "-Htnap", *expression.split()).splitlines()
            hits = [pattern.search(line) for line in lines if "LISTEN" not in line]
            return next((hit for hit in hits if hit), None)

        hit = wait_until(found, timeout, f"a socket of {pid} {expression}")
        return {"local_port": int(hit[1]), "peer_port": int(hit[2]), "fd": int(hit[3])}

    def end_programs(self):
        """All that runs here, workers too: they hold the pipes of the program that is waited for."""
        for netns in self.server, self.client:
            kill_all(netns)
            for program in netns.programs:
                program.end()

    def close(self):
        for action in reversed(self.at_end):
            action()
        self.end_programs()
        for netns in self.server, self.client:
            netns.delete()
        shutil.rmtree(self.folder, ignore_errors=True)


def pids(netns):
    return [int(pid) for pid in command("ip", "netns", "pids", netns.name).split()]


def kill_all(netns):
    """Workers and helpers do not end with the program that was started."""

    def gone():
        for pid in pids(netns):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not pids(netns)

    wait_until(gone, 10, "the end of all programs")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def threads(pid):
    return sorted(int(tid) for tid in os.listdir(f"/proc/{pid}/task"))


def waiting_in_epoll(pid):
    """The threads that sleep in epoll_wait."""
    numbers = {str(SYSCALLS[name]) for name in ("epoll_wait", "epoll_pwait")}
    found = []
    for tid in threads(pid):
        with open(f"/proc/{pid}/task/{tid}/syscall") as file:
            if file.read().split()[0] in numbers:
                found.append(tid)
    return found


def asleep(pid, *names, tid=None, timeout=10):
    """Wait until the thread sleeps in one of these syscalls; the moment when it was seen there."""
    numbers = {str(SYSCALLS[name]) for name in names}
    path = f"/proc/{pid}/task/{tid or pid}/syscall"
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        with open(path) as file:
            words = file.read().split()
        if words[0] in numbers:
            return time.time()
        time.sleep(0.002)
    raise AssertionError(f"{pid} is not in {names} but in {words}")


def blocked_in(pid, fd, *names, timeout=10):
    """The thread of a process that sleeps in one of these syscalls on this descriptor."""
    numbers = {str(SYSCALLS[name]) for name in names}

    def found():
        for tid in threads(pid):
            with open(f"/proc/{pid}/task/{tid}/syscall") as file:
                words = file.read().split()
            if words[0] in numbers and int(words[1], 16) == fd:
                return tid
        return None

    return wait_until(found, timeout, f"a thread of {pid} in {names} on {fd}")


def java_class(name, *options):
    """Compile one; the folder to put into the class path."""
    folder = os.path.join(BUILD, "java")
    compiled(f"java/{name}.class", where("java"), "-d", folder, *options, source=f"{name}.java")
    return folder


def compiled(name, *compiler, source):
    """A program of programs/, compiled when its source is newer. $OUT stands for where it goes."""
    out, source = os.path.join(BUILD, name), os.path.join(PROGRAMS, source)
    if os.path.exists(out) and os.path.getmtime(out) > os.path.getmtime(source):
        return out
    os.makedirs(os.path.dirname(out), exist_ok=True)
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOCACHE": os.path.join(BUILD, "go-cache"),
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    argv = [out if word == "$OUT" else word for word in compiler] + [source]
    done = subprocess.run(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, timeout=300
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stdout}")
    return out
