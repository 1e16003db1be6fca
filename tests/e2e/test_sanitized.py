# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
The program built with AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, each command of it: memory that
is not there, place by place, and BPF calls that fail. One line and exit 1, or all of what was asked for; and the
sanitizers have nothing to say, also of memory that is not freed. `make sanitize` goes through all places, with FAULTS=some
through some. And a process that changes all that is looked at while it is. Without `make sanitized` before there is nothing to run.

This build has no seccomp filter: LeakSanitizer looks at the process from another one (src/rights/seccomp.c).
"""

import concurrent.futures
import errno
import os
import subprocess
import time

import pytest

import run
import shim
from cgroups import Cgroup, cgroup2
from child import PATIENCE, STALLS, Child, Stall, die_with_parent, wait_until
from scene import MIN_AGE, Scene
from terminal import run_in_pty

SANITIZED = os.path.join(run.ROOT, "build", "sanitized", "sockstall")
ALL = os.environ.get("FAULTS") == "all"

# How many callers make a place: what one function asks for is asked for by many.
DEPTH = 6

# What libelf loses itself when it has no memory for the sections of an object, and libc when it has none for a locale.
SUPPRESSED = "leak:libelf.so\nleak:_nl_normalize_codeset\n"

# Most of a run is waiting for the kernel.
AT_ONCE = 4 * os.cpu_count()


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    if not os.path.exists(SANITIZED):
        pytest.skip("no build/sanitized/sockstall: make sanitized")
    runtime = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, stdout=subprocess.PIPE, text=True)
    suppressions = tmp_path_factory.mktemp("lsan") / "suppressions"
    suppressions.write_text(SUPPRESSED)
    return {
        "LD_PRELOAD": f"{shim.SHIM}:{runtime.stdout.strip()}",
        # The shim comes first, on purpose. No memory is an answer.
        "ASAN_OPTIONS": "verify_asan_link_order=0:allocator_may_return_null=1:exitcode=99:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "LSAN_OPTIONS": f"suppressions={suppressions}:print_suppressions=0",
    }


class Machine:
    """Stalls of each kind, and two recordings of them."""

    def __init__(self, folder):
        self.folder = folder
        self.scene = Scene()
        self.loop = Stall(self.scene.room.here, "loop.py")
        self.loop.said("turned")
        self.loop.tell("sleep=600")
        self.client = self.scene.v4
        self.fd = int(open(f"/proc/{self.client.pid}/syscall").read().split()[1], 16)
        self.recordings = [str(folder / f"looks{number}") for number in range(2)]
        for recording in self.recordings:
            done = run.sockstall("-a", "-j", "-i", "100ms", "-d", "400ms", "-p", self.pids(), "--record", recording)
            assert done.returncode == 0, done.stderr
        found = run.matching(run.once(*MIN_AGE, "readers", "-p", self.client.pid), pid=self.client.pid)
        self.id = found[0]["id"]

    def pids(self):
        stalls = [*self.scene.stalls.values(), self.loop]
        return ",".join(str(stall.pid) for stall in stalls)

    def close(self):
        self.loop.end()
        self.scene.close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("machine"))
    yield machine
    machine.close()


ONCE = ("-1", "-a", *MIN_AGE)
LIVE = ("-i", "100ms", "-d", "250ms", *MIN_AGE)

# Words in braces are the machine's, or {new}: a file that is not there.
COMMANDS = {
    "overview": ("-j", *ONCE),
    "table": ONCE,
    "handshakes": ("handshakes", "-j", *ONCE),
    "readers": ("readers", "-j", *ONCE),
    "writers": ("writers", "-j", *ONCE),
    "closing": ("closing", "-j", *ONCE),
    "epoll": ("epoll", "-j", "--stacks", "--interfaces", "all", *ONCE),
    "watches": ("epoll", "-j", "--watches", "-p", "{loop}", *ONCE),
    "chains": ("chains", "-j", *ONCE),
    "threads": ("threads", "-j", "--stacks", "-p", "{pid}", "-1", "-a"),
    "lines": ("-p", "{pids}", *LIVE),
    "record": ("-j", "-p", "{pids}", *LIVE, "--record", "{new}"),
    "flight": ("-j", "-p", "{pid}", *LIVE, "--flight", "60s", "--dump-on", "reader.age>100ms", "--dump-file", "{new}"),
    "on-stall": ("-j", "-p", "{pid}", *LIVE, "--on-stall", "reader.age>100ms", "--exec", "true"),
    "metrics": ("metrics", "--textfile", "{folder}", *LIVE),
    "end": ("end", "-j", "pid={pid}", "fd={fd}"),
    "end-id": ("end", "{id}"),
    "replay": ("replay", "{recording}", "-j", "-a"),
    "replay-lines": ("replay", "{recording}"),
    "html": ("replay", "{recording}", "--html", "{new}"),
    "trace": ("replay", "{recording}", "--trace", "{new}"),
    "diff": ("replay", "{recording}", "--diff", "{later}", "-j"),
    "diff-lines": ("replay", "{recording}", "--diff", "{later}"),
    "check": ("check", "-v"),
    "check-json": ("check", "-j"),
    "schema": ("schema",),
}


def complaints(done):
    """Lines of stderr; that a flight was written, and how far it reaches, is none."""
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    told = ("sockstall: --flight: 64 MiB will reach ", " are in ")
    return [
        line
        for line in lines
        if not line.startswith(told[0]) and not (line.startswith("sockstall: --flight: ") and told[1] in line)
    ]


class Walk:
    """One command, with one thing that fails at a time."""

    def __init__(self, words, machine, environment, folder):
        self.words, self.machine, self.environment, self.folder = words, machine, environment, folder
        done = self.run("none")
        assert done.returncode == 0 and not complaints(done), (done.returncode, done.stderr.decode())
        self.places, self.calls, _ = map(int, (folder / "none.counts").read_text().split())

    def arguments(self, name):
        machine = self.machine
        values = {
            "pids": machine.pids(),
            "pid": machine.client.pid,
            "fd": machine.fd,
            "id": machine.id,
            "loop": machine.loop.pid,
            "recording": machine.recordings[0],
            "later": machine.recordings[1],
            "new": self.folder / f"{name}.new",
            "folder": self.folder,
        }
        return [word.format(**values) for word in self.words]

    def run(self, name, **values):
        values = {"COUNT": self.folder / f"{name}.counts", "DEPTH": DEPTH, **values}
        environment = {**os.environ, **self.environment, **{f"SHIM_{key}": str(value) for key, value in values.items()}}
        return subprocess.run(
            [SANITIZED, *self.arguments(name)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            timeout=120 * PATIENCE,
            preexec_fn=die_with_parent,
        )

    def wrong(self, kind, number):
        """What was not as it should be, or None; and the exit code."""
        name = f"{kind}{number}"
        done = self.run(name, **{kind: number, "ERRNO": errno.ENOMEM})
        # The sanitizer itself cannot start a thread without that memory.
        if (
            b"SetThreadStackAndTls" in done.stderr
            or b"CHECK failed" in done.stderr
            and b"pthread_getattr_np" in done.stderr
        ):
            return done.returncode, None
        lines = complaints(done)
        fine = done.returncode in (0, 1) and all(line.startswith("sockstall: ") for line in lines)
        if done.returncode:
            fine = fine and len(lines) == 1
        if fine and "-j" in self.words:
            fine = is_json(done.stdout, not done.returncode and self.words[0] not in ("end", "check"))
        return done.returncode, None if fine else f"{name}: exit {done.returncode}: " + "\n".join(lines)

    def go(self, kind, count, most):
        step = 1 if ALL else max(1, -(-count // most))
        numbers = range(1 + step // 2, count + 1, step)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(lambda number: self.wrong(kind, number), numbers))
        found = [what for _, what in results if what]
        assert not found, f"{len(found)} of {len(results)}:\n" + "\n".join(found)
        return [code for code, _ in results]


def is_json(output, whole):
    try:
        for line in output.splitlines(keepends=True):
            run.parse_line(line)
        if whole:
            run.parse(output)
        return True
    except (AssertionError, ValueError):
        return False


@pytest.mark.parametrize("name", COMMANDS)
def test_no_memory(name, environment, machine, tmp_path):
    walk = Walk(COMMANDS[name], machine, environment, tmp_path)
    codes = walk.go("ALLOC", walk.places, 8)
    if ALL and name not in ("check", "check-json", "schema"):
        assert 1 in codes, "do these failures reach it at all?"


@pytest.mark.parametrize("name", ["overview", "threads", "chains", "end-id", "check"])
def test_bpf_fails(name, environment, machine, tmp_path):
    walk = Walk(COMMANDS[name], machine, environment, tmp_path)
    assert walk.calls > 20
    walk.go("BPF", walk.calls, 8)


# What is looked at changes all the time.

CHURN_SECONDS = int(os.environ.get("CHURN", 600 if ALL else 15))

CHURNED = {
    "overview": ("-j", "-a", "-i", "50ms"),
    "tables": ("-1", "-a"),
    "readers": ("readers", "-a", "-i", "50ms"),
    "epoll": ("epoll", "-j", "-a", "--stacks", "--interfaces", "all", "-i", "50ms"),
    "watches": ("epoll", "-j", "--watches", "-a", "-p", "{churn}", "-i", "50ms"),
    "threads": ("threads", "-j", "--stacks", "-p", "{churn}", "-i", "50ms"),
    "chains": ("chains", "-j", "-a", "-i", "50ms"),
    "metrics": ("metrics", "--textfile", "{folder}", "-i", "50ms"),
    "record": (
        "closing",
        "-j",
        "-a",
        "-i",
        "50ms",
        "--record",
        "{folder}/looks",
        "--force",
        "--flight",
        "2s",
        "--dump-file",
        "{folder}/flight",
    ),
    "replay": ("replay", "{folder}/looks", "-j", "-a"),
    "html": ("replay", "{folder}/looks", "--html", "{folder}/page", "--force"),
    "trace": ("replay", "{folder}/looks", "--trace", "{folder}/trace", "--force"),
    "end": ("end", "pid={churn}", "fd={fd}"),
}

# What is named may not be there any more, or have no end to be ended by.
MAY_FAIL = {"end"}


class Churn(Child):
    """churn.c, in a cgroup of its own where there is a hierarchy to make one in."""

    def __init__(self, folder, seconds):
        program = folder / "churn"
        subprocess.run(["gcc", "-O1", "-pthread", "-o", program, os.path.join(STALLS, "churn.c")], check=True)
        mount = cgroup2()
        self.group = Cgroup(mount) if mount and os.access(mount, os.W_OK) else None
        super().__init__([program, str(seconds), str(os.getpid()), *([self.group.folder] if self.group else [])])
        self.wait_line(lambda line: b"churning" in line, 10)

    def close(self):
        self.end()
        for name in os.listdir(self.group.folder) if self.group else ():
            if name.startswith("churn"):
                wait_until(lambda: remove(os.path.join(self.group.folder, name)), 10, "the end of what is in a cgroup")
        if self.group:
            self.group.delete()


def remove(folder):
    try:
        os.rmdir(folder)
    except OSError:
        pass
    return not os.path.exists(folder)


@pytest.fixture
def churn(tmp_path):
    churn = Churn(tmp_path, CHURN_SECONDS + 60)
    yield churn
    churn.close()


class Churned:
    """Runs of one command after the other, beside it."""

    def __init__(self, churn, environment, folder):
        self.churn, self.folder, self.runs = churn, folder, 0
        self.environment = {**os.environ, **environment}
        del self.environment["LD_PRELOAD"]

    def words(self, name):
        self.runs += 1
        words = [
            word.format(churn=self.churn.pid, folder=self.folder, fd=40 + self.runs % 44) for word in CHURNED[name]
        ]
        return words if CHURNED[name][0] in ("replay", "end") or "-1" in words else [*words, "-d", "3s"]

    def check(self, name):
        done = subprocess.run(
            [SANITIZED, *self.words(name)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            timeout=120 * PATIENCE,
            preexec_fn=die_with_parent,
        )
        assert done.returncode == 0 or (name in MAY_FAIL and done.returncode in (1, 2)), (
            name,
            done.returncode,
            done.stderr,
        )
        assert all(line.startswith(b"sockstall: ") for line in done.stderr.splitlines()), (name, done.stderr)
        if "-j" in CHURNED[name]:
            run.parse(done.stdout)

    def check_live(self):
        """Its page of details, too: it reads the memory of what is chosen."""
        argv = [SANITIZED, "-i", "50ms", "-a", "-d", "4s", "--stacks", "-p", self.churn.pid]
        output, code = run_in_pty(
            argv,
            rows=50,
            columns=160,
            timeout=60,
            until=str(self.churn.pid).encode(),
            keys=(b"\r",),
            **{key: self.environment[key] for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")},
        )
        assert code == 0 and b"runtime error" not in output, output[-4000:]


def test_churn(environment, churn, tmp_path):
    """
    A process that changes its memory, descriptors, names, threads, children, connections, namespaces and cgroups while it is
    looked at. `make sanitize` does that for ten minutes; CHURN=60 for one.
    """
    churned = Churned(churn, environment, tmp_path)
    end = time.monotonic() + CHURN_SECONDS
    # The first round is whole, however long it takes: one that replays needs one that records.
    while not churned.runs or time.monotonic() < end:
        for name in CHURNED:
            churned.check(name)
            assert churn.process.poll() is None, "the churn has ended"
        churned.check_live()
    print(f"{churned.runs} runs beside it")
