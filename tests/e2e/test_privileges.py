# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What sockstall keeps once everything is attached, and what happens when it tries anything else."""

import os
import pathlib
import re
import subprocess

import pytest

import run
import shim
from child import Child, wait_until
from test_degraded import ENOUGH, RELEASE, capabilities, program  # pylint: disable=unused-import

# Numbers from linux/capability.h.
BITS = {"dac_override": 1, "dac_read_search": 2, "sys_ptrace": 19, "sys_admin": 21, "syslog": 34, "bpf": 39}
LOOKS = {"dac_read_search", "sys_ptrace", "bpf"}
# Before Linux 5.12 sockets' cookies are asked for in their namespaces.
ASKS = {"sys_admin"} if RELEASE < (5, 12) else set()


def status(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return dict(line.split(":", 1) for line in file.read().splitlines())


def held(pid, which="CapPrm"):
    mask = int(status(pid)[which], 16)
    return {name for name, bit in BITS.items() if mask & 1 << bit} | \
        {bit for bit in range(64) if mask & 1 << bit and bit not in BITS.values()}


def check_locked(pid):
    """No way back, and no other threads that might have been forgotten."""
    for tid in os.listdir(f"/proc/{pid}/task"):
        of_thread = status(f"{pid}/task/{tid}")
        assert int(of_thread["NoNewPrivs"]) == 1 and int(of_thread["Seccomp"]) == 2, of_thread
        assert int(of_thread["CapInh"], 16) == int(of_thread["CapAmb"], 16) == 0
        assert of_thread["CapEff"] == of_thread["CapPrm"]


@pytest.mark.parametrize("arguments, more", [
    (["readers"], ASKS), (["epoll"], ASKS), (["handshakes"], {"sys_admin"}), ([], {"sys_admin"}),
    (["handshakes", "--netns", "self"], ASKS), (["epoll", "--stacks"], ASKS | {"syslog"}),
    (["-v"], {"sys_admin", "syslog"}), (["threads", "-p", "1"], ASKS)], ids=lambda value: " ".join(value) or "all")
def test_what_is_kept(stream, arguments, more):
    live = stream(*arguments, "-j")
    assert held(live.pid) == LOOKS | more
    assert not held(live.pid, "CapBnd")
    check_locked(live.pid)
    live.stop()


def test_another_user_keeps_no_more_than_it_had(program):
    live = Child([*capabilities(*ENOUGH), program, "readers", "-j"])
    wait_until(lambda: live.lines, 10, "the first record")
    assert held(live.pid) == LOOKS - {"dac_read_search"}
    check_locked(live.pid)
    live.end()


def test_replay_keeps_next_to_nothing(tmp_path):
    recording = tmp_path / "recording"
    assert run.sockstall("-d", "3s", "-i", "1s", "-j", "--record", recording).returncode == 0
    replay = Child([run.SOCKSTALL, "replay", str(recording), "-j"])
    code = replay.join()
    assert code == 0 and run.parse(b"".join(replay.lines))
    # Too quick to be looked at: what the kernel was asked for tells.
    said = subprocess.run(["strace", "-e", "trace=capset,seccomp,prctl,openat", run.SOCKSTALL, "replay", recording, "-j"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True).stderr
    before, after = said.split("SECCOMP_SET_MODE_FILTER", 1)
    assert "PR_SET_NO_NEW_PRIVS, 1" in before
    assert "permitted=1<<CAP_DAC_READ_SEARCH, inheritable=0" in before
    assert re.search(r'openat\(AT_FDCWD, "[^"]*recording", O_RDONLY', after), after


def sockets_made(*arguments):
    """By sockstall and its children, from start to end: the families."""
    said = subprocess.run(["strace", "-f", "-e", "trace=socket,socketpair,connect,bind,listen,accept4", run.SOCKSTALL,
                           *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True).stderr
    assert "exited with 0" in said
    return re.findall(r"(\w+)\((AF_\w+)?.*= \d+$", said, re.MULTILINE)


@pytest.mark.parametrize("arguments", [["-a"], ["epoll", "--stacks"], ["handshakes"], ["readers"]], ids=" ".join)
def test_no_socket_but_netlink(arguments):
    made = sockets_made(*arguments, "-d", "500ms", "-i", "100ms", "-j")
    assert {family for _, family in made} <= {"AF_NETLINK"}, made
    assert RELEASE < (5, 12) or not made, made


def link_of(descriptor):
    """None: closed by now, as those of a look are."""
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:
        return None


def test_no_socket_is_held(stream):
    live = stream("-a", "-j")
    live.wait(type="start")
    links = [path for path in map(link_of, pathlib.Path(f"/proc/{live.pid}/fd").iterdir()) if path]
    assert len(links) > 3 and not [link for link in links if link.startswith("socket:")]
    live.stop()


def misbehaving(what):
    return run.sockstall("readers", "-d", "300ms", "-i", "50ms", "-j", env=shim.environment(DO=what))


@pytest.mark.parametrize("what", ["inet", "unix", "exec", "write", "code", "ptrace", "mount", "kill", "bpf", "namespace"])
def test_what_is_not_allowed_ends_it_with_one_line(what):
    done = misbehaving(what)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert re.fullmatch(rb"sockstall: stopped: system call \d+ is not [^\n]+\n", done.stderr), done.stderr
    for line in done.stdout.splitlines(keepends=True):
        run.parse_line(line)  # no half a record
    assert not os.path.exists("/tmp/sockstall-should-not-be")


def test_what_is_allowed_does_not():
    done = misbehaving("nothing")
    assert (done.returncode, done.stderr) == (0, b"")
    run.parse(done.stdout)


def test_check_prints_both():
    done = run.sockstall("check")
    lines = {line[:30].strip(): line[30:].split(None, 1) for line in done.stdout.decode().splitlines()}
    assert lines["no_new_privs"][0] == lines["seccomp"][0] == "yes"
    assert set(lines["looks"][1].split()) == LOOKS
    assert lines["all network namespaces"][1] == "sys_admin" and lines["every run"][1] == "none"
    assert 20 < int(lines["every run"][0]) < 120 and int(lines["looks"][0]) > 3


def test_without_seccomp_it_says_so_and_goes_on():
    """As in a container whose own filter does not allow another one."""
    done = run.sockstall("readers", "-1", "-j", env=shim.environment(DO="", NO_SECCOMP=1))
    assert done.returncode == 0 and run.parse(done.stdout)
    assert done.stderr.count(b"\n") == 1 and b"goes on without a seccomp filter" in done.stderr, done.stderr
