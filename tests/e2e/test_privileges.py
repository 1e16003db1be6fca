# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What sockstall keeps once everything is attached, and what happens when it tries anything else."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

import run
import shim
from child import Child, wait_until
from test_degraded import ENOUGH, RELEASE, capabilities, program  # noqa: F401

# Numbers from linux/capability.h.
BITS = {
    "dac_override": 1,
    "dac_read_search": 2,
    "net_admin": 12,
    "sys_ptrace": 19,
    "sys_admin": 21,
    "syslog": 34,
    "bpf": 39,
    "checkpoint_restore": 40,
}
LOOKS = {"dac_read_search", "sys_ptrace", "bpf"}
# Before Linux 5.12 sockets' cookies are asked for in their namespaces.
ASKS = {"sys_admin"} if RELEASE < (5, 12) else set()


def status(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return dict(line.split(":", 1) for line in file.read().splitlines())


def held(pid, which="CapPrm"):
    mask = int(status(pid)[which], 16)
    return {name for name, bit in BITS.items() if mask & 1 << bit} | {
        bit for bit in range(64) if mask & 1 << bit and bit not in BITS.values()
    }


def apart_of(pid, name):
    """The child with this name."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        found = [child for child in map(int, file.read().split()) if status(child)["Name"].strip() == name]
    assert len(found) == 1, found
    return found[0]


def check_locked(pid):
    """No way back, and no other threads that might have been forgotten."""
    for tid in os.listdir(f"/proc/{pid}/task"):
        of_thread = status(f"{pid}/task/{tid}")
        assert int(of_thread["NoNewPrivs"]) == 1 and int(of_thread["Seccomp"]) == 2, of_thread
        assert int(of_thread["CapInh"], 16) == int(of_thread["CapAmb"], 16) == 0
        assert of_thread["CapEff"] == of_thread["CapPrm"]


def named(words):
    return " ".join(words if isinstance(words, list) else sorted(words)) or "all"


@pytest.mark.parametrize(
    "arguments, more",
    [
        (["readers"], {"sys_admin"}),
        (["readers", "--netns", "self"], ASKS),
        (["epoll"], ASKS),
        (["handshakes"], {"sys_admin"}),
        ([], {"sys_admin"}),
        (["handshakes", "--netns", "self"], ASKS),
        (["epoll", "--stacks"], ASKS | {"syslog"}),
        (["chains"], {"sys_admin"}),
        (["--flight", "5s"], {"sys_admin"}),
        (["-v"], {"sys_admin", "syslog"}),
        (["threads", "-p", "1"], ASKS),
    ],
    ids=named,
)
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
    said = subprocess.run(
        ["strace", "-e", "trace=capset,seccomp,prctl,openat", run.SOCKSTALL, "replay", recording, "-j"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    ).stderr
    before, after = said.split("SECCOMP_SET_MODE_FILTER", 1)
    assert "PR_SET_NO_NEW_PRIVS, 1" in before
    assert "permitted=1<<CAP_DAC_READ_SEARCH, inheritable=0" in before
    assert re.search(r'openat\(AT_FDCWD, "[^"]*recording", O_RDONLY', after), after


def sockets_made(*arguments):
    """By sockstall and its children, from start to end: the families."""
    said = subprocess.run(
        ["strace", "-f", "-e", "trace=socket,socketpair,connect,bind,listen,accept4", run.SOCKSTALL, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    ).stderr
    assert "exited with 0" in said
    return re.findall(r"(\w+)\((AF_\w+)?.*= \d+$", said, re.MULTILINE)


# Elsewhere sockstall-addr makes netlink sockets, for chains.
@pytest.mark.parametrize(
    "arguments", [["-a", "--netns", "self"], ["epoll", "--stacks"], ["handshakes"], ["readers"]], ids=" ".join
)
def test_no_socket_but_netlink(arguments):
    made = sockets_made(*arguments, "-d", "500ms", "-i", "100ms", "-j")
    # Those to the processes that read for it (test_hostile_reads.py), of which this is no end that others could connect to.
    made = [one for one in made if one != ("socketpair", "AF_UNIX")]
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
    assert len(links) > 3
    # To who makes the processes that read and unwind for it, to those that do, and to who asks for addresses: pairs, which have none.
    assert len([link for link in links if link.startswith("socket:")]) <= 5
    live.stop()


@pytest.mark.parametrize(
    "arguments, name, rights",
    [
        (["chains"], "sockstall-addr", {"net_admin", "sys_admin"}),
        (["--flight", "5s"], "sockstall-files", {"dac_override"}),
    ],
    ids=["addresses", "files"],
)
def test_what_those_set_apart_have(stream, arguments, name, rights):
    """One right each, and no descriptor of anything that sockstall looks at or writes to."""
    live = stream(*arguments, "-j")
    apart = apart_of(live.pid, name)
    wait_until(lambda: int(status(apart)["Seccomp"]) == 2, 10, "its filter")
    assert held(apart) == rights
    check_locked(apart)
    # Ctrl-Z goes to the whole process group, and sockstall may be waiting for an answer.
    ignored = int(status(apart)["SigIgn"], 16)
    assert all(ignored >> number - 1 & 1 for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP))
    links = {int(fd): os.readlink(f"/proc/{apart}/fd/{fd}") for fd in os.listdir(f"/proc/{apart}/fd")}
    assert links.pop(0) == links.pop(1) == "/dev/null" and links.pop(2).startswith("pipe:")
    assert sorted(link.split("[")[0] for link in links.values()) in (
        ["net:", "socket:"],
        [os.getcwd(), "socket:"],
    ), links
    live.stop()


def test_metrics_keep_nothing_to_write_with(tmp_path):
    live = Child([run.SOCKSTALL, "metrics", "--textfile", str(tmp_path)])
    wait_until((tmp_path / "sockstall.prom").exists, 10, "the file")
    assert held(live.pid) == LOOKS | {"sys_admin"}
    assert held(apart_of(live.pid, "sockstall-files")) == {"dac_override"}
    live.end()


def live_view(port):
    """The process of a live view that was started with this --port."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if (
                words[0] == run.SOCKSTALL.encode()
                and str(port).encode() in words
                and status(pid)["Name"].strip() == os.path.basename(run.SOCKSTALL)[:15]
            ):
                return int(pid)
        except OSError:
            pass
    return None


def test_the_live_view_cannot_end_anything_itself(tmux):
    screen = tmux("--port", "47123")
    screen.wait("q quit")
    view = live_view(47123)
    assert held(view) == LOOKS | {"sys_admin", "syslog"}
    check_locked(view)
    helper = apart_of(view, "sockstall-end")
    assert held(helper) == {"net_admin", "sys_ptrace", "sys_admin", "dac_read_search"}
    check_locked(helper)
    screen.keys("q")
    screen.check_restored()
    wait_until(lambda: not os.path.exists(f"/proc/{helper}"), 10, "the end of the helper")


def test_the_live_view_takes_no_descriptor(tmux):
    screen = tmux("--port", "47124", before=["env", f"LD_PRELOAD={shim.SHIM}", "SHIM_DO=descriptor"])
    shim.environment()
    text = screen.wait("code=")
    assert "code=1" in text and "stopped: system call 438" in text, text


def test_read_only(tmux):
    screen = tmux("--port", "47125", "--read-only")
    screen.wait("q quit")
    with pytest.raises(AssertionError):
        apart_of(live_view(47125), "sockstall-end")
    screen.keys("q")
    screen.check_restored()


def test_end_gives_up_its_rights_before_it_looks():
    """What is read from other processes is read without them: of the looks that are made, the last comes after that."""
    said = subprocess.run(
        ["strace", "-f", "-o", "/dev/stderr", "-e", "trace=bpf,seccomp,capset", run.SOCKSTALL, "end", "reader-1-2-3-4"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    ).stderr
    looks = [line for line in said.splitlines() if "BPF_ITER_CREATE" in line]
    looking = looks[-1].split()[0]
    lines = [line for line in said.splitlines() if line.split()[0] == looking]
    (filtered,) = [
        place for place, line in enumerate(lines) if "SECCOMP_SET_MODE_FILTER" in line and line.endswith("= 0")
    ]
    assert max(place for place, line in enumerate(lines) if "BPF_ITER_CREATE" in line) > filtered, said
    dropped = [line for line in lines[:filtered] if "capset(" in line][-1]
    assert "CAP_NET_ADMIN" not in dropped and "CAP_BPF" in dropped, dropped


def test_end_of_a_selector_keeps_nothing():
    """sockstall itself: who ends things is another process."""
    said = subprocess.run(
        ["strace", "-o", "/dev/stderr", "-e", "trace=capset", run.SOCKSTALL, "end", "pid=1", "fd=0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    ).stderr
    assert "effective=0, permitted=0" in said, said


def misbehaving(what, *arguments):
    """It does so as soon as it waits between two looks, which a busy machine may make late."""
    return run.sockstall(*(arguments or ("readers", "-j")), "-d", "10s", "-i", "50ms", env=shim.environment(DO=what))


NOT_ALLOWED = [
    "inet",
    "unix",
    "exec",
    "write",
    "code",
    "ptrace",
    "mount",
    "kill",
    "bpf",
    "namespace",
    "netlink",
    "netfilter",
    "owner",
    "signal",
    "async",
    "limit",
    "descriptor",
]


def check_stopped(done):
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert re.fullmatch(rb"sockstall: stopped: system call \d+ is not [^\n]+\n", done.stderr), done.stderr
    for line in done.stdout.splitlines(keepends=True):
        run.parse_line(line)  # no half a record
    assert not os.path.exists(shim.WRITTEN)


@pytest.mark.parametrize("what", NOT_ALLOWED)
def test_what_is_not_allowed_ends_it_with_one_line(what):
    check_stopped(misbehaving(what))


@pytest.mark.parametrize("what", ["netlink", "netfilter", "write", "descriptor"])
def test_nor_in_chains(what):
    check_stopped(misbehaving(what, "chains", "-j"))


@pytest.mark.parametrize("what", ["write", "owner"])
@pytest.mark.parametrize("mode", ["metrics", "flight"])
def test_nor_where_files_are_written(tmp_path, mode, what):
    arguments = {
        "metrics": ["metrics", "--textfile", tmp_path],
        "flight": ["-j", "--flight", "5s", "--dump-file", tmp_path / "looks"],
    }[mode]
    check_stopped(misbehaving(what, *arguments))


def test_what_is_allowed_does_not():
    done = misbehaving("nothing")
    assert (done.returncode, done.stderr) == (0, b"")
    run.parse(done.stdout)


def test_check_prints_both():
    done = run.sockstall("check", "-v")
    lines = {line[:30].strip(): line[30:].split(None, 1) for line in done.stdout.decode().splitlines()}
    assert lines["no_new_privs"][0] == lines["seccomp"][0] == "yes"
    assert set(lines["looks"][1].split()) == LOOKS
    assert lines["all network namespaces"][1] == "sys_admin" and lines["every run"][1] == "none"
    assert 20 < int(lines["every run"][0]) < 120 and int(lines["looks"][0]) > 3


def test_without_seccomp_it_says_so_and_goes_on():
    """As in a container whose own filter does not allow another one."""
    done = run.sockstall("readers", "-1", "-j", env=shim.environment(DO="", NO_SECCOMP=1))
    assert done.returncode == 0 and run.parse(done.stdout)
    assert done.stderr.count(b"\n") == 1 and b"continues without a seccomp filter" in done.stderr, done.stderr
