# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What must hold when things break: a server's death, a pid used again, a replay, starts and stops without end."""

import ctypes
import glob
import json
import os
import re
import signal
import subprocess
import time

import run
from child import wait_until
from judge import lives
from loops import ask
from needs import where
from nginx import endpoint, said, start_nginx
from scenario import Fault
from stage import PYTHON, asleep

PORT = 8080
ROUNDS = 50


def url(stage):
    return f"http://{stage.server_addr}:{PORT}/"


def mute_server(stage, *more):
    server = stage.python(stage.server, "mute_server.py", stage.server_addr, PORT, 16, *more)
    stage.listening(stage.server, PORT)
    return server


class ServerKilled(Fault):
    """A server is killed while connections wait for its accept, and a client for its answer."""

    name = "fault-server-killed"
    expected = "all that was opened is closed"

    def run(self, stage):
        server = mute_server(stage, "deaf")
        stream = run.Stream("-j")
        client, _ = ask(stage, url(stage))
        stream.wait(8, event="open", type="handshake", verdict="not_accepted", netns=stage.server.inode)
        stream.wait(8, event="open", type="reader", verdict="awaiting_reply", pid=client.pid)
        server.end(signal.SIGKILL)
        opened = lives(stream.records(), stage.inodes)
        for life in opened:
            stream.wait(5, event="close", id=life.records[0]["id"])
        stream.stop()
        return f"{len(opened)} opened, {len(opened)} closed"


class CloneArgs(ctypes.Structure):
    """struct clone_args of linux/sched.h."""

    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            "flags",
            "pidfd",
            "child_tid",
            "parent_tid",
            "exit_signal",
            "stack",
            "stack_size",
            "tls",
            "set_tid",
            "set_tid_size",
            "cgroup",
        )
    ]


def fork_with_pid(pid):
    """clone3() with set_tid: 0 in the child, as fork()."""
    wanted = ctypes.c_int32(pid)
    arguments = CloneArgs(exit_signal=signal.SIGCHLD, set_tid=ctypes.addressof(wanted), set_tid_size=1)
    libc = ctypes.CDLL(None, use_errno=True)
    child = libc.syscall(435, ctypes.byref(arguments), ctypes.sizeof(arguments))  # clone3
    if child < 0:
        raise OSError(ctypes.get_errno(), "clone3")
    return child


def start_with_pid(pid, argv):
    """
    A program with this pid. fork_with_pid() skips what Python does around a fork, so it is done in a process
    that has no other threads. The helper lives as long as the program.
    """
    code = f"import os, sys; sys.path[:] = {os.sys.path!r}; import faults; faults.become({pid}, {argv!r})"
    return subprocess.Popen([PYTHON, "-c", code])


def become(pid, argv):
    """In the helper."""
    child = fork_with_pid(pid)
    if child == 0:
        os.execvp(argv[0], argv)
    os.waitpid(child, 0)


class PidReused(Fault):
    """The pid of a client that was stuck is given to another, which gets stuck in the same way."""

    name = "fault-pid-reused"
    expected = "another id"

    def run(self, stage):
        mute_server(stage)
        stream = run.Stream("-j")
        client, _ = ask(stage, url(stage))
        first = stream.wait(8, event="open", type="reader", pid=client.pid)
        argv = client.argv
        client.end()
        helper = start_with_pid(client.pid, argv)
        try:
            second = self.second(stream, client.pid, first)
        finally:
            os.kill(client.pid, signal.SIGKILL)
            helper.wait(10)
        assert second["tid"] == first["tid"] and second["fd"] == first["fd"], (first, second)
        assert second["since"] > first["since"], (first, second)
        stream.wait(5, event="close", id=first["id"])
        stream.stop()
        return f"pid {client.pid} twice, two ids"

    @staticmethod
    def second(stream, pid, first):
        def is_other(line):
            record = json.loads(line)
            other = record["type"] == "reader" and record["event"] == "open" and record["pid"] == pid
            return record if other and record["id"] != first["id"] else None

        wait_until(lambda: os.path.exists(f"/proc/{pid}"), 10, f"a new process {pid}")
        asleep(pid, "recvfrom")
        return stream.wait_line(is_other, 8, what="another id")


class Replayed(Fault):
    """What was recorded while several stalls went on."""

    name = "fault-replay"
    expected = "the same verdicts"
    needs = ("nginx", "nft")

    def run(self, stage):
        start_nginx(stage, workers=2)
        recording = os.path.join(stage.folder, "recording")
        stream = run.Stream("-j", "--record", recording)
        self.stall(stage)
        time.sleep(4)
        stage.end_programs()
        time.sleep(2)
        live = self.told(stream.stop(), stage)
        replayed = self.told(run.parse(run.sockstall("replay", recording, "-j").stdout), stage)
        assert live == replayed, f"live {sorted(live - replayed)}, replayed {sorted(replayed - live)}"
        assert len({verdict for _, _, verdict in live}) >= 3, live
        return f"{len(live)} records alike"

    @staticmethod
    def stall(stage):
        silent, refused = PORT + 1, PORT + 2
        server = endpoint(stage, stage.client, f"listen={stage.client_addr},{silent},16", "accept")
        said(server, "listening")
        client = endpoint(stage, stage.server, f"connect={stage.client_addr},{silent}", "send=5", "block=recvfrom")
        said(client, "blocking")
        stage.client.drop("input", f"tcp dport {refused}")
        endpoint(stage, stage.server, f"connect={stage.client_addr},{refused}")
        stage.client.drop("input", f"tcp sport {PORT}")
        endpoint(stage, stage.client, f"connect={stage.server_addr},{PORT}")

    @staticmethod
    def told(records, stage):
        return {
            (record["id"], record["event"], record["verdict"])
            for life in lives(records, stage.inodes)
            for record in life.records
            if record.get("event")
        }


def bpf_objects():
    """Programs, links and maps, by id."""
    objects = set()
    for kind in "prog", "link", "map":
        done = subprocess.run([where("bpftool"), "-j", kind, "list"], stdout=subprocess.PIPE, check=True)
        objects |= {(kind, item["id"]) for item in json.loads(done.stdout)}
    return objects


def unheld():
    """Those that no process has a descriptor of."""
    objects = bpf_objects()
    for path in glob.glob("/proc/[0-9]*/fdinfo/*"):
        try:
            with open(path) as file:
                text = file.read()
        except OSError:
            continue
        objects -= {(kind, int(number)) for kind, number in re.findall(r"^(prog|link|map)_id:\s+(\d+)", text, re.M)}
    return objects


def temporary_files():
    return {
        name
        for folder in ("/tmp", "/run", "/run/netns", "/dev/shm", "/sys/fs/bpf")
        if os.path.isdir(folder)
        for name in (os.path.join(folder, leaf) for leaf in os.listdir(folder))
        if "sockstall" in name
    }


def mounts():
    """Of the kinds that sockstall could make; other tests may make namespaces meanwhile."""
    with open("/proc/self/mountinfo") as file:
        return {line for line in file if re.search(r" - (tracefs|debugfs|bpf) ", line)}


def processes():
    """Of sockstall, by pid."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.realpath(os.readlink(f"/proc/{pid}/exe")).startswith(run.SOCKSTALL):
                found.add(int(pid))
        except OSError:
            pass
    return found


class StartsAndStops(Fault):
    """Under load, ended in every way: by itself, by SIGINT, by SIGTERM, by SIGKILL."""

    name = "fault-50-starts-and-stops"
    expected = "nothing is left behind"
    needs = ("nginx", "wrk", "bpftool")
    ENDINGS = (None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL)

    def run(self, stage):
        start_nginx(stage, workers=1, backlog=511)
        load = stage.start(stage.client, "wrk", "-t1", "-c8", "-d300s", url(stage))
        before = mounts(), temporary_files(), set(os.listdir(stage.folder))
        pids, objects = set(), unheld()
        for number in range(ROUNDS):
            pids.add(self.one_round(self.ENDINGS[number % len(self.ENDINGS)]))
        assert load.process.poll() is None, "the load went on"
        after = mounts(), temporary_files(), set(os.listdir(stage.folder))
        assert not processes() & pids, f"processes: {processes() & pids}"
        for was, now in zip(before, after):
            assert not now - was, f"left behind: {now - was}"
        return self.nothing_in_kernel(objects)

    @staticmethod
    def one_round(ending):
        if ending is None:
            stream = run.Stream("-j", "-d", "300ms", "-i", "100ms")
            stream.join()
            return stream.pid
        stream = run.Stream("-j", "-i", "100ms")
        time.sleep(0.2)
        stream.end(ending)
        return stream.pid

    @staticmethod
    def nothing_in_kernel(before):
        """The kernel frees after an RCU grace period, and other processes may use BPF meanwhile."""
        left = [unheld() - before]

        def is_empty():
            left[0] &= unheld()
            return not left[0]

        wait_until(is_empty, 8, f"the end of {left[0]}")
        return f"{ROUNDS} rounds, nothing left"


FAULTS = [ServerKilled, PidReused, Replayed, StartsAndStops]
