# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""--on-stall with --exec, and --flight with --dump-on: what runs, with what, how often; and what is kept."""

import json
import os
import re
import signal
import stat
import time

import pytest

import run
from child import PYTHON, wait_until
from scene import block, waiting_client
from terminal import run_in_pty

# What a command is told and how it was started, one JSON line each time; then it waits, is idle or fails, as told.
TOLD = r"""
import json, os, sys, time
fds = [int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")]
mask = [line.split()[1] for line in open("/proc/self/status") if line.startswith("SigBlk")]
with open(sys.argv[1], "a") as log:
    log.write(json.dumps({
        "arguments": sys.argv[2:], "record": sys.stdin.read(), "environment": dict(os.environ), "fds": fds,
        "mask": mask, "pid": os.getpid(), "group": os.getpgrp(), "folder": os.getcwd(),
        "uid": os.getresuid(), "status": open("/proc/self/status").read()}) + "\n")
print("on stdout", flush=True)
exec(sys.argv[2] if len(sys.argv) > 2 else "")
"""


@pytest.fixture
def teller(tmp_path):
    """A command for --exec, as words; and what it was told so far."""
    (tmp_path / "told.py").write_text(TOLD)
    log = tmp_path / "told.log"

    def told():
        """Of whole lines: a command may be at its next one."""
        lines = log.read_text().splitlines(keepends=True) if log.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    return f"{PYTHON} {tmp_path}/told.py {log}", told


def reader(room, port=5201):
    return block(waiting_client(room, port, room.link.right4))


def options(client, *more):
    return "readers", "-j", "-i", "100ms", "-m", "100ms", "-p", client.pid, *more


def test_record_and_environment(room, teller, stream):
    command, told = teller
    client = reader(room)
    before = {**os.environ, "SECRET": "x", "LD_PRELOAD": "", "PATH": os.environ["PATH"]}
    live = stream(
        *options(client, "--on-stall", "reader.age>1s and reader.verdict==awaiting_reply", "--exec", command),
        env=before,
    )
    one = wait_until(told, 15, "the command")[0]
    assert one["record"].count("\n") == 1
    record = run.parse_line(one["record"].encode())
    assert record["pid"] == client.pid and record["verdict"] == "awaiting_reply" and record["age_s"] > 1
    opened = live.wait(5, event="open", pid=client.pid)
    assert record["id"] == opened["id"] and record["since"] == opened["since"]
    # PATH and the fields, as JSON has them; what is not known is not there.
    environment = one["environment"]
    assert environment.pop("PATH") == os.environ["PATH"]
    environment.pop("LC_CTYPE", None)  # Python's own doing in the C locale
    known = {f"SOCKSTALL_{key.upper()}": value for key, value in record.items() if value is not None}
    assert set(environment) == set(known)
    assert environment["SOCKSTALL_TYPE"] == "reader" and environment["SOCKSTALL_PID"] == str(client.pid)
    assert environment["SOCKSTALL_KEEPALIVE"] == "false" and environment["SOCKSTALL_WHY"] == record["why"]
    assert float(environment["SOCKSTALL_AGE_S"]) == record["age_s"]
    # Nothing else comes along, and its words do not become data.
    assert set(one["fds"]) <= {0, 1, 2, 3}  # 3: the folder that it listed
    assert one["mask"] == ["0" * 16]
    assert one["group"] == one["pid"] and one["folder"] == os.getcwd() and one["uid"] == list(os.getresuid())
    # Once in the life of a stall.
    time.sleep(1)
    assert len(told()) == 1
    live.stop()
    assert live.errors == b"on stdout\n"


def test_healthy_twin_and_condition_not_met(room, teller, stream):
    command, told = teller
    client, other = reader(room, 5202), reader(room, 5203)
    live = stream(
        "readers",
        "-j",
        "-i",
        "100ms",
        "-m",
        "100ms",
        "-p",
        f"{client.pid},{other.pid}",
        "--on-stall",
        f"reader.pid=={client.pid} and reader.age>700ms",
        "--exec",
        command,
    )
    live.wait(10, event="open", pid=other.pid)
    wait_until(told, 15, "the command")
    time.sleep(1)
    records = [json.loads(one["record"]) for one in told()]
    assert [record["pid"] for record in records] == [client.pid], live.records()
    live.stop()


def test_a_second_stall_runs_it_again(room, teller, stream):
    command, told = teller
    client = reader(room)
    live = stream(*options(client, "--on-stall", "reader.age>300ms", "--exec", command))
    wait_until(told, 15, "the command")
    client.peer.tell("send=5")
    client.said("returned")
    client.tell("send=5")
    block(client)
    second = wait_until(lambda: told()[1:], 15, "the command again")[0]
    assert json.loads(second["record"])["id"] != json.loads(told()[0]["record"])["id"]
    live.stop()


def test_words_without_a_shell(room, teller, stream):
    command, told = teller
    client = reader(room)
    stream(
        *options(client, "--on-stall", "reader.age>0", "--exec", f"""{command} '' "a  b" $HOME *;x|y `id` 'it''s' """)
    )
    one = wait_until(told, 15, "the command")[0]
    assert one["arguments"] == ["", "a  b", "$HOME", "*;x|y", "`id`", "its"]


def test_shell_when_asked(room, tmp_path, stream):
    client = reader(room)
    stream(
        *options(
            client,
            "--on-stall",
            "reader.age>0",
            "--shell",
            "--exec",
            f'echo "$SOCKSTALL_PID" $((20 + 3)) | tr 2 x > {tmp_path}/out; mv {tmp_path}/out {tmp_path}/done',
        )
    )
    done = tmp_path / "done"
    wait_until(done.exists, 15, "the command")
    assert done.read_text() == f"{client.pid} 23\n".replace("2", "x")


def test_hostile_comm(room, teller, stream):
    """A thread names itself with what a terminal and a shell would take for more."""
    command, told = teller
    client = block(waiting_client(room, 5204, room.link.right4, "comm=" + b"$(id)\x1b[2J\n".hex()))
    stream(*options(client, "--on-stall", "reader.age>0", "--exec", command))
    one = wait_until(told, 15, "the command")[0]
    assert one["environment"]["SOCKSTALL_COMM"] == "$(id)\\x1b[2J\\x0a"
    assert json.loads(one["record"])["comm"] == "$(id)\x1b[2J\n"


def test_limits(room, teller, stream):
    """Two a minute; the third is left out, and told of."""
    command, told = teller
    client = reader(room)
    live = stream(*options(client, "--on-stall", "reader.age>100ms", "--exec", command, "--exec-limit", "2"))
    for number in range(1, 4):
        live.wait_line(lambda line: line.count(b'"event":"open"'), 10, start=len(live.lines) if number > 1 else 0)
        if number < 3:
            wait_until(lambda: len(told()) >= number, 15, f"command {number}")
        else:
            time.sleep(1)
        client.peer.tell("send=5")
        client.said("returned")
        if number < 3:
            seen = len(live.lines)
            live.wait_line(lambda line: b'"event":"close"' in line, 10, start=seen - 1)
            client.tell("send=5")
            block(client)
    assert len(told()) == 2
    live.stop()
    assert b"sockstall: --exec: starts left out: 1 (4 at once, 2 a minute: --exec-limit)\n" in live.errors


def test_at_most_four_at_once_and_left_to_run(room, teller, stream):
    """Commands that do not end; the fifth stall starts none. They are no one's zombies, and outlive sockstall."""
    command, told = teller
    clients = [reader(room, 5210 + number) for number in range(5)]
    pids = ",".join(str(client.pid) for client in clients)
    live = stream(
        "readers",
        "-j",
        "-i",
        "100ms",
        "-m",
        "100ms",
        "-p",
        pids,
        "--on-stall",
        "reader.age>100ms",
        "--exec",
        f"{command} 'os.close(1); os.close(2); time.sleep(60)'",
        "--exec-limit",
        "600",
    )
    wait_until(lambda: len(told()) == 4, 20, "four commands")
    time.sleep(1)
    commands = [one["pid"] for one in told()]
    try:
        assert len(commands) == 4
        live.stop()
        assert b"left out: 1 (4 at once" in live.errors
        for pid in commands:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as file:
                assert file.read().rpartition(")")[2].split()[0] in "SDR"
    finally:
        for pid in commands:
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("before", [(), ("env", "--ignore-signal=CHLD")], ids=["plain", "sigchld_ignored"])
def test_children_are_reaped(room, teller, stream, before):
    command, told = teller
    client = reader(room)
    live = stream(*options(client, "--on-stall", "reader.age>0", "--exec", f"{command} 'sys.exit(7)'"), before=before)
    one = wait_until(told, 15, "the command")[0]
    wait_until(lambda: not os.path.exists(f"/proc/{one['pid']}"), 10, "it to be reaped")
    live.stop()
    assert f"(pid {one['pid']}) failed with exit status 7\n".encode() in live.errors


@pytest.mark.parametrize(
    "command, why",
    [
        ("/nonexistent/x", b"No such file"),
        ("/etc/passwd", b"Permission denied"),
        ("no-such-command-in-path", b"No such file"),
    ],
)
def test_a_command_that_cannot_run(room, stream, command, why):
    """One line, and the run goes on."""
    client = reader(room)
    live = stream(*options(client, "--on-stall", "reader.age>0", "--exec", command))
    live.wait(10, event="open", pid=client.pid)
    wait_until(lambda: live.errors, 10, "what it says of the command")
    live.stop()
    assert live.errors.count(b"\n") == 1
    assert live.errors.startswith(f"sockstall: --exec: cannot run {command}: ".encode()) and why in live.errors


def test_a_script_without_interpreter_is_not_given_to_a_shell(room, tmp_path, stream):
    script = tmp_path / "script"
    script.write_text(f"touch {tmp_path}/ran\n")
    script.chmod(0o755)
    client = reader(room)
    live = stream(*options(client, "--on-stall", "reader.age>0", "--exec", str(script)))
    live.wait(10, event="open", pid=client.pid)
    wait_until(lambda: live.errors, 10, "what it says of the command")
    live.stop()
    assert b"Exec format error" in live.errors and not (tmp_path / "ran").exists()


def test_under_the_live_view(room, teller, tmp_path):
    """What a command says and what is to be said of it does not fall into the picture: it comes when that is gone."""
    command, told = teller
    client = reader(room)
    told_twice = tmp_path / "twice"
    written, code = run_in_pty(
        [
            run.SOCKSTALL,
            "readers",
            "-i",
            "100ms",
            "-m",
            "100ms",
            "-p",
            client.pid,
            "--on-stall",
            "reader.age>0",
            "--shell",
            "--exec",
            f"{command} 'sys.exit(7)'; touch {told_twice}; exit 9",
        ],
        until=b"awaiting_reply",
    )
    wait_until(told_twice.exists, 10, "the command")
    assert code == 0 and len(told()) == 1
    assert b"on stdout" not in written
    failed = [line for line in written.split(b"\r\n") if b"failed with exit status 9" in line]
    assert len(failed) <= 1  # it may have been too late for that
    if failed:
        assert written.rindex(b"sockstall: --exec: ") > written.rindex(b"\x1b[?1049l")


# --flight

REACH = "sockstall: --flight: 64 MiB will reach about "


def recordings(folder):
    return sorted(path for path in os.listdir(folder) if path != "told.py")


def replayed(path):
    done = run.sockstall("replay", path, "-j")
    assert done.returncode == 0, done.stderr
    return run.parse(done.stdout)


def test_flight_keeps_the_time_before(room, tmp_path, stream):
    """The recording begins before the stall, ends when it met the condition, and replays like any."""
    path = tmp_path / "looks"
    client = waiting_client(room, 5221, room.link.right4)
    live = stream(*options(client, "--flight", "20s", "--dump-on", "reader.age>1500ms", "--dump-file", path))
    time.sleep(0.5)
    block(client)
    wait_until(path.exists, 20, "the recording")
    live.wait_line(lambda line: b'"event":"open"' in line, 10)
    live.stop()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    reach, said = live.errors.decode().splitlines()
    assert reach.startswith(REACH) and " 20.0 s back (" in reach
    assert said.startswith("sockstall: --flight: reader-") and said.endswith(f" are in {path}")
    records = replayed(path)
    assert records[0]["flight_s"] == pytest.approx(float(re.search(r" looks? of ([0-9.]+) s ", said)[1]), abs=0.06)
    opened = run.matching(records, event="open", pid=client.pid)
    assert len(opened) == 1 and records[-1]["looks"] >= 2
    assert opened[0]["id"] in live.errors.decode()
    once = run.parse(run.sockstall("replay", path, "-1", "-j").stdout)
    last = run.findings(once, pid=client.pid)[-1]
    assert records[0]["flight_s"] > last["age_s"] > 1.5
    assert recordings(tmp_path) == ["looks"]


def test_flight_tells_how_far_it_reaches(room, tmp_path, stream):
    """Once; and that it is not as far as asked, where memory is too little."""
    client = reader(room)
    live = stream(*options(client, "--flight", "1h"), cwd=tmp_path)
    wait_until(lambda: live.errors, 10, "how far it reaches")
    live.wait(10, event="open", pid=client.pid)
    live.stop()
    told = re.fullmatch(REACH + r"([^\n]+) back(, not 1 h 0 min)? \([0-9]+ KiB a look\)\n", live.errors.decode())
    assert told and (told[1] == "1 h 0 min") == (told[2] is None), live.errors
    assert run.matching(live.records(), type="start")[0]["flight_s"] is None


def test_flight_is_bounded(room, tmp_path, stream):
    """No more than the last second."""
    client = reader(room)
    stream(*options(client, "--flight", "1s", "--dump-on", "reader.age>4s", "--dump-file", tmp_path / "looks"))
    wait_until((tmp_path / "looks").exists, 20, "the recording")
    records = replayed(tmp_path / "looks")
    assert run.matching(records, event="open", pid=client.pid)[0]["age_s"] > 2.5


def test_nothing_is_overwritten(room, tmp_path, stream):
    """Not a file, not what a link leads to; a number is put behind the name."""
    path = tmp_path / "looks"
    path.write_text("mine")
    (tmp_path / "looks.1").symlink_to(tmp_path / "elsewhere")
    client = reader(room)
    live = stream(*options(client, "--flight", "5s", "--dump-on", "reader.age>500ms", "--dump-file", path))
    wait_until((tmp_path / "looks.2").exists, 20, "the recording")
    live.stop()
    assert path.read_text() == "mine" and not (tmp_path / "elsewhere").exists()
    replayed(tmp_path / "looks.2")


def test_a_folder_that_is_exchanged_is_still_the_same(room, tmp_path, stream):
    """A link in its place leads nowhere."""
    folder, moved, target = tmp_path / "dir", tmp_path / "moved", tmp_path / "target"
    folder.mkdir()
    target.mkdir()
    client = reader(room)
    live = stream(*options(client, "--flight", "5s", "--dump-file", folder / "looks"))
    live.wait(10, event="open", pid=client.pid)
    folder.rename(moved)
    folder.symlink_to(target)
    os.kill(live.pid, signal.SIGUSR1)
    wait_until((moved / "looks").exists, 10, "the recording")
    live.stop()
    assert not os.listdir(target)
    replayed(moved / "looks")


def test_name_by_default_and_sigusr1(room, tmp_path, stream):
    client = reader(room)
    live = stream(*options(client, "--flight", "5s"), cwd=tmp_path)
    live.wait(10, event="open", pid=client.pid)
    assert not recordings(tmp_path)
    os.kill(live.pid, signal.SIGUSR1)
    wait_until(lambda: recordings(tmp_path), 10, "the recording")
    name = recordings(tmp_path)[0]
    assert name.startswith("sockstall-20") and name.endswith("Z.rec")
    assert live.process.poll() is None
    os.kill(live.pid, signal.SIGUSR1)
    wait_until(lambda: len(recordings(tmp_path)) == 2, 10, "a second recording")
    live.stop()
    assert run.matching(replayed(tmp_path / name), pid=client.pid, event="open")
    assert live.errors.count(b"sockstall: --flight: SIGUSR1: ") == 2


def test_a_folder_that_is_not_there(room, tmp_path, stream):
    client = reader(room)
    live = stream(*options(client, "--flight", "5s", "--dump-on", "reader.age>0", "--dump-file", tmp_path / "no" / "x"))
    live.wait(10, event="open", pid=client.pid)
    wait_until(lambda: b"cannot write" in live.errors, 10, "what it says of the file")
    live.stop()
    errors = [line for line in live.errors.decode().splitlines() if not line.startswith(REACH)]
    assert len(errors) == 1 and f"cannot write {tmp_path}/no/x: No such file" in errors[0]


def test_not_met_writes_nothing(room, tmp_path, stream):
    client = reader(room)
    live = stream(*options(client, "--flight", "5s", "--dump-on", "reader.verdict==peer_dead"), cwd=tmp_path)
    live.wait(10, event="open", pid=client.pid)
    wait_until(lambda: live.errors, 10, "how far it reaches")
    live.stop()
    assert not recordings(tmp_path)
    assert live.errors.decode().startswith(REACH) and live.errors.count(b"\n") == 1


# Bad input.


@pytest.mark.parametrize(
    "words, line",
    [
        (("--on-stall", "reader.age>1s"), "--on-stall and --exec need each other"),
        (("--exec", "true"), "--on-stall and --exec need each other"),
        (("--shell",), "--shell needs --exec"),
        (("--exec-limit", "3"), "--exec-limit needs --exec"),
        (("--dump-on", "reader.age>1s"), "--dump-on needs --flight"),
        (("--dump-file", "x"), "--dump-file needs --flight"),
        (("--flight", "500ms"), "--flight: expected a duration from 1s to 1h, got '500ms'"),
        (("--flight", "2h"), "--flight: expected"),
        (("--flight", "5s", "-1"), "--once and --flight exclude each other"),
        (("--exec-limit", "0"), "--exec-limit: expected a number from 1 to 600, got '0'"),
        (("--on-stall", "reader.agee>1s", "--exec", "true"), "--on-stall: a reader has no field 'agee'"),
        (("--flight", "5s", "--dump-on", "reader.age>x"), "--dump-on: age_s: expected a duration"),
        (("--on-stall", "reader.age>1s", "--exec", "a 'b"), "--exec: a quote has no end"),
        (("--on-stall", "reader.age>1s", "--exec", " "), "--exec: a command is missing"),
        (("--on-stall", "", "--exec", "true"), "--on-stall: expected a condition, got ''"),
        (("check", "--flight", "5s"), "--flight cannot be used with check"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_usage(words, line):
    done = run.sockstall(*words)
    assert done.returncode == 2 and done.stdout == b""
    assert done.stderr.count(b"\n") == 1 and done.stderr.decode().startswith(f"sockstall: {line}"), done.stderr


def test_with_once(room, teller):
    """One look, and what it starts is left to run."""
    command, told = teller
    client = reader(room)
    done = run.sockstall(
        "readers", "-1", "-j", "-m", "0", "-p", client.pid, "--on-stall", "reader.age>0", "--exec", command
    )
    assert done.returncode == 0
    assert json.loads(wait_until(told, 10, "the command")[0]["record"])["pid"] == client.pid
