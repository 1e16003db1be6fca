# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The functions of Python that a thread is in, each known from how its program was made."""

import glob
import os
import signal
import socket
import threading

import pytest

import run
from child import Child, wait_until

# Three functions deep in recv, in a thread; the main thread waits for it through a C function that calls Python.
BLOCKED = """import socket, sys, threading
here, there = socket.socketpair()
class Store:
    def fetch(self, connection):
        connection.setblocking(True)
        return connection.recv(10)  # 6
def handle(connection):
    return [Store().fetch(one)  # 8
            for one in [connection]]
def serve():
    print("serving", flush=True)
    handle(here)  # 12
thread = threading.Thread(target=serve)
thread.start()
sorted([1, 2], key=lambda one: thread.join())  # 15
"""

# That of Debian, and others that are there.
INTERPRETERS = {}
for place in (
    "/usr/bin/python3",
    "/usr/bin/python3.1?",
    "/usr/local/bin/python3.1?",
    "~/.pyenv/versions/*/bin/python3.1?",
):
    for found in sorted(glob.glob(os.path.expanduser(place))):
        name = os.path.basename(os.path.realpath(found))
        if name in ("python3.11", "python3.12", "python3.13"):
            INTERPRETERS.setdefault(name, found)
PYTHON = "/usr/bin/python3"


@pytest.fixture
def started():
    """Starts a program, and ends it with the test."""
    children = []

    def start(*command):
        children.append(Child([str(word) for word in command]))
        return children[-1]

    yield start
    for child in children:
        child.end(signal.SIGKILL)


def threads_of(pid, count):
    """Once each of them has a stack, for which a look on a busy machine may have no time: code and frames by tid."""

    def look():
        records = run.once("threads", "--stacks", "-p", pid)
        threads = run.matching(records, type="thread", pid=pid)
        stacks = {thread["tid"]: (thread["code"], thread["user_stack"]) for thread in threads}
        return stacks if len(stacks) == count and all(code and stack for code, stack in stacks.values()) else None

    return wait_until(look, 20, "stacks")


def functions(stack):
    """Frames of Python have no address."""
    return [frame for frame in stack if "+0x" not in frame]


@pytest.mark.parametrize("name", INTERPRETERS)
def test_functions(started, tmp_path, name):
    (tmp_path / "app.py").write_text(BLOCKED)
    program = started(INTERPRETERS[name], tmp_path / "app.py")
    program.wait_line(bool, 20)
    stacks = threads_of(program.pid, 2)
    code, stack = stacks.pop(program.pid)
    assert code == "<lambda> (app.py:15)"
    assert functions(stack)[-3].startswith("Thread.join (threading.py:")
    assert functions(stack)[-2:] == ["<lambda> (app.py:15)", "<module> (app.py:15)"]
    ((code, stack),) = stacks.values()
    assert code == "Store.fetch (app.py:6)"
    names = functions(stack)
    at = names.index("serve (app.py:12)")
    inner = ["handle.<locals>.<listcomp> (app.py:8)"] if name == "python3.11" else []
    assert names[:at] == ["Store.fetch (app.py:6)", *inner, "handle (app.py:8)"]
    assert names[at + 1].startswith("Thread.run (threading.py:")
    assert stack[0].startswith(("recv ", "__libc_recv ", "__recv")) and not any("_PyEval" in frame for frame in stack)


# A C function that sleeps with the interpreter's global lock, or without. The lock is asked for once in ten minutes, so the thread stands still.
GIL = """import ctypes, sys, threading, time
sys.setswitchinterval(600)
library = ctypes.{library}(None)
begun = threading.Event()
def hold():
    begun.set()
    library.sleep(600)  # 7
def fetch():
    while not begun.is_set():
        time.sleep(0.05)  # 10
    threading.Event().wait()  # 11
threading.Timer(0.1, hold).start()
print("{{}}", flush=True)
fetch()
"""


@pytest.mark.parametrize("library, waits", [("PyDLL", True), ("CDLL", False)])
@pytest.mark.parametrize("name", INTERPRETERS)
def test_the_global_lock(started, tmp_path, name, library, waits):
    """Who waits for it says so; who waits for another lock does not."""
    (tmp_path / "app.py").write_text(GIL.format(library=library))
    program = started(INTERPRETERS[name], tmp_path / "app.py")
    program.wait_line(bool, 20)

    def settled():
        stacks = threads_of(program.pid, 2)
        held = [code for tid, (code, _) in stacks.items() if tid != program.pid]
        code, stack = stacks[program.pid]
        return (code, stack) if held == ["hold (app.py:7)"] and "nanosleep" not in stack[0] else None

    code, stack = wait_until(settled, 30, "both threads asleep")
    names = functions(stack)
    assert (names[0] == "waits for the GIL") == waits, stack
    assert code == ("fetch (app.py:10)" if waits else "fetch (app.py:11)")


def test_names_of_any_language(started, tmp_path):
    program = started(PYTHON, "-c", "import os\ndef größe_中(): print(1, flush=True); os.read(0, 1)\ngröße_中()")
    program.wait_line(bool, 20)
    ((code, _),) = threads_of(program.pid, 1).values()
    assert code == "größe_中 (<string>:2)"


def test_a_generator(started, tmp_path):
    """Each is a call of the interpreter's own, in 3.11."""
    (tmp_path / "app.py").write_text(
        """import os
def lines():
    print("reading", flush=True)
    yield os.read(0, 1)  # 4
def numbers():
    yield from lines()  # 6
for number in map(int, numbers()):  # 7
    pass
"""
    )
    program = started(PYTHON, tmp_path / "app.py")
    program.wait_line(bool, 20)
    ((code, stack),) = threads_of(program.pid, 1).values()
    assert code == "lines (app.py:4)"
    assert functions(stack) == ["lines (app.py:4)", "numbers (app.py:6)", "<module> (app.py:7)"]


def test_asyncio(started, tmp_path):
    """A loop that waits is in no coroutine: the program's own function is the one that runs the loop."""
    (tmp_path / "app.py").write_text(
        """import asyncio
async def main():
    print("waiting", flush=True)
    await asyncio.Event().wait()
def run():
    asyncio.run(main())  # 6
run()
"""
    )
    program = started(PYTHON, tmp_path / "app.py")
    program.wait_line(bool, 20)
    ((code, stack),) = threads_of(program.pid, 1).values()
    assert code == "run (app.py:6)"
    assert functions(stack)[0].startswith("EpollSelector.select (selectors.py:")


def test_in_other_namespaces(started, tmp_path):
    """Its thread has another number there, and its files another place."""
    (tmp_path / "app.py").write_text(BLOCKED)
    command = ("unshare", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "--")
    outer = started(*command, PYTHON, tmp_path / "app.py")
    outer.wait_line(bool, 20)
    with open(f"/proc/{outer.pid}/task/{outer.pid}/children", encoding="ascii") as file:
        (pid,) = [int(child) for child in file.read().split()]
    codes = {code for code, _ in threads_of(pid, 2).values()}
    assert codes == {"<lambda> (app.py:15)", "Store.fetch (app.py:6)"}


def test_many_threads(started, tmp_path):
    """The list of threads is not gone through anew for each: the oldest are at its end."""
    (tmp_path / "app.py").write_text(
        """import socket, threading
pairs = [socket.socketpair() for _ in range(150)]
def fetch(one):
    one.recv(1)  # 4
for pair in pairs:
    threading.Thread(target=fetch, args=(pair[0],)).start()
print("serving", flush=True)
"""
    )
    program = started(PYTHON, tmp_path / "app.py")
    program.wait_line(bool, 20)

    def look():
        records = run.once("threads", "--stacks", "-p", program.pid)
        threads = run.matching(records, type="thread", pid=program.pid)
        # A busy machine has no time for all of them.
        return len([thread for thread in threads if thread["code"] == "fetch (app.py:4)"]) > 100

    wait_until(look, 40, "stacks of most threads")


# What is stuck.

CLIENT = """import socket, sys
def read_reply(connection):
    return connection.recv(100)  # 3
def fetch_user(connection):
    connection.sendall(b"GET user")
    return read_reply(connection)  # 6
def main():
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
        while True:
            fetch_user(connection)  # 10
main()
"""


@pytest.fixture
def server():
    """Says how many bytes a client's requests are answered with: none, or one for each."""
    kept = []

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))
        kept.append(listener)

        def serve():
            connection, _ = listener.accept()
            kept.append(connection)
            try:
                while connection.recv(100) and answer:
                    connection.sendall(answer)
            except OSError:
                pass  # it has ended

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for one in kept:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()


def test_what_is_stuck_and_its_twin(started, server, stream, tmp_path):
    """Both, late and live; the twin, whose server answers, is not reported."""
    (tmp_path / "app.py").write_text(CLIENT)
    stuck = started(PYTHON, tmp_path / "app.py", server(b""))
    twin = started(PYTHON, tmp_path / "app.py", server(b"x"))

    def look():
        records = run.once("readers", "-m", "2s", "-p", stuck.pid, "-p", twin.pid)
        assert not run.matching(records, type="reader", pid=twin.pid)
        return [reader for reader in run.matching(records, type="reader", pid=stuck.pid) if reader["code"]]

    (found,) = wait_until(look, 40, "a reader")
    assert found["code"] == "read_reply (app.py:3)"
    live = stream("readers", "-j", "-i", "200ms", "-m", "2s", "-p", stuck.pid, "-p", twin.pid)
    live.wait(40, type="reader", pid=stuck.pid, code="read_reply (app.py:3)")
    assert not run.matching(live.records(), type="reader", pid=twin.pid)
    live.stop()


# Hostile programs.

REWRITES = """import ctypes, random, socket, sys, threading
here, there = socket.socketpair()
def fetch():
    here.recv(10)
def serve():
    fetch()
thread = threading.Thread(target=serve)
thread.start()
while thread.ident not in sys._current_frames() or sys._current_frames()[thread.ident].f_code is not fetch.__code__:
    pass
# What a stack leads to: the code objects, their names, files and tables of lines; and type and length of each.
objects = []
for function in (fetch, serve):
    code = function.__code__
    objects += [code, code.co_name, code.co_filename, code.co_linetable]
kept = [(id(one), ctypes.string_at(id(one), 200 if hasattr(one, "co_name") else 56)) for one in objects]
print("rewriting", flush=True)
while True:
    address, bytes_ = random.choice(kept)
    at = random.randrange(8, len(bytes_) // 8 * 8, 8)
    value = random.choice([0, 1, 1 << 20, 1 << 40, (1 << 64) - 1, id(kept), address, random.getrandbits(64)])
    ctypes.memmove(address + at, value.to_bytes(8, "little"), 8)
    for _ in range(2000):
        pass
    ctypes.memmove(address + 8, bytes_[8:], len(bytes_) - 8)
"""


def test_it_rewrites_its_structures(started, stream, tmp_path):
    """All the time, while they are read: that costs names, and nothing else. Another's stack is right meanwhile."""
    (tmp_path / "app.py").write_text(BLOCKED)
    (tmp_path / "rewrites.py").write_text(REWRITES)
    hostile = started(PYTHON, tmp_path / "rewrites.py")
    hostile.wait_line(bool, 20)
    other = started(PYTHON, tmp_path / "app.py")
    other.wait_line(bool, 20)
    live = stream("threads", "-j", "--stacks", "-i", "100ms", "-p", hostile.pid, "-p", other.pid)

    def looks():
        stacks = [record for record in live.records() if record["type"] == "thread" and record["user_stack"]]
        return len([record for record in stacks if record["pid"] == hostile.pid]) > 60 and stacks

    stacks = wait_until(looks, 60, "stacks")
    # A look on a busy machine may have no time for all of them.
    codes = {record["code"] for record in stacks if record["pid"] == other.pid and record["code"]}
    assert codes == {"<lambda> (app.py:15)", "Store.fetch (app.py:6)"}
    live.stop()
    assert b"unwinds stacks" not in live.errors
