# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Who runs the commands of --exec: a process of its own, so that sockstall gives up its rights all the same."""

import ctypes
import json
import os
import signal
import socket
import struct

import pytest

import run
from child import wait_until
from scene import block, waiting_client
from test_privileges import apart_of, check_locked, link_of, status
from test_reactions import options, reader, teller  # noqa: F401

RIGHTS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
PIDFD_OPEN, PIDFD_GETFD = 434, 438  # the same everywhere
RECORD = b'{"pid":1}\n'


def rights(pid):
    return {key: status(pid)[key].split() for key in RIGHTS}


def helper_of(live):
    """The child that starts commands; there may be others."""
    return apart_of(live.pid, "sockstall-exec")


def is_there(pid):
    """And no zombie that waits for a parent that is slow."""
    try:
        return status(pid)["State"].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_gone(helper):
    """One that stays would hold stderr, which is read to its end."""
    try:
        wait_until(lambda: not is_there(helper), 10, "the end of the helper")
    except AssertionError:
        os.kill(helper, signal.SIGKILL)
        raise


@pytest.mark.parametrize("arguments", [["readers"], [], ["-v"]], ids=["readers", "all", "stacks"])
def test_nothing_more_is_kept(stream, arguments):
    without = stream(*arguments, "-j")
    live = stream(*arguments, "-j", "--on-stall", "reader.age>1h", "--exec", "true")
    assert rights(live.pid) == rights(without.pid)
    check_locked(live.pid)
    live.stop()
    without.stop()


def test_a_command_has_the_callers_rights(room, teller, stream):
    command, told = teller
    client = reader(room)
    live = stream(*options(client, "--on-stall", "reader.age>0", "--exec", command))
    one = wait_until(told, 15, "the command")[0]
    its = dict(line.split(":", 1) for line in one["status"].splitlines())
    assert {key: its[key].split() for key in RIGHTS} == rights(os.getpid())
    live.stop()


def test_what_it_has(stream):
    """Neither stdout, whose end would not be seen, nor anything of BPF's; and all rights."""
    live = stream("-j", "--on-stall", "reader.age>1h", "--exec", "true")
    helper = helper_of(live)
    assert rights(helper) == rights(os.getpid())
    fds = {int(fd): os.readlink(f"/proc/{helper}/fd/{fd}") for fd in os.listdir(f"/proc/{helper}/fd")}
    assert fds.pop(0) == fds.pop(1) == "/dev/null"
    assert fds.pop(2).startswith("pipe:")
    assert sorted(link.split("[")[0].split(":")[0] for link in fds.values()) == ["anon_inode", "socket"], fds
    live.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_sockstall(stream, number):
    live = stream("-j", "--on-stall", "reader.age>1h", "--exec", "true")
    helper = helper_of(live)
    assert is_there(helper)
    os.kill(live.pid, number)
    wait_gone(helper)


def test_it_is_killed_with_sockstall(stream):
    """Also where its socket does not tell it."""
    live = stream("-j", "--on-stall", "reader.age>1h", "--exec", "true")
    helper = helper_of(live)
    with socket_of(live):
        os.kill(live.pid, signal.SIGKILL)
        wait_gone(helper)


def test_it_ends_where_nothing_could_run(tmp_path):
    """Where sockstall stops before its first look."""
    done = run.sockstall("-j", "--record", tmp_path / "no" / "file", "--on-stall", "reader.age>1h", "--exec", "true")
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1, done.stderr


def test_signals_to_the_whole_group(room, teller, stream):
    """Ctrl-C goes to it as well, and its last lines are still to come: it ends when sockstall does."""
    command, told = teller
    client = reader(room)
    live = stream(*options(client, "--on-stall", "reader.age>1s", "--exec", f"{command} 'sys.exit(7)'"))
    helper = helper_of(live)
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE:
        os.kill(helper, number)
    one = wait_until(told, 15, "the command")[0]
    wait_until(lambda: not os.path.exists(f"/proc/{one['pid']}"), 10, "it to be reaped")
    live.stop()
    assert b"failed with exit status 7\n" in live.errors


def test_without_its_helper(room, stream):
    """Killed: a line, and the run goes on."""
    client = waiting_client(room, 5231, room.link.right4)
    live = stream(*options(client, "--on-stall", "reader.age>0", "--exec", "true"))
    helper = helper_of(live)
    os.kill(helper, signal.SIGKILL)
    wait_gone(helper)
    block(client)
    live.wait(10, event="open", pid=client.pid)
    client.peer.tell("send=5")
    live.wait(10, event="close", pid=client.pid)
    live.stop()
    assert live.errors.splitlines() == [
        b"sockstall: --exec: cannot hand a record on: Broken pipe",
        b"sockstall: --exec: records not handed on: 1",
    ]


# What sockstall says to it, once someone has taken sockstall over.


def socket_of(live):
    """A copy of sockstall's end."""
    libc = ctypes.CDLL(None, use_errno=True)
    links = {int(fd): link_of(f"/proc/{live.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{live.pid}/fd")}
    # It was set apart before all others.
    fd = min(fd for fd, link in links.items() if (link or "").startswith("socket:") and fd > 2)
    pidfd = libc.syscall(PIDFD_OPEN, live.pid, 0)
    copy = libc.syscall(PIDFD_GETFD, pidfd, fd, 0)
    assert copy >= 0, os.strerror(ctypes.get_errno())
    os.close(pidfd)
    return socket.socket(fileno=copy)


def message(*variables, record=RECORD, size=None, count=None, hold=0):
    head = struct.pack("=III", len(record) if size is None else size, len(variables) if count is None else count, hold)
    return head + record + b"".join(text + b"\0" for text in variables)


def send(asked, text):
    """It does not wait where there is no room: here that is done."""

    def sent():
        try:
            return asked.send(text) == len(text)
        except BlockingIOError:
            return False

    wait_until(sent, 10, "room in the socket")


def test_what_is_refused(teller, stream):
    """Nothing that it is told changes what runs, or reaches the command but as a record's fields."""
    command, told = teller
    live = stream("-j", "--on-stall", "reader.age>1h", "--exec", f"{command} word", "--exec-limit", "1")
    wrong = [
        message(b"LD_PRELOAD=/x.so"),
        message(b"PATH=/tmp"),
        message(b"SOCKSTALL_COMM=\x1b[2J"),
        message(count=1),
        message(b"SOCKSTALL_PID=1", count=2),
        message(size=1 << 31),
        message(record=b"{}\n{}\n"),
        message(hold=2),
        message(record=b""),
        b"x",
        message(record=b"{pid}\n"),
        message(record=b'{"pid":1}{"pid":2}\n'),
        message(record=b'{"pid":1,"pid":2}\n'),
        message(record=b'{"why":"\xff"}\n'),
        message(record=b"{" * 5000 + b"}\n"),
        message(b"SOCKSTALL_WHY=" + b"x" * 131072),
    ]
    with socket_of(live) as asked:
        for one in wrong:
            send(asked, one)
        send(asked, message(b"SOCKSTALL_PID=1"))
        one = wait_until(told, 15, "the command")[0]
        send(asked, message(b"SOCKSTALL_PID=2"))  # the limit is the helper's, too
        helper = helper_of(live)
    live.stop()
    wait_gone(helper)
    assert [json.loads(each["record"]) for each in told()] == [{"pid": 1}]
    assert one["arguments"] == ["word"]
    assert set(one["environment"]) - {"LC_CTYPE"} == {"PATH", "SOCKSTALL_PID"}
    assert one["environment"]["PATH"] == os.environ["PATH"]
    assert live.errors.count(b"sockstall: --exec: a message that is refused: ") == len(wrong), live.errors
    assert b"starts left out: 1 (" in live.errors


def test_check_tells(stream):
    lines = run.sockstall("check", "-v").stdout.decode().splitlines()
    assert [line.split(None, 3)[3].split()[0] for line in lines if line.startswith("commands of --exec")] == ["all"]
