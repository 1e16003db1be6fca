# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The code that a thread of a Go program is in, also where its symbols and all that is for debuggers are stripped."""

import os
import random
import re
import shutil
import signal
import struct
import subprocess

import pytest

import run
from child import Child, wait_until

SOURCE = """package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

type Store struct{ fd int }

//go:noinline
func (s *Store) readReply(bytes []byte) int {
	n, _, _ := syscall.Syscall(syscall.SYS_READ, uintptr(s.fd), uintptr(unsafe.Pointer(&bytes[0])), 1) // read
	return int(n) + int(bytes[0])
}

//go:noinline
func (s *Store) Get(name string) int {
	var more [300]byte
	return s.readReply(more[:]) + len(name) // reply
}

//go:noinline
func handle(store *Store) int {
	return store.Get("user") + 1 // get
}

func main() {
	fmt.Println("{}")
	os.Exit(handle(&Store{fd: 0})) // handle
}
"""
KINDS = {
    "whole": (),
    "stripped": ("-ldflags", "-s -w"),
    "pie": ("-buildmode=pie", "-ldflags", "-s -w"),
}
FUNCTIONS = ["main.(*Store).readReply", "main.(*Store).Get", "main.handle", "main.main"]


def build(folder, kind):
    if not shutil.which("go"):
        pytest.skip("there is no go")
    version = subprocess.check_output(["go", "version"], text=True)
    if not 18 <= int(re.search(r"go1\.(\d+)", version)[1]) <= 25:
        pytest.skip(f"a table that is not known: {version.strip()}")
    (folder / "app.go").write_text(SOURCE)
    program = folder / f"app-{kind}"
    cache = os.environ.get("GOCACHE") or str(folder / "cache")
    environment = {**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off", "GOCACHE": cache, "GOFLAGS": ""}
    subprocess.run(["go", "build", *KINDS[kind], "-o", program, "app.go"], cwd=folder, env=environment, check=True)
    return program


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Each kind once, by name."""
    folder = tmp_path_factory.mktemp("go")
    return {kind: build(folder, kind) for kind in KINDS}


@pytest.fixture
def started():
    """Each reads from its input, to which nobody writes."""
    children = []

    def start(program):
        children.append(Child([program]))
        children[-1].wait_line(bool, 20)
        return children[-1]

    yield start
    for child in children:
        child.end(signal.SIGKILL)


def blocked(pid):
    """The thread that is in the program's own code."""

    def look():
        threads = run.matching(run.once("threads", "--stacks", "-p", pid), type="thread", pid=pid)
        found = [thread for thread in threads if "main.main" in " ".join(thread["user_stack"] or [])]
        return found[0] if found else None

    return wait_until(look, 20, "the thread")


def line_of(text):
    (line,) = [number for number, line in enumerate(SOURCE.splitlines(), 1) if line.endswith(f" // {text}")]
    return line


@pytest.mark.parametrize("kind", KINDS)
def test_functions(built, started, kind):
    thread = blocked(started(built[kind]).pid)
    stack = thread["user_stack"]
    own = [frame for frame in stack if frame.startswith("main.")]
    assert [frame.split(" ")[0] for frame in own] == FUNCTIONS, stack
    lines = [re.search(r" \((\S+)\)$", frame)[1] for frame in own]
    assert lines == [f"app.go:{line_of(text)}" for text in ("read", "reply", "get", "handle")], stack
    assert thread["code"] == f"main.(*Store).readReply (app.go:{line_of('read')})"
    names = [frame.split(" ")[0] for frame in stack]
    assert names[0].startswith(("runtime/internal/syscall.", "internal/runtime/syscall.", "syscall."))
    assert names[-2:] == ["runtime.main", "runtime.goexit"]


def test_idle_threads(built, started):
    """Those of the runtime are in nothing of the program's own."""
    program = started(built["stripped"])
    blocked(program.pid)
    threads = run.matching(run.once("threads", "-p", program.pid), type="thread")
    others = [
        thread for thread in threads if thread["user_stack"] and "main.main" not in " ".join(thread["user_stack"])
    ]
    assert others and {thread["code"] for thread in others} == {None}
    assert all(thread["user_stack"][0].startswith("runtime.") for thread in others)


def with_table(program, to, change):
    """A copy that runs as well, whose section of functions is said to be at its end, where it is as `change` left it."""
    content = bytearray(program.read_bytes())
    (headers,) = struct.unpack_from("<Q", content, 40)
    entry, count = struct.unpack_from("<HH", content, 58)
    sections = subprocess.check_output(["readelf", "-SW", program], text=True)
    offset, size = (
        int(word, 16) for word in re.search(r"gopclntab\s+PROGBITS\s+\S+\s+(\S+)\s+(\S+)", sections).groups()
    )
    table = content[offset : offset + size]
    change(table)
    for at in range(headers, headers + entry * count, entry):
        if struct.unpack_from("<Q", content, at + 24)[0] == offset:
            struct.pack_into("<Q", content, at + 24, len(content))
    to.write_bytes(content + table)
    to.chmod(0o755)
    return to


def shown(pid):
    """All frames of all threads, once they have some."""

    def look():
        threads = run.matching(run.once("threads", "--stacks", "-p", pid), type="thread", pid=pid)
        frames = [frame for thread in threads for frame in thread["user_stack"] or []]
        return frames if all(thread["user_stack"] for thread in threads) else None

    return wait_until(look, 20, "stacks")


def test_the_table_is_where_the_section_says(built, started, tmp_path):
    program = started(with_table(built["stripped"], tmp_path / "app", lambda table: None))
    assert blocked(program.pid)["code"].startswith("main.(*Store).readReply (app.go:")


def test_a_version_that_is_not_known(built, started, tmp_path):
    """Nothing is guessed."""

    def change(table):
        table[0:4] = struct.pack("<I", 0xFFFFFFFA)

    frames = shown(started(with_table(built["stripped"], tmp_path / "app", change)).pid)
    assert all(re.fullmatch(r"\S*(app|\[\w+\])\+0x[0-9a-f]+", frame) for frame in frames), frames


@pytest.mark.parametrize("seed", range(3))
def test_a_hostile_table(built, started, stream, tmp_path, seed):
    """It costs names, and nothing else: another process's stack is right meanwhile."""

    def change(table):
        chance = random.Random(seed)
        for _ in range(len(table) // 20):
            table[chance.randrange(72, len(table))] = chance.randrange(256)

    hostile = started(with_table(built["stripped"], tmp_path / "app", change))
    other = started(built["stripped"])
    tid = blocked(other.pid)["tid"]
    live = stream("threads", "-j", "--stacks", "-i", "100ms", "-p", hostile.pid, "-p", other.pid)

    def looks():
        records = [record for record in live.records() if record["type"] == "thread" and record["user_stack"]]
        seen = [record for record in records if record["pid"] == hostile.pid]
        codes = [record["code"] for record in records if record["tid"] == tid and record["code"]]
        return codes if len(seen) > 20 and len(codes) > 5 else None

    assert {code.split(" ")[0] for code in wait_until(looks, 60, "looks")} == {"main.(*Store).readReply"}
    live.stop()
    assert b"unwinds stacks" not in live.errors
