# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Where it must hold on, or say in one line why it cannot; and that it leaves nothing behind."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile

import pytest

import run
from child import PATIENCE, wait_until
from scene import MIN_AGE, Scene, block, waiting_client
from test_record import NOBODY

EVERYTHING = {"v4", "v6", "syn", "queue", "far"}


@pytest.fixture(scope="module")
def scene():
    scene = Scene()
    yield scene
    scene.close()


@pytest.fixture(scope="module")
def public_program():
    """A copy that every user can run."""
    with tempfile.TemporaryDirectory(prefix="sst-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield shutil.copy(run.SOCKSTALL, folder)


def run_program(*argv):
    return subprocess.run(
        list(map(str, argv)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        timeout=30 * PATIENCE,
    )


def check_one_line(done):
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert done.stderr.count(b"\n") == 1 and done.stderr.startswith(b"sockstall"), done.stderr


# Who runs it.


@pytest.mark.parametrize(
    "arguments",
    [[], ["-j"], ["-1"], ["handshakes", "-1"], ["readers"], ["epoll", "-j"], ["threads", "-p", "1", "-1"]],
    ids=lambda a: " ".join(a) or "none",
)
def test_not_root(public_program, arguments):
    done = run_program(*NOBODY, public_program, *arguments)
    check_one_line(done)
    assert b"root" in done.stderr or b"CAP_" in done.stderr, "it says what to do"


@pytest.mark.parametrize("argument", ["schema", "explain", "-h", "-V"])
def test_needs_no_root(public_program, argument):
    done = run_program(*NOBODY, public_program, argument)
    assert done.returncode == 0 and done.stdout and not done.stderr


def test_check_without_root(public_program):
    """It says what is missing rather than to break."""
    done = run_program(*NOBODY, public_program, "check")
    assert done.returncode == 1 and done.stdout + done.stderr


def test_root_without_bpf(public_program):
    """As in a container: root by name only."""
    drop = ["setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon", "--inh-caps=-all"]
    check_one_line(run_program(*drop, public_program, "-1"))


def low_memlock():
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))


def test_low_memlock(scene):
    """From Linux 5.11 on, that limit is not what counts; raising it fails here, without CAP_SYS_RESOURCE."""
    done = subprocess.run(
        [run.SOCKSTALL, "-1", "-j", *MIN_AGE], stdout=subprocess.PIPE, preexec_fn=low_memlock, timeout=30 * PATIENCE
    )
    assert done.returncode == 0
    assert scene.names(run.parse(done.stdout)) == EVERYTHING


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))


def test_few_descriptors(scene):
    done = subprocess.run(
        [run.SOCKSTALL, "-1", "-j", *MIN_AGE], stdout=subprocess.PIPE, preexec_fn=few_descriptors, timeout=30 * PATIENCE
    )
    assert done.returncode == 0
    assert scene.names(run.parse(done.stdout)) == EVERYTHING


# Where it runs.


def mounts():
    with open("/proc/self/mountinfo") as file:
        return sorted(line for line in file if re.search(r" - (tracefs|debugfs|bpf) ", line))


def test_no_tracefs(scene, stream):
    """epoll needs ids from tracefs: it gets them without a mount that others see."""
    before = mounts()
    live = stream("epoll", "-j", "-i", "100ms")
    assert mounts() == before
    live.stop()
    assert mounts() == before


def test_without_any_tracefs(room, stall):
    """In a mount namespace from which tracefs and debugfs are gone."""
    loop = stall(room.here, "loop.py")
    loop.said("turned")
    loop.tell("sleep=600")
    script = (
        "umount -R /sys/kernel/tracing /sys/kernel/debug 2>/dev/null; "
        f"exec {run.SOCKSTALL} epoll -1 -j -p {loop.pid}"
    )

    def found():
        done = run_program("unshare", "-m", "sh", "-c", script)
        assert done.returncode == 0, done.stderr
        return run.findings(run.parse(done.stdout))

    assert wait_until(found, 5, "the stall")[0]["verdict"] == "stalled"


def test_tracefs_of_others_stays_as_it_is(tmp_path):
    """Older kernels take what a new mount asks for (read-only, say) for all mounts of it."""
    script = (
        f"umount -R /sys/kernel/tracing /sys/kernel/debug 2>/dev/null; mount -t tracefs tracefs {tmp_path} && "
        f"{run.SOCKSTALL} epoll -1 && exec cat /proc/self/mountinfo"
    )
    done = run_program("unshare", "-m", "sh", "-c", script)
    assert done.returncode == 0 and not done.stderr, done.stderr
    (mounted,) = [line.split() for line in done.stdout.decode().splitlines() if f" {tmp_path} " in line]
    assert mounted[-1].split(",")[0] == "rw", mounted


def test_in_ip_netns_exec(room, stall, stream):
    """There /sys is another one, and so is the network namespace."""
    live = stream("epoll", "-j", "-i", "100ms", before=room.there.enter())
    loop = stall(room.here, "loop.py")
    loop.said("turned")
    loop.tell("sleep=600")
    live.wait(10, event="open", pid=loop.pid)
    live.stop()


def test_nothing_on_stdin(scene):
    """As a service: stdin closed, no terminal, hardly any environment."""
    done = subprocess.run(
        [run.SOCKSTALL, "-1", "-j", *MIN_AGE],
        stdout=subprocess.PIPE,
        timeout=30 * PATIENCE,
        env={},
        preexec_fn=lambda: os.close(0),
        cwd="/",
    )
    assert done.returncode == 0
    assert scene.names(run.parse(done.stdout)) == EVERYTHING


# What it leaves.


def ids_held(pid):
    """Ids of the BPF programs, links and maps that a process has descriptors of."""
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}") as file:
                found |= set(re.findall(r"^(prog_id|link_id|map_id):\s+(\d+)", file.read(), re.M))
        except OSError:
            pass
    return found


def listed(kind):
    """bpftool fails where another program's object goes while it lists; what it did list is printed all the same."""
    done = subprocess.run(["bpftool", "-j", kind, "list"], stdout=subprocess.PIPE, text=True, timeout=20 * PATIENCE)
    entries = json.loads(done.stdout or "[]")
    # Where it was cut off, a second one is needed.
    return entries if not done.returncode and not any("error" in entry for entry in entries) else None


def ids_alive():
    alive = set()
    for kind, key in ("prog", "prog_id"), ("link", "link_id"), ("map", "map_id"):
        entries = wait_until(lambda: (found := listed(kind)) is not None and [found], 20, "a whole list")[0]
        alive |= {(key, str(entry["id"])) for entry in entries}
    return alive


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_left(stream, number):
    before = mounts()
    live = stream("-j", "-i", "100ms")
    held = ids_held(live.pid)
    assert held & ids_alive(), "no BPF programs at all?"
    live.end(number)
    # The kernel frees them when their last reader is through, a moment later.
    wait_until(lambda: not held & ids_alive(), 10, "the end of all BPF objects")
    assert mounts() == before


def test_two_at_once(scene, stream):
    """They do not disturb each other, and the end of one is not the end of the other."""
    first = stream("-j", "-i", "100ms", *MIN_AGE)
    second = stream("-j", "-i", "100ms", *MIN_AGE)
    for live in first, second:
        live.wait(10, event="open", pid=scene.v4.pid)
    first.stop()
    client = scene.syn
    assert second.wait(10, event="open", pid=client.pid)
    assert scene.names(second.stop()) == EVERYTHING


def test_two_loops_reports_at_once(room, stall, stream):
    """Both count the same thread's waits, each for itself."""
    both = [stream("epoll", "-j", "-i", "100ms") for _ in range(2)]
    loop = stall(room.here, "loop.py")
    loop.said("turned")
    loop.tell("sleep=600")
    for live in both:
        live.wait(10, event="open", pid=loop.pid)
        live.stop()


def test_a_new_wait_is_a_new_stall(room, stream):
    """The same thread at the same socket, but another wait: another id and another since."""
    client = block(waiting_client(room, 5051, room.link.right4))
    live = stream("readers", "-j", "-i", "100ms", *MIN_AGE, "-p", client.pid)
    first = live.wait(10, event="open")
    client.peer.tell("send=1")
    client.said("returned")
    live.wait(10, event="close", id=first["id"])
    client.tell("send=1")
    client.said("sent")
    block(client)
    wait_until(lambda: len(run.matching(live.records(), event="open")) == 2, 10, "a second stall")
    opened = run.matching(live.stop(), event="open")
    assert opened[0]["id"] != opened[1]["id"] and opened[0]["since"] < opened[1]["since"]


def test_threads_that_end_and_begin(room, stream):
    """Processes that come and go during the looks."""
    live = stream("-j", "-i", "50ms", "-a")
    for _ in range(50):
        subprocess.run(["/bin/true"], check=True)
    live.stop()


def test_processes_that_die_during_looks(room, stall, stream):
    """What was shown of them is closed; nothing of a process that is gone is held on to, and nothing is lost."""
    live = stream("-j", "-i", "50ms", "-m", "0")
    program = stall(room.here, "dying.py", room.link.left4, 5061, 300)
    program.said("ended", 60)

    def left():
        readers = run.matching(live.records(), type="reader", netns=room.here.inode)
        closed = {record["id"] for record in readers if record["event"] == "close"}
        return {record["id"] for record in readers} - closed, len(closed)

    wait_until(lambda: not left()[0], 10, "the end of all readers")
    assert left()[1] >= 5, "hardly any were seen"
    records = live.stop()
    # Those that died are meant: not others' processes, which may be slow to read, nor looks that came late.
    lost = [record for record in run.matching(records, type="lost") if record["where"] not in ("sockets", "looks")]
    of_the_dead = [record for record in lost if record["pid"] is None or not os.path.exists(f"/proc/{record['pid']}")]
    assert not of_the_dead, [(record["where"], record["count"], record["why"]) for record in of_the_dead]
