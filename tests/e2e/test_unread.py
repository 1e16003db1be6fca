# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""stdout that nobody reads: a stopped pager, a full pipe, a terminal after Ctrl-S. It waits there, and can be ended."""

import fcntl
import os
import pty
import signal
import socket
import subprocess
import termios
import time

import pytest

import run
from child import PATIENCE, PYTHON, SLOW, Child, die_with_parent, wait_until
from scene import block, waiting_client
from stalls.machine import NUMBER
from test_floods import MEGABYTE, resident

ENDS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
# Something at every look, and often.
TALKS = ("threads", "-p", os.getpid(), "-i", "50ms")
PAGE = 4096
TOLD = b"sockstall: ended while its output was not read: the last records are missing\n"
FULL = b"." * (PAGE - 1) + b"\n"
F_SETPIPE_SZ = 1031  # fcntl has it from Python 3.10 on


def before_exec():
    """SIGHUP may be ignored here, as nohup leaves it."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    die_with_parent()


def is_writing(pid, fd=1):
    """It sleeps in a write to that descriptor: there is no room."""
    with open(f"/proc/{pid}/syscall", encoding="ascii") as file:
        words = file.read().split()
    return words[0] == str(NUMBER["write"]) and int(words[1], 16) == fd


class Unread:
    """sockstall, that writes to where nobody reads; `ours` is the other end of that."""

    def __init__(self, ours, theirs, *arguments, before=(), stderr=subprocess.PIPE, **popen):
        self.ours = ours
        self.process = subprocess.Popen(
            [*before, run.SOCKSTALL, *map(str, arguments)],
            stdin=popen.pop("stdin", subprocess.DEVNULL),
            stdout=theirs,
            stderr=theirs if stderr == subprocess.STDOUT else stderr,
            preexec_fn=before_exec,
            **popen,
        )

    def wait(self, fd=1):
        wait_until(lambda: is_writing(self.process.pid, fd), 20, "a write that waits")

    def end(self, number):
        """Its exit code, and what it said on stderr. It must not need long."""
        self.process.send_signal(number)
        return self.process.wait(5 * PATIENCE), self.process.stderr.read() if self.process.stderr else None

    def rest(self):
        """All that it wrote."""
        os.set_blocking(self.ours, True)
        with open(self.ours, "rb", closefd=False) as file:
            return file.read()


@pytest.fixture
def unread():
    """Starts it on a pipe of one page, which may be full, or on what is given."""
    started, ends = [], []

    def start(*arguments, pair=None, full=False, **options):
        ours, theirs = pair or os.pipe()
        ends.append(ours)
        if not pair:
            fcntl.fcntl(theirs, F_SETPIPE_SZ, PAGE)
        if full:
            os.write(theirs, FULL)
        started.append(Unread(ours, theirs, *arguments, **options))
        if not pair:
            os.close(theirs)
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        if one.process.stderr:
            one.process.stderr.close()
    for end in ends:
        os.close(end)


def check_whole_lines(output):
    """Records from the first on, none of them half; the end of the run is missing."""
    records = [run.parse_line(line) for line in output.splitlines(keepends=True)]
    assert records and records[0]["type"] == "start" and records[-1]["type"] != "end", records
    return records


@pytest.mark.parametrize("number", ENDS)
def test_a_signal_ends_it(unread, number):
    live = unread("-j", *TALKS)
    live.wait()
    assert live.end(number) == (0, TOLD)
    check_whole_lines(live.rest())


def test_so_it_does_long_after(unread):
    """Not only the first that is interrupted."""
    live = unread("-j", *TALKS)
    live.wait()
    time.sleep(1)
    live.wait()
    assert live.process.poll() is None
    assert live.end(signal.SIGTERM) == (0, TOLD)
    check_whole_lines(live.rest())


# More in one look than a pipe or a buffer of sockstall's holds.
THREADS = """
import threading, sys
for _ in range(200):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("started", flush=True)
sys.stdin.read()
"""


def test_many_records_at_once(unread):
    """It is ended between two of them."""
    threads = Child([PYTHON, "-c", THREADS])
    threads.wait_line(lambda line: line == b"started\n", 10)
    live = unread("threads", "-j", "-p", threads.pid)
    live.wait()
    assert live.end(signal.SIGTERM) == (0, TOLD)
    records = check_whole_lines(live.rest())
    assert 1 < len(records) < 100
    threads.end()


@pytest.mark.parametrize("arguments", [[], ["-1"], ["-1", "-j"]], ids=["tables", "once", "once_json"])
def test_before_the_first_byte(unread, arguments):
    live = unread(*TALKS[:3], *arguments, full=True)
    live.wait()
    assert live.end(signal.SIGTERM) == (0, TOLD)
    assert live.rest() == FULL


def test_exit_code(room, unread):
    """The documented one, as if it had been read."""
    client = block(waiting_client(room, 5301, room.link.right4))
    live = unread("readers", "-j", "-a", "-m", "0", "-i", "50ms", "-p", client.pid, "--exit-code")
    live.wait()
    assert live.end(signal.SIGTERM) == (10, TOLD)
    check_whole_lines(live.rest())


def test_stderr_in_the_same_pipe(unread):
    """There is no room for the line that tells of it either."""
    live = unread("-j", *TALKS, stderr=subprocess.STDOUT, full=True)
    live.wait()
    assert live.end(signal.SIGTERM) == (0, None)
    assert live.rest() == FULL


def test_the_recording_is_whole(unread, tmp_path):
    path = tmp_path / "looks"
    live = unread("-j", *TALKS, "--record", path)
    live.wait()
    assert live.end(signal.SIGTERM) == (0, TOLD)
    replay = run.sockstall("replay", path, "-j")
    assert replay.returncode == 0, replay.stderr
    assert run.parse(replay.stdout)[-1]["looks"] >= 1


def test_a_socket(unread):
    """As systemd gives it to services."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PAGE)
        live = unread("-j", *TALKS, pair=(ours.detach(), theirs.fileno()))
        live.wait()
        assert live.end(signal.SIGTERM) == (0, TOLD)


def test_a_pipe_that_does_not_wait(unread):
    """Someone who shares it has set O_NONBLOCK: that is no error, and loses nothing."""
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    fcntl.fcntl(theirs, F_SETPIPE_SZ, PAGE)
    live = unread("-j", *TALKS, "-d", "2s", pair=(ours, theirs))
    os.close(theirs)
    time.sleep(1)
    run.parse(live.rest())
    assert live.process.wait(10 * PATIENCE) == 0


def test_what_was_lost_is_told(unread):
    """
    When it is read again: all that was written before, how many looks there were not, and then the rest. No memory
    piles up meanwhile.
    """
    live = unread("-j", *TALKS)
    live.wait()
    before = resident(live.process.pid)
    time.sleep(3 * SLOW)
    assert resident(live.process.pid) < before + 8 * MEGABYTE
    os.set_blocking(live.ours, False)
    output = bytearray()

    def told():
        try:
            output.extend(os.read(live.ours, MEGABYTE))
        except BlockingIOError:
            pass
        return b'"where":"looks"' in output

    wait_until(told, 20, "what was lost")
    live.process.send_signal(signal.SIGINT)
    records = run.parse(bytes(output) + live.rest())
    assert live.process.wait(5 * PATIENCE) == 0 and live.process.stderr.read() == b""
    lost = run.matching(records, type="lost", where="looks")
    assert lost[0]["count"] >= 20, lost
    assert records[-1]["lost"] == sum(record["count"] for record in run.matching(records, type="lost"))


# Terminals.


@pytest.fixture
def terminal():
    """Both ends, and the settings that it has."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, b"\x18\x00\x50\x00\x00\x00\x00\x00")
    yield ours, theirs
    os.close(theirs)


def read_until(fd, text):
    """What came, once that is in it."""
    os.set_blocking(fd, False)
    output = bytearray()

    def there():
        try:
            output.extend(os.read(fd, 65536))
        except BlockingIOError:
            pass
        return text in output

    wait_until(there, 20, f"{text} on the terminal")
    return bytes(output)


def on_terminal(unread, terminal, *arguments):
    return unread(*arguments, pair=terminal, stdin=terminal[1], env={**os.environ, "TERM": "xterm-256color"})


def test_json_on_a_terminal(unread, terminal):
    termios.tcflow(terminal[1], termios.TCOOFF)
    live = on_terminal(unread, terminal, "-j", *TALKS)
    live.wait()
    assert live.end(signal.SIGTERM) == (0, TOLD)


@pytest.mark.parametrize("number", ENDS)
def test_a_stopped_terminal(unread, terminal, number):
    """The live view after Ctrl-S: a signal ends it, and the settings are as they were."""
    settings = termios.tcgetattr(terminal[1])
    live = on_terminal(unread, terminal, *TALKS)
    read_until(terminal[0], b"sockstall")
    termios.tcflow(terminal[1], termios.TCOOFF)
    live.wait()
    code, _ = live.end(number)
    assert code == 0
    assert termios.tcgetattr(terminal[1]) == settings


def test_a_terminal_that_goes_on(unread, terminal):
    """Ctrl-S, and Ctrl-Q: nothing has happened."""
    settings = termios.tcgetattr(terminal[1])
    live = on_terminal(unread, terminal, *TALKS)
    read_until(terminal[0], b"sockstall")
    termios.tcflow(terminal[1], termios.TCOOFF)
    live.wait()
    time.sleep(1)
    termios.tcflow(terminal[1], termios.TCOON)
    os.write(terminal[0], b"q")
    read_until(terminal[0], b"\x1b[?1049l")
    assert live.process.wait(5 * PATIENCE) == 0
    assert termios.tcgetattr(terminal[1]) == settings
