# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Every option and every command of the contract."""

import json
import os
import platform
import re
import subprocess
import time

import pytest

import run
from cgroups import Cgroup, cgroup1
from child import PYTHON, Stall, wait_until
from scene import MIN_AGE, Scene
from zoo import moment

RELEASE = tuple(map(int, os.uname().release.split(".")[:2]))
EVERYTHING = {"v4", "v6", "syn", "queue", "far"}
IPV4 = EVERYTHING - {"v6"}


@pytest.fixture(scope="module")
def scene():
    scene = Scene()
    yield scene
    scene.close()


# Which stalls: an option may use the scene's values.

FILTERS = {
    "none": (lambda s: [], EVERYTHING),
    "-p": (lambda s: ["-p", s.v4.pid], {"v4"}),
    "-p of two": (lambda s: ["-p", f"{s.v4.pid},{s.syn.pid}"], {"v4", "syn"}),
    "--pid": (lambda s: ["--pid", s.queue.pid], {"queue"}),
    "--pid=": (lambda s: [f"--pid={s.far.pid}"], {"far"}),
    "-p of nobody": (lambda s: ["-p", "4194303"], set()),
    "-c": (lambda s: ["-c", "sst-alpha"], {"v4"}),
    "--comm": (lambda s: ["--comm", "python3"], EVERYTHING - {"v4"}),
    "-c, a list": (lambda s: ["-c", "sst-alhpa,sst-alpha"], {"v4"}),
    "-c twice": (lambda s: ["-c", "sst-alpha", "-c", "python3"], EVERYTHING),
    "--comm is not a prefix": (lambda s: ["--comm", "sst"], set()),
    "--port of a peer": (lambda s: ["--port", "5001"], {"v4", "far"}),
    "--port, two": (lambda s: ["--port", "5002,5004"], {"v6", "queue"}),
    "--port, local": (lambda s: ["--port", s.v6.port], {"v6"}),
    "--port, a range": (lambda s: ["--port", "5002-5004"], {"v6", "syn", "queue"}),
    "--port, a range and one": (lambda s: ["--port", "1-5001,5003"], {"v4", "far", "syn"}),
    "--port, a name": (lambda s: ["--port", "http"], set()),
    "--peer": (lambda s: ["--peer", s.room.link.right4], IPV4),
    "--peer network": (lambda s: ["--peer", f"{s.room.link.net4}.0/24"], IPV4),
    "--peer odd length": (lambda s: ["--peer", f"{s.room.link.net4}.2/31"], IPV4),
    "--peer other": (lambda s: ["--peer", f"{s.room.link.net4}.4/30"], set()),
    "--peer all IPv4": (lambda s: ["--peer", "0.0.0.0/0"], IPV4),
    "--peer IPv6": (lambda s: ["--peer", s.room.link.right6], {"v6"}),
    "--peer IPv6 network": (lambda s: ["--peer", f"{s.room.link.net6}::/63"], {"v6"}),
    "--peer other IPv6": (lambda s: ["--peer", "fd11::/64"], set()),
    "--peer mapped": (lambda s: ["--peer", f"::ffff:{s.room.link.right4}"], IPV4),
    "--netns all": (lambda s: ["--netns", "all"], EVERYTHING),
    "--netns INODE": (lambda s: ["--netns", s.other.here.inode], {"far"}),
    "--netns of most": (lambda s: ["--netns", s.room.here.inode], EVERYTHING - {"far"}),
    "--netns NAME": (lambda s: ["--netns", s.other.here.name], {"far"}),
    "--netns twice": (lambda s: ["--netns", s.other.here.name, "--netns", s.room.here.inode], EVERYTHING),
    "--netns self and another": (lambda s: ["--netns", "self", "--netns", s.other.here.inode], {"far"}),
    "--netns all and another": (lambda s: ["--netns", "all", "--netns", s.other.here.inode], EVERYTHING),
    "--netns self": (lambda s: ["--netns", "self"], set()),
    "handshakes": (lambda s: ["handshakes"], {"syn", "queue"}),
    "readers": (lambda s: ["readers"], {"v4", "v6", "far"}),
    "epoll": (lambda s: ["epoll"], set()),
    "option, command": (lambda s: ["-p", s.v4.pid, "readers"], {"v4"}),
    "command, option": (lambda s: ["readers", "-p", s.v4.pid], {"v4"}),
    "two filters": (lambda s: ["--port", "5001", "--netns", s.other.here.inode], {"far"}),
    "filters that exclude each other": (lambda s: ["-p", s.v4.pid, "--port", "5002"], set()),
    "-a": (lambda s: ["-a"], EVERYTHING | {"idle"}),
    "--all": (lambda s: ["--all", "-p", s.idle.pid], {"idle"}),
    "-m": (lambda s: ["-m", "1h"], set()),
    "--min-age": (lambda s: ["--min-age", "3600"], set()),
    "-m 0": (lambda s: ["-m", "0"], EVERYTHING),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filter(scene, name):
    options, wanted = FILTERS[name]
    assert scene.shown(*options(scene)) == wanted


def test_netns_self_in_a_namespace(scene):
    assert scene.shown("--netns", "self", before=scene.other.here.enter()) == {"far"}


def test_all_namespaces_from_in_a_namespace(scene):
    assert scene.shown(before=scene.other.here.enter()) == EVERYTHING


@pytest.mark.parametrize("spelling", ["--once", "-1"])
@pytest.mark.parametrize("json_option", ["--json", "-j"])
def test_once_and_json(scene, spelling, json_option):
    done = run.sockstall(spelling, json_option, *MIN_AGE)
    assert done.returncode == 0
    assert scene.names(run.parse(done.stdout)) == EVERYTHING


# cgroups.


def test_cgroup(scene, cgroup):
    inner = cgroup.below("inner")
    inner.add(scene.v4.pid)
    cgroup.add(scene.syn.pid)
    assert scene.shown("--cgroup", cgroup.path) == {"v4", "syn"}
    assert scene.shown("--cgroup", inner.path) == {"v4"}
    assert scene.shown("--cgroup", inner.path + "/") == {"v4"}
    assert scene.shown("--cgroup", cgroup.path[:-1]) == set(), "a part of a name is another cgroup"
    assert scene.shown("--cgroup", "/") == EVERYTHING


def test_cgroup_that_nobody_is_in(scene, cgroup):
    """A slip of the hand: that nothing is stuck in it is no news."""
    inner = cgroup.below("inner")
    inner.add(scene.v4.pid)
    for path in inner.path, cgroup.path, "/":
        assert not run.sockstall("readers", "-1", "--cgroup", path).stderr
    done = run.sockstall("readers", "-1", "--cgroup", inner.path[:-1])
    assert done.returncode == 0 and done.stdout.startswith(b"no reader is stuck")
    assert done.stderr.decode() == f"sockstall: there is no process in the cgroup {inner.path[:-1]} now\n"


def test_comm_that_nobody_has(scene):
    """Likewise. A thread may have a name of its own, and more than 15 bytes of one the kernel does not keep."""
    done = run.sockstall("readers", "-1", "--comm", "sst-alhpa")
    assert done.returncode == 0 and done.stdout.startswith(b"no reader is stuck")
    assert done.stderr == b"sockstall: there is no process or thread named sst-alhpa now\n"
    code = (
        "import sys, threading; thread = threading.Thread(target=sys.stdin.read); thread.start();"
        "open(f'/proc/self/task/{thread.native_id}/comm', 'w').write('sst-a-thread-of')"
    )
    with subprocess.Popen([PYTHON, "-c", code], stdin=subprocess.PIPE) as process:
        try:
            wait_until(
                lambda: not run.sockstall("readers", "-1", "--comm", "sst-a-thread-of-long").stderr, 10, "the thread"
            )
            assert not run.sockstall("readers", "-1", "--comm", "sst-alpha").stderr
        finally:
            process.stdin.close()


def test_cgroup_by_its_folder(scene, cgroup):
    """As `ss` takes it: where it is in the file system."""
    cgroup.add(scene.v4.pid)
    assert scene.shown("--cgroup", cgroup.folder) == {"v4"}


def test_cgroup_and_container_are_shown(scene, cgroup):
    container = "0123456789abcdef" * 4
    inner = cgroup.below(f"docker-{container}.scope")
    inner.add(scene.v4.pid)
    records = run.once(*MIN_AGE, "-p", f"{scene.v4.pid},{scene.v6.pid}")
    record = run.only(records, pid=scene.v4.pid)
    assert record["cgroup"] == inner.path
    assert record["container"] == container
    assert run.only(records, pid=scene.v6.pid)["container"] is None


def test_container_of_v1_beside_v2(scene, cgroup):
    """Docker on a hybrid system: for v2 its containers are all in the daemon's cgroup."""
    mount = cgroup1()
    if not mount or not os.access(mount, os.W_OK):
        pytest.skip("no writable cgroup v1 hierarchy on this machine")
    container = "fedcba9876543210" * 4
    docker = Cgroup(mount)
    try:
        inner = docker.below(container)
        inner.add(scene.v4.pid)
        cgroup.add(scene.v4.pid)
        cgroup.add(scene.v6.pid)
        records = run.once(*MIN_AGE, "-p", f"{scene.v4.pid},{scene.v6.pid}")
        shown = {
            pid: (run.only(records, pid=pid)["cgroup"], run.only(records, pid=pid)["container"])
            for pid in (scene.v4.pid, scene.v6.pid)
        }
        assert shown == {scene.v4.pid: (inner.path, container), scene.v6.pid: (cgroup.path, None)}
        assert scene.shown("--cgroup", docker.path) == {"v4"}
    finally:
        docker.delete()


# Time.


def test_duration(scene):
    """It ends by itself, and not too early; -i may be longer than that."""
    began = time.monotonic()
    done = run.sockstall("-j", "-d", "1s", "-i", "1h")
    assert done.returncode == 0
    run.parse(done.stdout)
    assert time.monotonic() - began >= 0.9


def test_duration_in_milliseconds():
    done = run.sockstall("-j", "--duration", "300ms", "--interval", "100ms")
    assert done.returncode == 0
    run.parse(done.stdout)


def test_interval(room, stall, stream):
    """Looks are no closer to each other than asked for. One may be late, and then the next comes sooner after it."""
    loop = stall(room.here, "loop.py")
    live = stream("epoll", "-a", "-j", "-i", "300ms", "-p", loop.pid)
    wait_until(lambda: len(run.findings(live.records())) >= 8, 10, "eight intervals")
    times = [moment(record["time"]) for record in run.findings(live.stop())]
    between = sorted(later - earlier for earlier, later in zip(times, times[1:]))
    assert between[len(between) // 2] > 0.28, between


# Exit codes and small things.


def test_exit_code_stuck(scene):
    assert run.sockstall("--once", "--exit-code", "-p", scene.v4.pid, *MIN_AGE).returncode == 10
    assert run.sockstall("--once", "--exit-code", "-j", *MIN_AGE).returncode == 10


def test_exit_code_healthy(scene):
    for more in [], ["-a"]:
        done = run.sockstall("--once", "--exit-code", "-p", scene.idle.pid, *MIN_AGE, *more)
        assert done.returncode == 0, done.stdout


def test_exit_code_live(scene):
    done = run.sockstall("-j", "-d", "500ms", "--exit-code", "-p", scene.v4.pid, *MIN_AGE)
    assert done.returncode == 10
    run.parse(done.stdout)


def test_without_exit_code(scene):
    assert run.sockstall("--once", "-p", scene.v4.pid, *MIN_AGE).returncode == 0


# A filter that fits nobody: 3. Its twins fit somebody with whom nothing is wrong: 0.

NOBODY = {
    "--comm": (lambda s: ["-c", "sst-alhpa"], "no process or thread named sst-alhpa now"),
    "--pid": (lambda s: ["-p", "4194303"], "no process 4194303 now"),
    "--cgroup": (lambda s: ["--cgroup", "/sst-nobody"], "no process in the cgroup /sst-nobody now"),
    "--netns": (lambda s: ["--netns", "5"], "no network namespace 5 now"),
    "each is there": (lambda s: ["-p", s.v4.pid, "-c", "sleep"], "fits --pid, --comm, --cgroup and --unit together"),
}


@pytest.fixture(scope="module")
def asleep():
    with subprocess.Popen(["sleep", "100"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("name", NOBODY)
@pytest.mark.parametrize("how", [["-1"], ["-j", "-d", "300ms"], ["chains", "-1", "-j"]], ids=" ".join)
def test_exit_code_nobody(scene, asleep, name, how):
    options, said = NOBODY[name]
    if name == "each is there" and "chains" in how:
        done = run.sockstall(*how, *options(scene), "--exit-code", *MIN_AGE)
        assert done.returncode == 0 and not done.stderr, "two links of a chain may fit them"
        return
    for exit_code, expected in (["--exit-code"], 3), ([], 0):
        done = run.sockstall(*how, *options(scene), *exit_code, *MIN_AGE)
        assert done.returncode == expected, done.stderr
        assert said in done.stderr.decode() and done.stderr.count(b"\n") == 1, done.stderr


def test_exit_code_somebody(scene, asleep):
    """Also of two, and of whoever holds no socket at all; and what is stuck comes first."""
    for filters in (
        ["-p", asleep.pid],
        ["-p", f"4194303,{scene.idle.pid}"],
        ["-c", "sst-alhpa,sleep"],
        ["--port", "1"],
        ["-p", scene.idle.pid, "-c", "python3"],
        ["--netns", "5", "--netns", scene.room.here.inode, "--port", "1"],
    ):
        done = run.sockstall("readers", "--once", "--exit-code", *filters, *MIN_AGE)
        assert done.returncode == 0, (filters, done.stdout, done.stderr)
    assert run.sockstall("-1", "--exit-code", "-p", f"4194303,{scene.v4.pid}", *MIN_AGE).returncode == 10


def test_exit_code_of_who_comes_later(stream):
    """No look has whoever is at rest, and yet somebody was there."""
    live = stream("-j", "-i", "100ms", "-c", "sst-late", "--exit-code")
    code = "import ctypes, time; ctypes.CDLL(None).prctl(15, b'sst-late'); print(flush=True); time.sleep(100)"
    with subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE) as late:
        try:
            late.stdout.readline()
            live.stop(expect=0)
        finally:
            late.kill()
    live = stream("-j", "-i", "100ms", "-c", "sst-late", "--exit-code")
    live.stop(expect=3)


@pytest.fixture(scope="module")
def recording(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("filters") / "looks"
    assert run.sockstall("-j", "-d", "300ms", "--record", path, *MIN_AGE).returncode == 0
    return path


def test_exit_code_nobody_in_a_recording(scene, recording):
    for filters in (
        ["-c", "sst-alhpa"],
        ["-p", 4194303],
        ["--cgroup", "/sst-nobody"],
        ["--netns", 5],
        ["--netns", "sst-nobody"],
    ):
        for exit_code, expected in (["--exit-code"], 3), ([], 0):
            done = run.sockstall("replay", recording, "-j", *filters, *exit_code)
            assert done.returncode == expected, (filters, done.stderr)
            assert done.stderr.startswith(f"sockstall: {recording}: no process in it fits".encode())
            assert done.stderr.count(b"\n") == 1
    assert run.sockstall("replay", recording, "--diff", recording, "-c", "sst-alhpa", "--exit-code").returncode == 3


def test_exit_code_somebody_in_a_recording(scene, recording):
    for filters, expected in (
        (["-p", scene.idle.pid], 0),
        (["-c", "sst-alpha", "--port", 1], 0),
        (["--netns", "self"], 2),
        (["--netns", scene.other.here.name, "--port", 1], 0),
        (["-c", "sst-alhpa,sst-alpha"], 10),
        ([], 10),
    ):
        done = run.sockstall("replay", recording, "-j", "--exit-code", *filters)
        assert done.returncode == expected, (filters, done.stderr)
        assert expected == 2 or not done.stderr, done.stderr
    assert run.sockstall("replay", recording, "--diff", recording, "-c", "sst-alpha", "--exit-code").returncode == 0


def test_exit_code_of_a_recording_is_that_of_its_run(asleep, tmp_path):
    """By the filters that it was made with: of whoever is at rest a recording has nothing else."""
    for name, expected in ("sleep", 0), ("sst-nobody", 3):
        path = tmp_path / name
        filters = ["-c", name, "-p", asleep.pid]
        assert run.sockstall("-1", "-j", "--exit-code", *filters, "--record", path).returncode == expected
        assert run.sockstall("replay", path, "-j", "--exit-code").returncode == expected


def test_filters_of_a_recording(scene, tmp_path):
    """All of a list are in it."""
    path = tmp_path / "looks"
    filters = [
        "-c",
        "sst-alpha,python3",
        "--port",
        "5001-5002,5004",
        "--netns",
        scene.room.here.inode,
        "--netns",
        scene.other.here.inode,
    ]
    live = run.sockstall("-1", "-j", *MIN_AGE, *filters, "--record", path)
    replayed = run.sockstall("replay", path, "-j")
    assert scene.names(run.parse(live.stdout)) == {"v4", "v6", "queue", "far"}
    assert replayed.stdout == live.stdout and not replayed.stderr


def test_port_by_name(room, stall):
    """As /etc/services has it."""
    room.there.drop("input", "tcp dport 80")
    client = stall(room.here, "endpoint.py", f"connect={room.link.right4},80")
    client.said("connecting")
    wait_until(lambda: run.findings(run.once("handshakes", *MIN_AGE, "--port", "http"), pid=client.pid), 10, "the SYN")
    for port in "www", "no-such-service,http", "https", "http,https":
        done = run.sockstall("handshakes", "-1", "-j", *MIN_AGE, "--port", port)
        assert done.returncode == (2 if "no" in port else 0)
        assert bool(done.stdout and run.findings(run.parse(done.stdout), pid=client.pid)) == (
            port in ("www", "http,https")
        )


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(option):
    done = run.sockstall(option)
    assert done.returncode == 0 and not done.stderr
    assert b"sockstall" in done.stdout and done.stdout.count(b"\n") == 1


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(option):
    done = run.sockstall(option)
    assert done.returncode == 0 and not done.stderr
    for word in (
        "handshakes",
        "readers",
        "loops",
        "epoll",
        "threads",
        "check",
        "replay",
        "schema",
        "--json",
        "--once",
        "--interval",
        "--duration",
        "--min-age",
        "--all",
        "--pid",
        "--comm",
        "--port",
        "--peer",
        "--netns",
        "--cgroup",
        "--record",
        "--ready-fd",
        "--exit-code",
        "--no-color",
        "--version",
        "--help",
    ):
        assert word.encode() in done.stdout, f"{word} is missing"


WRONG = [
    ["-i", "49ms"],
    ["-i", "61m"],
    ["-i", "1h1"],
    ["-i", "x"],
    ["-i", ""],
    ["-i", "-1"],
    ["-i", "1d"],
    ["-i", "1 s"],
    ["-i", "nan"],
    ["-i", "inf"],
    ["-i", "0x10"],
    ["-d", "x"],
    ["-d", "-1s"],
    ["-d", "99999999999999999999"],
    ["-m", "x"],
    ["-m", "-5"],
    ["-m", "1ss"],
    ["-p", "0"],
    ["-p", "-1"],
    ["-p", "x"],
    ["-p", "1,"],
    ["-p", ""],
    ["-p", "1,,2"],
    ["-p", "99999999999"],
    ["-p", "1 2"],
    ["--port", "0"],
    ["--port", "65536"],
    ["--port", "no-such-service"],
    ["--port", "80,"],
    ["--port", "-80"],
    ["--port", "80-"],
    ["--port", "81-80"],
    ["--port", "80-65536"],
    ["--port", "http,"],
    ["-c", ""],
    ["-c", "a,"],
    ["-c", ",a"],
    ["--peer", "10.0.0"],
    ["--peer", "10.0.0.0/33"],
    ["--peer", "10.0.0.0/"],
    ["--peer", "fd::/129"],
    ["--peer", "10.0.0.0/-1"],
    ["--peer", "example.org"],
    ["--peer", ""],
    ["--netns", "a/b"],
    ["--netns", "-1"],
    ["--netns", ""],
    ["--netns", ".."],
    ["--ready-fd", "-1"],
    ["--ready-fd", "x"],
    ["--ready-fd", ""],
    ["-i"],
    ["--port"],
    ["--record"],
    ["--ready-fd"],
    ["--bogus"],
    ["-z"],
    ["bogus"],
    ["handshake"],
    ["READERS"],
    ["readers", "epoll"],
    ["handshakes", "extra"],
    ["replay"],
    ["threads"],
    ["schema", "extra"],
    ["explain", "bogus"],
    ["explain", "reader.ok"],
    ["explain", "idle", "waiting"],
    ["explain", "-1"],
    ["--read-only", "-j"],
    ["--read-only", "-1"],
    ["metrics", "--read-only"],
    ["end", "pid=1", "--read-only"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage(arguments):
    check_wrong(run.sockstall(*arguments, timeout=10))


def check_wrong(done):
    assert done.returncode == 2, (done.returncode, done.stdout[:200], done.stderr)
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1 and done.stderr.endswith(b"\n"), done.stderr
    assert done.stderr.startswith(b"sockstall"), done.stderr


def test_wrong_usage_names_the_value():
    """A person must see what was wrong, also where the words hold control bytes."""
    done = run.sockstall("--port", "65536")
    assert b"65536" in done.stderr and b"port" in done.stderr
    done = run.sockstall("a\x1b[2Jb")
    check_wrong(done)
    assert b"\x1b" not in done.stderr


# Commands.


def test_start_and_end_records():
    records = run.once("handshakes")
    start, end = records[0], records[-1]
    assert platform.release() in start.values()
    assert platform.node() in start.values()
    assert start["v"] == 1 and end["v"] == 1
    assert moment(start["time"]) <= moment(end["time"]) <= time.time()
    assert moment(start["time"]) > time.time() - 30


@pytest.mark.parametrize("name", ["loops", "epoll"])
def test_loops_by_both_names(stall, tmp_path, name):
    """`epoll` is the first name of `loops`: it is taken as ever, and stays in the records, also of a replay."""
    loop = stall(None, "waits.py", "epoll_wait", "sleep=0.002")
    path = tmp_path / name
    wait_until(lambda: run.matching(run.once(name, "-a", "-p", loop.pid), type="loop"), 10, "the loop")
    records = run.once(name, "-a", "-p", loop.pid, "--record", path)
    replayed = run.parse(run.sockstall("replay", path, "-1", "-a", "-j").stdout)
    for found in records, replayed:
        assert found[0]["command"] == "epoll" and run.only(found, type="loop")["pid"] == loop.pid
        assert {one["type"] for one in found} <= {"start", "loop", "lost", "end"}


def test_check():
    done = run.sockstall("check", "-v")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert "epoll" in text and "handshakes" in text and "thread" in text
    assert text.count("\n") >= 4 and "yes" in text


def test_check_fits_the_screen():
    """Nothing is lost at its right edge; and in a pipe each row is a line."""
    wide, narrow = (
        run.sockstall("check", "-v", env={**os.environ, "COLUMNS": columns}).stdout.decode() for columns in ("", "80")
    )
    assert max(map(len, wide.splitlines())) > 80 >= max(map(len, narrow.splitlines()))
    assert narrow.split() == wide.split()


def test_check_agrees_with_what_is_used():
    """What a command could load and attach, `check` must not call missing."""
    lines = [line.split() for line in run.sockstall("check", "-v").stdout.decode().splitlines()[1:]]
    state = {words[0]: words[1] for words in lines if words[1] in ("yes", "no", "none")}
    commands = (["handshakes"], ["readers"], ["epoll", "--interfaces", "all", "-v"], ["threads", "-p", os.getpid()])
    used = {name for command in commands for name in run.once(*command)[0]["probes_used"].split()}
    assert len(used) > 10 and not {name for name in used if state.get(name) != "yes"}


@pytest.mark.skipif(RELEASE < (6, 1), reason="older kernels have no bpf_loop(), and walk more")
def test_programs_are_quick_to_verify():
    """What the kernel walks through before a program is loaded is most of the time until the first answer."""
    done = run.sockstall("check", "-v", env={**os.environ, "SOCKSTALL_DEBUG": "1"})
    walked = {
        name: int(count)
        for name, count in re.findall(r"^(\w+) +yes +(\d+) ", done.stdout.decode(), re.M)
        if name != "thread_scan"
    }
    assert len(walked) > 10 and max(walked.values()) < 16000, walked


def test_schema():
    """It is a schema of 2020-12 (run.schema() checks that too) and refuses what is no record."""
    done = run.sockstall("schema")
    assert done.returncode == 0 and not done.stderr
    schema = json.loads(done.stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    validator = run._validator()
    for wrong in ({}, {"v": 1}, {"v": 1, "type": "reader"}, {"v": 1, "type": "bogus"}, [], 1):
        assert not validator.is_valid(wrong), f"{wrong} is valid by the schema"


def test_schema_refuses_changed_records(scene):
    """A record is valid; with one key missing, or a verdict of its own, it is not, and the error names the key."""
    record = run.only(run.once(*MIN_AGE, "-p", scene.v4.pid))
    validator = run._validator()
    assert validator.is_valid(record)
    for key in record:
        assert not validator.is_valid({k: v for k, v in record.items() if k != key}), key
    for change in ({"verdict": "bogus"}, {"pid": "1"}, {"v": 2}, {"time": 5}, {"age_s": "1"}):
        errors = list(validator.iter_errors({**record, **change}))
        assert [error.absolute_path[-1] for error in errors] == list(change)


def test_schema_allows_what_may_be_added(scene):
    """Keys may be added while v is 1: a later sockstall's record is valid by this schema."""
    record = run.only(run.once(*MIN_AGE, "-p", scene.v4.pid))
    assert run._validator().is_valid({**record, "added_later": 1})


def test_threads(room, stall):
    """Every thread of a process, and what it is in."""
    program = stall(room.here, "other_reader.py", "unix")
    program.said("blocking")
    tids = {int(tid) for tid in os.listdir(f"/proc/{program.pid}/task")}
    done = run.sockstall("threads", "-p", program.pid, "-1", "-j")
    assert done.returncode == 0, done.stderr
    threads = run.matching(run.parse(done.stdout), type="thread")
    assert {thread["tid"] for thread in threads} == tids and len(tids) == 2
    for thread in threads:
        assert thread["pid"] == program.pid and thread["state"] and thread["now_s"] >= 0
        assert thread["syscall"] == "read", "one reads its socket, one its input"


def test_every_key_in_its_order(room, stall, scene):
    """A record has the keys of the column table, as the schema lists them, in its order. Unknown is null, never missing."""
    keys = {kind: list(described) for kind, described in run.properties().items()}
    loop = stall(room.here, "loop.py")
    loop.said("turned")
    records = run.once(*MIN_AGE, "-a")
    for type_ in ("start", "handshake", "listener", "reader", "loop", "end"):
        of_type = run.matching(records, type=type_)
        assert of_type, f"no {type_} was reported"
        for record in of_type:
            assert list(record) == keys[type_], type_
    record = run.only(run.once("epoll", "-a", "-p", loop.pid))
    assert record["verdict"] == "ok" and record["pid"] == loop.pid


def test_ready_fd_is_one_newline(stream):
    """Stream checks that one read gives exactly a newline; the descriptor ends with it or later."""
    stream("handshakes", "-j").stop()


def test_stall_helper():
    """The tests' own stall makers fail loudly: or a healthy twin would pass for want of a process."""
    broken = Stall(None, "endpoint.py", "no_such_step")
    with pytest.raises(AssertionError):
        broken.said("connected", 5)
    broken.end()
