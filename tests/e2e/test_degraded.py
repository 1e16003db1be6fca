# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""With less than a root shell on the host has: what still runs, what is said, the exit code."""

import os
import re
import shutil
import subprocess
import tempfile

import pytest

import run
from child import PATIENCE, SLOW, wait_until
from scene import MIN_AGE, Scene

KERNEL_BTF = "/sys/kernel/btf/vmlinux"
# Before Linux 5.11 maps are locked memory, and the usual limit is 64 KiB.
NEEDED = ["bpf", "perfmon", "sys_ptrace", "net_admin"]
RELEASE = tuple(map(int, os.uname().release.split(".")[:2]))
ENOUGH = NEEDED + (["sys_resource"] if RELEASE < (5, 11) else [])
# Hidden in a mount namespace of its own.
NO_SYS = 'mount -t tmpfs none /sys && exec "$@"'
NO_KERNEL_BTF = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"'
HANDSHAKES, READERS = {"syn", "queue"}, {"v4", "v6", "far"}


@pytest.fixture(scope="module")
def scene():
    scene = Scene()
    yield scene
    scene.close()


@pytest.fixture(scope="module")
def program():
    """A copy that every user can run."""
    with tempfile.TemporaryDirectory(prefix="sst-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield shutil.copy(run.SOCKSTALL, folder)


@pytest.fixture(scope="module")
def btf_copy():
    if not os.path.exists(KERNEL_BTF):
        pytest.skip("this kernel shows no BTF to copy")
    with tempfile.TemporaryDirectory(prefix="sst-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield shutil.copyfile(KERNEL_BTF, os.path.join(folder, "vmlinux"))


@pytest.fixture(scope="module")
def btf_without_sched_info(btf_copy):
    """
    What a kernel without CONFIG_SCHED_INFO says of itself: no member of these names. The program that it makes of sockstall
    is the one that such a kernel would get.
    """
    path = btf_copy + ".no_sched_info"
    with open(btf_copy, "rb") as file:
        types = file.read()
    for name in b"last_arrival", b"run_delay", b"last_queued":
        assert types.count(b"\0" + name + b"\0") == 1
        types = types.replace(b"\0" + name + b"\0", b"\0" + b"x" * len(name) + b"\0")
    with open(path, "wb") as file:
        file.write(types)
    return path


def capabilities(*names):
    """Another user than root, with these capabilities only."""
    listed = "-all" + "".join(f",+{name}" for name in names)
    return [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        f"--bounding-set={listed}",
        f"--inh-caps={listed}",
        f"--ambient-caps={listed}",
    ]


def root_without(name):
    return ["setpriv", f"--bounding-set=-{name}", f"--inh-caps=-{name}"]


def hidden(script):
    return ["unshare", "-m", "sh", "-c", script, "sh"]


def call(*argv):
    return subprocess.run(
        list(map(str, argv)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60 * PATIENCE,
    )


def said(done):
    """The lines on stderr; each is of sockstall's own making, and none stands twice."""
    lines = done.stderr.splitlines()
    assert all(line.startswith("sockstall: ") for line in lines), done.stderr
    assert len(lines) == len(set(lines)), done.stderr
    return lines


def state(check, name):
    """What `check` says of a probe: "yes", "no" or "none"."""
    return next(line.split()[1] for line in check.stdout.splitlines() if line.split()[0] == name)


def records(done):
    assert done.returncode == 0, done.stderr
    return run.parse(done.stdout.encode())


# Capabilities in place of root.


def test_four_capabilities_see_readers(scene, program):
    done = call(*capabilities(*ENOUGH), program, "readers", "-1", "-j", *MIN_AGE)
    assert READERS <= scene.names(records(done))
    # Threads are seen wherever they are; connections that a loop holds are looked for in each namespace.
    assert all("of other network namespaces are not seen" in line for line in said(done))


def test_four_capabilities_say_what_is_missing(scene, program):
    done = call(*capabilities(*ENOUGH), program, "-1", "-j", *MIN_AGE)
    found = records(done)
    assert READERS <= scene.names(found)
    assert not run.matching(
        found, type="lost", where="network namespaces"
    ), "what cannot be entered is not lost, it was never there"
    lines = said(done)
    assert sum("network namespaces" in line for line in lines) == 1, lines
    assert sum("tracefs" in line for line in lines) <= 1, lines
    assert len(lines) <= 2, lines


def test_four_capabilities_see_handshakes_of_their_namespace(scene, program):
    """Started inside, it needs no right to go there."""
    done = call(*scene.room.here.enter(), *capabilities(*ENOUGH), program, "handshakes", "-1", "-j", *MIN_AGE)
    assert {"queue"} <= scene.names(records(done))


def test_check_of_four_capabilities(program):
    done = call(*capabilities(*ENOUGH), program, "check", "-v")
    assert done.returncode == 0, done.stderr
    assert state(done, "thread_scan") == state(done, "socket_scan") == "yes"
    assert state(done, "network_namespaces") == "no"
    assert "CAP_SYS_ADMIN" in done.stdout


def test_root_without_sys_admin(scene):
    done = call(*root_without("sys_admin"), run.SOCKSTALL, "readers", "-1", "-j", *MIN_AGE)
    assert READERS <= scene.names(records(done))


def missing_in(done):
    """The probes that the table calls missing, and the lines below it that say what helps."""
    lines = done.stdout.splitlines()
    return {line.split()[0] for line in lines[1:] if line[31:39].strip() == "no"}, [
        line for line in lines if re.match(r"for \w+( and \d+ more)?: ", line)
    ]


def test_check_says_in_one_sentence_that_all_is_well():
    done, table = call(run.SOCKSTALL, "check"), call(run.SOCKSTALL, "check", "-v")
    absent = missing_in(table)[0]
    works = sum(line.split()[1] == "yes" for line in table.stdout.partition("ONCE ATTACHED")[0].splitlines()[2:])
    assert done.returncode == table.returncode == 0 and not said(done)
    assert table.stdout.startswith(done.stdout.splitlines()[0] + "\nPROBE "), "the same sentence"
    if absent:
        pytest.skip(f"this kernel has no {absent}")
    assert re.fullmatch(rf"all {works} probes work( \(.*\))?; nothing is missed\n", done.stdout), done.stdout


def test_check_shows_what_is_missing_and_nothing_else(program):
    """And what is lost without it, and what helps: a machine can have all but one."""
    whole, done = call(run.SOCKSTALL, "check"), call(*root_without("sys_admin"), run.SOCKSTALL, "check")
    others, (names, remedies) = missing_in(whole)[0], missing_in(done)
    assert done.returncode == 0 and names - others >= {"network_namespaces"}
    assert "thread_scan" not in done.stdout, "what works is not shown"
    assert re.match(r"\d+ of \d+ probes work( \(.*\))?; \d+ (is|are) missing", done.stdout), done.stdout
    assert "without it: handshakes only of its own" in done.stdout
    assert any(line.startswith("for network_namespaces") and "root" in line for line in remedies), done.stdout
    assert "network_namespaces" not in whole.stdout, "a root that has it all misses none"


def test_check_in_records(program):
    """One for each row of the table, valid by the schema; those that are missing have reason, effect and remedy."""
    for before, path in (((), run.SOCKSTALL), (capabilities(*ENOUGH), program), (capabilities(), program)):
        table, done = call(*before, path, "check", "-v"), call(*before, path, "check", "-j")
        found = [run.parse_line(line) for line in done.stdout.encode().splitlines(keepends=True)]
        assert done.returncode == table.returncode and {record["type"] for record in found} == {"check"}
        states = {record["name"]: record["state"] for record in found if record["part"] == "probe"}
        assert states == {name: state(table, name) for name in states} and len(states) > 20
        assert {name for name, value in states.items() if value == "no"} <= missing_in(table)[0]
        for record in found:
            keys = [record["reason"], record["effect"], record["remedy"]]
            assert (
                all(keys)
                if record["state"] == "no" and record["part"] == "probe"
                else record["state"] == "no" or not any(keys)
            )
        looks = run.matching(found, part="right", name="looks")[0]
        assert looks["syscalls"] > 3 and ("bpf" in looks["capabilities"].split()) == bool(table.returncode == 0)


@pytest.mark.parametrize("missing", ["bpf", "perfmon"])
def test_one_capability_short(program, missing):
    names = [name for name in ENOUGH if name != missing]
    done = call(*capabilities(*names), program, "-1", "-j")
    assert done.returncode == 1 and not done.stdout
    assert len(said(done)) == 1 and "not permitted" in done.stderr, done.stderr


@pytest.mark.skipif(RELEASE >= (5, 11), reason="from Linux 5.11 on maps are not locked memory")
def test_locked_memory(program):
    done = call(*capabilities(*NEEDED), "sh", "-c", 'ulimit -l 64; exec "$@"', "sh", program, "-1", "-j")
    assert done.returncode == 1 and not done.stdout
    assert len(said(done)) == 1 and "ulimit -l" in done.stderr, done.stderr


def test_check_of_nobody(program):
    done = call(*capabilities(), program, "check")
    assert done.returncode == 1
    assert state(done, "thread_scan") == "no"
    assert len(said(done)) == 1 and "root" in done.stderr


@pytest.mark.parametrize(
    "command", [["handshakes", "-1", "-j"], ["readers"], ["epoll", "-1"], ["threads", "-1", "-p", "1"]]
)
def test_nobody(program, command):
    done = call(*capabilities(), program, *command)
    assert done.returncode == 1 and not done.stdout
    assert len(said(done)) == 1 and done.stderr.endswith("run it as root\n"), done.stderr


# The kernel's files are not to be had.


def test_no_sys(scene):
    done = call(*hidden(NO_SYS), run.SOCKSTALL, "-1", "-j")
    assert done.returncode == 1 and not done.stdout
    assert len(said(done)) == 1 and "BTF" in done.stderr and "--btf" in done.stderr


def test_check_without_btf():
    done = call(*hidden(NO_KERNEL_BTF), run.SOCKSTALL, "check")
    assert done.returncode == 1
    assert state(done, "thread_scan") == "no" and "no BTF" in done.stdout
    assert len(said(done)) == 1 and "CONFIG_DEBUG_INFO_BTF" in done.stderr


@pytest.mark.parametrize("how", [NO_SYS, NO_KERNEL_BTF], ids=["no /sys", "no BTF in /sys"])
def test_btf_from_a_file(scene, btf_copy, how):
    done = call(*hidden(how), run.SOCKSTALL, "-1", "-j", "--btf", btf_copy, *MIN_AGE)
    assert scene.names(records(done)) == HANDSHAKES | READERS
    assert not said(done)


def test_btf_from_a_file_in_check(btf_copy):
    done = call(*hidden(NO_KERNEL_BTF), run.SOCKSTALL, "check", "-v", "--btf", btf_copy)
    assert done.returncode == 0, done.stderr
    assert state(done, "thread_scan") == state(done, "handshakes_set_state") == "yes"


def test_btf_of_another_kernel(btf_copy):
    """One that has no iterators, say."""
    path = btf_copy + ".other"
    with open(btf_copy, "rb") as whole, open(path, "wb") as file:
        file.write(whole.read().replace(b"\0bpf_iter_task\0", b"\0bpf_iter_tesk\0"))
    done = call(*hidden(NO_KERNEL_BTF), run.SOCKSTALL, "readers", "-1", "--btf", path)
    assert done.returncode == 1 and len(said(done)) == 1 and "of another kernel" in done.stderr, done.stderr


@pytest.mark.parametrize("path, reason", [("/etc/passwd", "no BTF in it"), ("/nonexistent", "No such file")])
def test_bad_btf(path, reason):
    for command in "check", "readers":
        done = call(run.SOCKSTALL, command, "--btf", path)
        assert done.returncode == 1 and len(said(done)) == 1 and reason in done.stderr, done.stderr


# Init's would be taken, too.
NO_TRACEFS = (
    "".join(f"mount -t tmpfs none {path} && " for path in ("/sys/kernel/tracing", "/sys/kernel/debug", "/proc/1"))
    + 'exec "$@"'
)


def test_no_tracefs(scene):
    """Neither mounted nor to be mounted: loops are not counted, all else goes on."""
    done = call(*hidden(NO_TRACEFS), *root_without("sys_admin"), run.SOCKSTALL, "-1", "-j", *MIN_AGE)
    assert READERS <= scene.names(records(done))
    lines = [line for line in said(done) if "tracefs" in line]
    assert len(lines) == 1 and "loops" in lines[0], done.stderr


def test_check_without_tracefs():
    done = call(*hidden(NO_TRACEFS), *root_without("sys_admin"), run.SOCKSTALL, "check", "-v")
    assert done.returncode == 0 and not said(done)
    assert state(done, "epoll_enter_pwait") == "no" and "no tracefs" in done.stdout
    assert state(done, "thread_scan") == state(done, "socket_scan") == "yes"


def is_locked_down():
    """No file says so unless securityfs is mounted; the command line does."""
    with open("/proc/cmdline", encoding="utf-8") as file:
        return "lockdown=confidentiality" in file.read()


@pytest.mark.skipif(not is_locked_down(), reason="not booted with lockdown=confidentiality: see tests/kernels")
@pytest.mark.parametrize("command", ["check", "readers"])
def test_lockdown(command):
    done = call(run.SOCKSTALL, command)
    assert done.returncode == 1
    assert len(said(done)) == 1 and "lockdown=confidentiality" in done.stderr, done.stderr


# A kernel that does not keep when a thread fell asleep.


def test_ages_at_least(scene, stream, btf_without_sched_info):
    live = stream("readers", "-j", "-i", "100ms", "-m", "300ms", "--btf", btf_without_sched_info)
    record = live.wait(10, event="open", pid=scene.v4.pid)
    assert record["age_at_least"] is True and record["since"] is None
    assert 0.3 <= record["age_s"] < 30 * SLOW, "it has slept for longer, but that cannot be known"
    live.stop()
    assert live.errors.decode().count("CONFIG_SCHED_INFO") == 1
    with_times = run.once("readers", "-a", "-p", scene.v4.pid)
    record = run.only(with_times, pid=scene.v4.pid)
    assert record["age_at_least"] is False and record["since"]


def test_ages_at_least_on_a_screen(scene, stream, btf_without_sched_info):
    live = stream("readers", "-i", "100ms", "-m", "300ms", "--btf", btf_without_sched_info)
    live.wait_line(lambda line: f"/{scene.v4.pid} " in line.decode() and "age \u2265" in line.decode(), 10)
    live.stop()
    threads = call(run.SOCKSTALL, "threads", "-1", "-p", scene.v4.pid, "--btf", btf_without_sched_info)
    assert threads.returncode == 0 and "\u2265" in threads.stdout
    assert "\u2265" not in call(run.SOCKSTALL, "threads", "-1", "-p", scene.v4.pid).stdout


def test_no_parts_of_a_lag(stall, stream, btf_without_sched_info):
    """They come from the scheduler's account: not known is not 0."""
    loop = stall(None, "waits.py", "epoll_wait", "sleep=0.002")
    live = stream("epoll", "-a", "-j", "-i", "200ms", "-p", loop.pid, "--btf", btf_without_sched_info)
    counted = wait_until(lambda: [record for record in live.records() if record.get("lag_max_s")], 10, "a lag")
    assert {record[f"lag_{part}_s"] for record in counted for part in ("cpu", "runqueue", "blocked")} == {None}
    live.stop()


def test_check_without_sched_info(btf_without_sched_info):
    done = call(run.SOCKSTALL, "check", "--btf", btf_without_sched_info)
    assert done.returncode == 0 and state(done, "sleep_times") == "no" and "CONFIG_SCHED_INFO" in done.stdout
    assert state(call(run.SOCKSTALL, "check", "-v"), "sleep_times") == "yes"


# Containers.


def test_own_pid_namespace(scene, tmp_path):
    """It sees its own processes, by their numbers there."""
    script = f"""exec 2>&1; python3 -c '
import os, socket, sys
here, there = socket.socketpair()
print(os.getpid(), flush=True)
os.mkdir("{tmp_path}/said")
here.recv(1)' > /proc/$$/fd/1 & until [ -d {tmp_path}/said ]; do sleep 0.1; done; sleep 1; exec "$@" """
    done = call(
        "unshare",
        "-p",
        "-f",
        "--mount-proc",
        "sh",
        "-c",
        script,
        "sh",
        run.SOCKSTALL,
        "readers",
        "-1",
        "-j",
        "-a",
        "-m",
        "100ms",
    )
    number, _, output = done.stdout.partition("\n")
    found = run.matching(run.parse(output.encode()), type="reader")
    assert [record["pid"] for record in found] == [int(number)], found
    assert found[0]["cgroup"], "it was looked up by the number of another namespace"


def test_check_in_containers():
    inside = call("unshare", "-p", "-f", "--mount-proc", run.SOCKSTALL, "check")
    assert inside.returncode == 0 and state(inside, "all_processes") == "no" and "of this container" in inside.stdout
    with_hosts = call("unshare", "-m", "-n", "-u", "-i", "-C", run.SOCKSTALL, "check", "-v")
    assert with_hosts.returncode == 0
    assert state(with_hosts, "all_processes") == state(call(run.SOCKSTALL, "check", "-v"), "all_processes")


def test_own_pid_namespace_threads():
    """-p takes the numbers that are seen inside."""
    done = call(
        "unshare",
        "-p",
        "-f",
        "--mount-proc",
        "sh",
        "-c",
        'exec "$@"',
        "sh",
        run.SOCKSTALL,
        "threads",
        "-p",
        1,
        "-1",
        "-j",
    )
    found = run.matching(records(done), type="thread")
    assert {record["pid"] for record in found} == {1} and {record["comm"] for record in found} == {"sockstall"}


def test_hosts_pid_namespace(scene):
    """All namespaces but that of processes are its own: it sees what it sees outside."""
    done = call("unshare", "-m", "-n", "-u", "-i", "-C", run.SOCKSTALL, "readers", "-1", "-j", *MIN_AGE)
    assert READERS <= scene.names(records(done))
