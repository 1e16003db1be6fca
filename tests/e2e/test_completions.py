# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Completion as the shells themselves do it: bash's, zsh's and fish's own machinery, on installed files."""

import os
import pty
import re
import select
import shlex
import subprocess
import time

import pytest

import contract
import run
from child import PATIENCE
from cgroups import Cgroup, cgroup2
from child import wait_until
from netns import Namespace

# The tests of a shell stay together, and those of another may run beside them.
SHELLS = [
    pytest.param(shell, marks=pytest.mark.xdist_group(f"completions-{shell}")) for shell in ("bash", "zsh", "fish")
]
EVERY_COMMAND = set(contract.COMMANDS) | set(contract.ALIASES)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The files where `make install` puts them, and a folder with two recordings."""
    top = tmp_path_factory.mktemp("installed")
    subprocess.run(
        ["make", "-s", "-C", run.ROOT, "install", f"DESTDIR={top}", "PREFIX=/usr"], check=True, capture_output=True
    )
    (top / "work").mkdir()
    for name in ("first.rec", "second.rec"):
        (top / "work" / name).touch()
    return top


def path(installed):
    return f"{installed}/usr/sbin:{os.environ['PATH']}"


def bash(installed, line):
    """bash-completion loads the file by the command's name; then its function is called as readline would."""
    words = re.findall(r"[^\s=]+|=", line) + ([""] if line.endswith((" ", "=")) else [])
    script = f"""
        . /usr/share/bash-completion/bash_completion
        _completion_loader sockstall
        COMP_LINE={shlex.quote(line)} COMP_POINT=${{#COMP_LINE}} COMP_WORDS=({shlex.join(words)})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        compopt() {{ :; }}  # it works only while readline asks
        function=$(complete -p sockstall | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        $function sockstall "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    # Not from the host: what is tested may be installed there in another version.
    data = installed / "usr" / "share"
    return _lines(
        ["bash", "--norc", "-c", script],
        installed,
        BASH_COMPLETION_USER_DIR=f"{data}/bash-completion",
        XDG_DATA_DIRS=str(data),
        PATH=path(installed),
    )


def fish(installed, line):
    folder = installed / "usr/share/fish/vendor_completions.d"
    # fish asks for completions of a command only if there is one of that name.
    script = (
        f"set fish_complete_path {folder} $fish_complete_path; set -p PATH {installed}/usr/sbin\n"
        f"complete -C {shlex.quote(line)}"
    )
    return {found.split("\t")[0] for found in _lines(["fish", "--no-config", "-c", script], installed)}


def zsh(installed, line):
    """zsh completes only where someone types: on a terminal, with a widget that lists what would be offered."""
    rc = installed / ".zshrc"
    rc.write_text(
        f"""
        fpath=({installed}/usr/share/zsh/site-functions $fpath)
        autoload -Uz compinit && compinit -d {installed}/zcompdump -u
        PS1= PROMPT_EOL_MARK= LISTMAX=100000
        zstyle ':completion:*' list-separator '\t'
        zmodload zsh/zutil
        # Every match ends in compadd: let it say what it was given that fits.
        compadd() {{
            if [[ ${{@[(r)-*O]}} || ${{@[(r)-*A]}} || ${{@[(r)-*D]}} ]]; then builtin compadd "$@"; return; fi
            local -a fitting
            builtin compadd -O fitting "$@"
            print -rl -- "<"${{^fitting}}">"
            builtin compadd "$@"
        }}
        show() {{ print -r -- "<<"; zle complete-word; print -r -- ">>"; exit; }}
        zle -N show
        bindkey '^X' show
        echo READY
    """
    )
    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["zsh", "-i"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=installed / "work",
        env={**os.environ, "ZDOTDIR": str(installed), "TERM": "dumb", "PATH": path(installed)},
        start_new_session=True,
    )
    os.close(slave)
    try:
        _read_until(master, b"READY")
        os.write(master, line.encode() + b"\x18")
        text = _read_until(master, b">>").decode()
    finally:
        process.kill()
        process.wait()
        os.close(master)
    return set(re.findall(r"<([^<>\r\n]+)>", text.partition("<<")[2]))


def _read_until(master, end, timeout=20):
    text, deadline = b"", time.monotonic() + timeout
    while end not in text:
        ready, _, _ = select.select([master], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"no {end} in {text}"
        text += os.read(master, 65536)
    return text


def _lines(argv, installed, **environment):
    done = subprocess.run(
        argv,
        cwd=installed / "work",
        capture_output=True,
        text=True,
        timeout=30 * PATIENCE,
        check=False,
        env={**os.environ, "HOME": str(installed), **environment},
    )
    assert done.stderr == "", done.stderr
    return set(done.stdout.split("\n")) - {""}


@pytest.fixture(params=SHELLS)
def complete(request, installed):
    return lambda line: globals()[request.param](installed, line)


def test_commands(complete):
    assert complete("sockstall ") & EVERY_COMMAND == EVERY_COMMAND
    assert complete("sockstall re") == {"readers", "replay"}


def test_only_one_command(complete):
    for command in "readers", *contract.ALIASES:
        assert not complete(f"sockstall {command} ") & EVERY_COMMAND


def test_long_options(complete):
    found = {word.rstrip("=") for word in complete("sockstall --")}
    assert found == contract.LONG


def test_short_options(complete, request):
    found = complete("sockstall -")
    if found <= contract.LONG:
        assert "bash" in request.node.name  # there a letter is as quickly typed
        return
    assert {word for word in found if len(word) == 2} == contract.SHORT


def test_options_behind_a_command(complete):
    assert {word.rstrip("=") for word in complete("sockstall readers --re")} == {
        "--record",
        "--ready-fd",
        "--read-only",
    }


def test_values_of_netns(complete):
    named = Namespace()
    try:
        found = complete("sockstall --netns ")
    finally:
        named.delete()
    inode = str(os.stat("/proc/self/ns/net").st_ino)
    assert {"all", "self", inode, named.name} <= found
    assert all(word in ("all", "self") or word.isdigit() or word.startswith("sst-") for word in found), found


def test_value_behind_an_equals_sign(complete):
    assert {word.rpartition("=")[2] for word in complete("sockstall --netns=se")} == {"self"}


@pytest.mark.parametrize("option", ["-p ", "--pid "])
def test_pids(complete, option):
    pid = str(os.getpid())
    assert pid in complete(f"sockstall {option}")
    assert {word.rpartition(",")[2] for word in complete(f"sockstall {option}1,{pid}")} >= {pid}


def test_comm(complete):
    with open("/proc/self/comm", encoding="utf-8") as file:
        assert file.read().strip() in complete("sockstall --comm ")


def test_a_list_of_names(complete):
    with open("/proc/self/comm", encoding="utf-8") as file:
        name = file.read().strip()
    found = complete(f"sockstall -c sst-other,{name[:3]}")
    assert {word.rpartition(",")[2] for word in found} >= {name}


@pytest.mark.parametrize("option", ["--on-stall", "--dump-on"])
def test_conditions(complete, option):
    found = complete(f"sockstall {option} ")
    assert {word.rstrip(".") for word in found} == set(run.STALLED)


def test_verdicts(complete):
    """Behind `explain`: every verdict, and every report."""
    found = complete("sockstall explain ")
    assert {"peer_dead", "reader", "stalled"} <= found
    for word in found:
        assert run.sockstall("explain", word).returncode == 0, word


def test_ids(complete, room, stall):
    """What is stuck now and can be ended: behind `end`, once."""
    peer = stall(room.there, "endpoint.py", f"listen={room.link.right4},7801,16", "accept")
    peer.said("listening")
    reader = stall(room.here, "endpoint.py", f"connect={room.link.right4},7801", "send=5", "block=recvfrom")
    reader.said("blocking")
    ids = wait_until(lambda: [one["id"] for one in run.findings(run.once(), pid=reader.pid)], 20, "the reader")
    found = complete("sockstall end ")
    assert set(ids) <= found and {"pid=", "cookie="} <= {word.rstrip() for word in found}
    assert complete(f"sockstall end {ids[0][:-2]}") == set(ids)
    assert not set(ids) & complete("sockstall end pid=1 "), "an id stands alone"
    assert not set(ids) & complete("sockstall readers ")


@pytest.mark.parametrize("option", ["--interval", "--duration", "--min-age"])
def test_durations(complete, option):
    found = complete(f"sockstall {option} ")
    assert "1m" in found
    for duration in found:
        assert run.sockstall(option, duration, "--version").returncode == 0
        assert run.sockstall(option, duration, "schema").stderr.decode().endswith("cannot be used with schema\n")


@pytest.mark.parametrize("before", ["--record", "replay"])
def test_files(complete, before):
    assert complete(f"sockstall {before} s") == {"second.rec"}
    assert {"first.rec", "second.rec"} <= complete(f"sockstall {before} ")


def test_no_files_elsewhere(complete):
    assert not complete("sockstall readers s")
    assert not {"first.rec", "second.rec"} & complete("sockstall --port ")


@pytest.fixture
def cgroup():
    mount = cgroup2()
    if mount not in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified") or not os.access(mount, os.W_OK):
        pytest.skip("no writable cgroup v2 hierarchy where systemd mounts it")
    group = Cgroup(mount)
    yield group
    group.delete()


def test_cgroups(complete, cgroup):
    """As sockstall takes them: from the mount point on."""
    cgroup.below("inner")
    # Only this one: other tests have names with bytes that are no text.
    assert {word.strip("/") for word in complete(f"sockstall --cgroup {cgroup.path[:-1]}")} >= {cgroup.path.strip("/")}
    found = complete(f"sockstall --cgroup {cgroup.path}/")
    assert {word.strip("/").rpartition("/")[2] for word in found} == {"inner"}
