# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""`sockstall end` where nobody reads what it says: what is done, or not, is known all the same, and a signal ends it."""

import errno
import os
import signal
import socket
import subprocess
import time

import pytest

import run
from child import PATIENCE, wait_until
from test_end import answered, journal, reader, selector, still_reads
from test_unread import FULL, unread

__all__ = ["journal", "unread"]

DONE = b"sockstall: end: done; the record of that could not be written: its reader does not read\n"
NOT_DONE = b"sockstall: end: nothing was done; the record of that could not be written: its reader does not read\n"
UNLOGGED = b"sockstall: end: the journal does not accept messages: this is not logged\n"


@pytest.mark.parametrize("json", [["-j"], []], ids=["json", "lines"])
def test_done_and_told_on_stderr(room, journal, unread, json):
    """The journal has its line, too, and that before the write that waits."""
    logged, enter = journal
    client, twin = reader(room, 5171), reader(room, 5172)
    ending = unread("end", *selector(client), "--yes", *json, before=enter, full=True)
    ending.wait()
    assert client.said("returned")["error"] == "ECONNABORTED"
    wait_until(lambda: logged, 5, "the journal's line")
    assert len(logged) == 1 and logged[0].endswith(": done")
    assert ending.end(signal.SIGTERM) == (1, DONE)
    assert ending.rest() == FULL
    answered(twin)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_not_done_and_told_on_stderr(room, journal, unread, number):
    logged, enter = journal
    client = reader(room, 5173)
    ending = unread("end", *selector(client), "-j", before=enter, full=True)
    ending.wait()
    assert ending.end(number) == (1, NOT_DONE)
    assert ending.rest() == FULL and not logged
    assert still_reads(client)
    answered(client)


def test_what_is_refused_is_one_line(room, unread):
    """The record says why, and where that is not read stderr does."""
    client = reader(room, 5174)
    client.fd += 900
    ending = unread("end", *selector(client), "--yes", "-j", full=True)
    ending.wait()
    code, said = ending.end(signal.SIGTERM)
    assert code == 1 and said.count(b"\n") == 1 and said.startswith(b"sockstall: end: "), said
    assert str(client.fd).encode() in said and b"does not read" in said, said
    assert still_reads(client)


def test_read_at_last(room, unread):
    """Nothing is lost to a reader that only took its time."""
    client = reader(room, 5175)
    ending = unread("end", *selector(client), "--yes", "-j", full=True)
    ending.wait()
    time.sleep(0.3)  # several of the ticks that interrupt a write
    assert ending.process.poll() is None
    written = ending.rest()
    assert ending.process.wait(10 * PATIENCE) == 0 and ending.process.stderr.read() == b""
    assert run.parse_line(written[len(FULL) :])["result"] == "done"


@pytest.mark.parametrize("words", [["--yes"], []], ids=["yes", "plan"])
def test_stderr_in_the_same_pipe(room, unread, words):
    client = reader(room, 5176)
    ending = unread("end", *selector(client), *words, stderr=subprocess.STDOUT, full=True)
    ending.wait()
    assert ending.end(signal.SIGTERM) == (1, None)
    assert ending.rest() == FULL


def test_only_stderr_is_not_read(unread):
    """A refusal by name of an id that there is not: the line has no place, and a signal ends it."""
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    try:
        while os.write(theirs, FULL):
            pass
    except BlockingIOError:
        os.set_blocking(theirs, True)
    with open(os.devnull, "wb") as nowhere:
        ending = unread("end", "reader-1-1-1", "--yes", pair=(ours, nowhere.fileno()), stderr=theirs)
        os.close(theirs)
        ending.wait(fd=2)
        assert ending.end(signal.SIGTERM) == (1, None)


def test_full_disk(room):
    client = reader(room, 5177)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [run.SOCKSTALL, "end", *selector(client), "--yes"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=20 * PATIENCE,
        )
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "sockstall: end: done; the record of that could not be written: " f"{os.strerror(errno.ENOSPC)}\n"
    )
    assert client.said("returned")["error"] == "ECONNABORTED"


@pytest.fixture
def stuck_journal(tmp_path):
    """/dev/log of a journal that has stopped to read, and its queue is full."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "null").touch()
    log, other = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
    with log, other:
        log.bind(str(tmp_path / "dev" / "log"))
        other.connect(str(tmp_path / "dev" / "log"))
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                other.send(b"full")
        yield ["unshare", "-m", "sh", "-c", f'mount --bind {tmp_path}/dev /dev && exec "$@"', "sh"]


def test_a_journal_that_does_not_read(room, stuck_journal):
    """It waits a little, says so, and has done what it was asked to."""
    client = reader(room, 5178)
    done = run.sockstall("end", *selector(client), "--yes", "-j", before=stuck_journal, timeout=20)
    assert done.returncode == 0 and done.stderr == UNLOGGED
    assert run.parse_line(done.stdout)["result"] == "done"
    assert client.said("returned")["error"] == "ECONNABORTED"
