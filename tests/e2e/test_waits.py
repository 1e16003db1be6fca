# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""All ways to wait: rates against what the programs count, lag against what they do, and limits."""

import itertools
import os
import subprocess
import time

import pytest

import run
from child import PYTHON, wait_until
from late import late
from zoo import moment

ALL = ("epoll", "--interfaces", "all", "-j", "-a")
INTERFACES = {"epoll_wait": "epoll", "poll": "poll", "ppoll": "poll", "select": "select", "pselect6": "select"}


def looping(stall, *arguments):
    """The program, and what it said of itself; sure to count as a loop."""
    program = stall(None, "waits.py", *arguments)
    program.words = program.said("looping")
    program.said("turned", 30)
    return program


def rows(records, program, **wanted):
    return run.findings(records, type="loop", tid=program.pid, **wanted)


def counts(program):
    program.tell("count")
    return program.said("counts")


def watch(stream, program, count, *options, **wanted):
    """The loop's rows of a live run, until it has had so many of those that are wanted."""
    live = stream(*ALL, "-p", program.pid, *options)
    wait_until(lambda: len(rows(live.records(), program, **wanted)) >= count, 30, f"{count} rows of the loop")
    return rows(live.stop(), program)


def mean(records, key):
    """Over all intervals of a run, which are of about the same length."""
    return sum(record[key] for record in records) / len(records)


def counted(turns, moment):
    """What the program itself had counted by then: waits, events, empty waits."""
    return [turn for turn in turns if turn[0] <= moment][-1][1:]


def compare(told, truth, what):
    # At either end one may have returned from the wait and not have counted it yet.
    assert told == pytest.approx(truth, rel=0.02, abs=2.5), what


def check_counts(records, turns, keys):
    """The rates of some intervals against what the program counted in just these."""
    times = [time_of(record) for record in records]
    first, last = (counted(turns, moment) for moment in (times[0], times[-1]))
    for key in keys:
        told = sum(record[f"{key}_per_s"] * (now - then) for record, then, now in zip(records[1:], times, times[1:]))
        at = ("waits", "events", "empty").index(key)
        compare(told, last[at] - first[at], key)


def some_intervals(stream, program, interface):
    # A look says one moment for all that it saw: it must not be interrupted in the middle.
    live = stream(*ALL, "-p", program.pid, "-i", "500ms", before=("nice", "-n", "-20"))
    time.sleep(4)
    records = rows(live.stop(), program, interface=interface)[1:]
    assert len(records) >= 4
    assert {record["verdict"] for record in records} == {"ok"}
    return records


@pytest.mark.parametrize("syscall", INTERFACES)
def test_rates(stall, stream, syscall):
    program = looping(stall, syscall, "sleep=0.002")
    records = some_intervals(stream, program, INTERFACES[syscall])
    check_counts(records, counts(program)["turns"], ("waits", "events", "empty"))
    assert records[-1]["timeout_s"] == pytest.approx(0.005)
    assert records[-1]["max_events"] == (16 if syscall == "epoll_wait" else None)
    assert records[-1]["epoll_fd"] == (program.words["epoll_fd"] if syscall == "epoll_wait" else None)


def test_rates_of_io_uring(stall, stream):
    """It does not say how many completions it returned: that is null, and not 0."""
    program = looping(stall, "io_uring_enter", "sleep=0.002")
    records = some_intervals(stream, program, "io_uring")
    truth = counts(program)
    check_counts(records, truth["turns"], ("waits",))
    last = records[-1]
    assert last["events_per_s"] is None and last["empty_per_s"] is None and last["timeout_s"] is None
    assert os.readlink(f"/proc/{program.pid}/fd/{last['epoll_fd']}") == "anon_inode:[io_uring]"
    lag, wait = (typical(records, key) for key in ("lag_p50_s", "wait_p50_s"))
    assert lag == pytest.approx(truth["away_median_s"], rel=0.5) and lag >= 0.002
    assert wait == pytest.approx(truth["median_s"], rel=0.5)


def typical(records, key):
    """The median over all waits of some intervals, each of which has a median of its own: a busy one has few waits."""
    rows_ = sorted(records, key=lambda record: record[key])
    half, seen = sum(record["waits_per_s"] for record in rows_) / 2, 0
    for record in rows_:
        seen += record["waits_per_s"]
        if seen >= half:
            return record[key]
    raise AssertionError("no waits")


def time_of(record):
    return moment(record["time"])


@pytest.mark.parametrize("ready", [200, 3000])
@pytest.mark.parametrize("syscall", ["poll", "select"])
def test_waits_that_are_over_at_once(stall, stream, syscall, ready):
    """Such waits are not all timed, where they are short: what is said of their length is right all the same."""
    program = looping(stall, syscall, f"ready={ready}")
    live = stream(*ALL, "-p", program.pid, "-i", "250ms")
    live.wait(10, type="loop", tid=program.pid)
    truths = []
    for _ in range(5):
        time.sleep(0.2)
        truths.append(counts(program))  # of the last waits: a CPU that others use is not equally fast all the time
    told = typical([record for record in rows(live.stop(), program) if record["wait_p50_s"]], "wait_p50_s")
    # From outside a wait is longer, by what ctypes adds: twice as much where others have taken the CPU and its caches.
    shortest = 0.7 * min(truth["shortest_s"] for truth in truths) - 2e-6
    longest = 1.3 * max(truth["median_s"] for truth in truths) + 2e-6
    assert shortest <= told <= longest, truths


def test_total_count_is_exact(stall, stream):
    """All waits of a program's life, within one interval: no wait is lost, none counted twice."""
    live = stream(*ALL, "-i", "100ms")
    program = stall(None, "waits.py", "poll", "stop=500")
    program.said("stopped", 20)
    live.wait(10, type="loop", tid=program.pid, verdict="stalled")
    records = rows(live.stop(), program, interface="poll")
    times = [time_of(record) for record in records]
    waits = sum(record["waits_per_s"] * (now - then) for record, then, now in zip(records[1:], times, times[1:]))
    assert waits <= 500 * 1.02
    stalled = [record for record in records if record["verdict"] == "stalled"]
    assert stalled and "500 waits seen before" in stalled[-1]["why"], stalled


@pytest.mark.parametrize("syscall", INTERFACES)
def test_stalls(stall, stream, syscall):
    """A loop that does not come back; a twin that goes on."""
    live = stream("epoll", "--interfaces", "all", "-j", "-i", "200ms")
    twin = looping(stall, syscall, "sleep=0.01")
    program = stall(None, "waits.py", syscall, "stop=200")
    stopped = program.said("stopped", 20)
    opened = live.wait(10, type="loop", event="open", tid=program.pid)
    assert opened["verdict"] == "stalled" and opened["interface"] == INTERFACES[syscall]
    assert stopped["after"] <= moment(opened["since"]) <= stopped["time"]
    assert opened["now"] == "blocked" and "nanosleep" in opened["now_in"]
    program.end()
    live.wait(5, event="close", id=opened["id"])
    assert not rows(live.stop(), twin)


@pytest.mark.parametrize("seconds", [0.005, 0.05, 0.5])
@pytest.mark.parametrize("syscall", ["epoll_wait", "poll", "select"])
def test_lag_of_known_length(stall, stream, syscall, seconds):
    """From the start of the program on: twice a second alone would not make it a loop."""
    live = stream(*ALL, "-i", "1s", "-m", "10s")
    program = looping(stall, syscall, f"sleep={seconds}")
    time.sleep(4.2)
    records = rows(live.stop(), program)[2:]
    truth = counts(program)
    assert records and truth["away_median_s"] >= seconds
    for record in records:
        assert record["lag_max_s"] >= seconds
        assert seconds * 0.9 <= record["lag_p50_s"] <= record["lag_p99_s"] <= record["lag_max_s"]
    # The median of the medians: a busy machine wakes a sleeper late, in one second more often than in another.
    medians = sorted(record["lag_p50_s"] for record in records)
    assert medians[len(medians) // 2] <= truth["away_p90_s"] * 1.15 + 0.002


def split_of(stream, program):
    """CPU, run queue and blocked, in a turn, over some seconds."""
    records = watch(stream, program, 5, "-i", "1s", "-m", "10s")
    times = [time_of(record) for record in records]
    spans = [now - then for then, now in zip(times, times[1:])]  # a busy machine looks late
    records = records[1:]
    parts = {key: sum(record[f"lag_{key}_s"] for record in records) for key in ("cpu", "runqueue", "blocked")}
    turns = sum(record["waits_per_s"] * span for record, span in zip(records, spans))
    outside = sum(record["busy_ratio"] * span for record, span in zip(records, spans))
    assert sum(parts.values()) == pytest.approx(outside, rel=0.05)
    return {key: value / turns for key, value in parts.items()}


@pytest.mark.parametrize("syscall", ["epoll_wait", "poll"])
def test_lag_is_split(stall, stream, syscall):
    """5 ms of computing and 5 ms of sleep in each turn."""
    program = looping(stall, syscall, "compute=0.005", "sleep=0.005")
    parts = split_of(stream, program)
    assert parts["cpu"] == pytest.approx(0.005, rel=0.2)
    assert 0.0045 <= parts["blocked"] <= 0.0075


def test_lag_of_a_busy_machine(stall, stream):
    """The same beside programs that want the CPUs, too: that is the run queue, not the loop."""
    program = looping(stall, "epoll_wait", "compute=0.005", "sleep=0.005")
    hogs = [subprocess.Popen([PYTHON, "-c", "while True: pass"]) for _ in range(2 * os.cpu_count())]
    try:
        parts = split_of(stream, program)
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert parts["cpu"] == pytest.approx(0.005, rel=0.25)
    assert parts["runqueue"] > 0.001
    assert 0.0045 <= parts["blocked"] <= 0.010


def test_lag_under_way(stall, stream):
    """A loop that is away for longer than an interval: each interval has its part."""
    program = looping(stall, "epoll_wait", "compute=1")
    records = watch(stream, program, 8, "-i", "250ms", "-m", "10s", waits_per_s=0)
    # An interval is longer than asked for where sockstall itself had to wait for a CPU.
    away = [
        (record, time_of(record) - time_of(before))
        for before, record in itertools.pairwise(records)
        if record["waits_per_s"] == 0
    ]
    assert len(away) >= 7, records
    for record, interval in away:
        parts = record["lag_cpu_s"] + record["lag_runqueue_s"] + record["lag_blocked_s"]
        assert parts == pytest.approx(interval, rel=0.1, abs=0.05 + late(time_of(record)))
    ready = sum(record["lag_cpu_s"] + record["lag_runqueue_s"] for record, _ in away)
    assert ready >= 0.8 * sum(interval for _, interval in away)


def test_bytes_of_sets(stall, stream):
    """100 more descriptors: poll copies 10 bytes for each, select whole longs, in and out."""
    expect = {"poll": lambda words: 10 * 101, "select": lambda words: 2 * 8 * ((words["highest"] + 64) // 64)}
    for syscall, size in expect.items():
        program = looping(stall, syscall, "fds=100", "sleep=0.01")
        record = watch(stream, program, 2, "-i", "500ms")[-1]
        assert record["set_bytes_per_s"] / record["waits_per_s"] == pytest.approx(
            size(program.words), rel=0.06
        )  # one wait more or less


@pytest.mark.parametrize("count, verdict", [(1500, "select_limit"), (500, "ok")])
def test_select_limit(stall, stream, count, verdict):
    program = looping(stall, "select", f"fds={count}", "sleep=0.01")
    records = watch(stream, program, 3, "-i", "300ms")
    # The kernel itself takes no more than a process's table has room for.
    assert {record["verdict"] for record in records[1:]} == {verdict}


def test_only_epoll_by_default(stall, stream):
    program = looping(stall, "poll", "sleep=0.01")
    live = stream("epoll", "-j", "-a", "-p", program.pid, "-i", "200ms", "-d", "1s")
    live.join(20)
    records = live.records()
    assert not rows(records, program)
    used = records[0]["probes_used"].split()
    assert "epoll_exit_wait" in used
    assert not any(name.startswith(("poll", "select", "ring")) for name in used), used


def test_other_interfaces_only_with_epoll():
    assert run.sockstall("readers", "--interfaces", "all").returncode == 2


def test_shell_is_no_loop(stream):
    """A process that polls now and then."""
    script = "import select, time\nwhile True: select.poll().poll(1); time.sleep(0.5)"
    shell = subprocess.Popen([PYTHON, "-c", script])
    try:
        live = stream(*ALL, "-p", shell.pid, "-i", "200ms", "-d", "2500ms")
        live.join(20)
        assert not run.findings(live.records(), pid=shell.pid)
    finally:
        shell.kill()
        shell.wait()


def test_epoll_inside_poll(stall, stream):
    """A loop around poll that empties an epoll instance in passing waits in poll: no stall."""
    script = (
        "import select, os\np, e = select.poll(), select.epoll()\np.register(e.fileno(), 1)\n"
        "while True:\n e.poll(0)\n p.poll(400)\n"
    )
    for interfaces in "epoll", "all":
        program = subprocess.Popen([PYTHON, "-c", script])
        try:
            live = stream("epoll", "--interfaces", interfaces, "-j", "-p", program.pid, "-i", "100ms", "-d", "6s")
            live.join(20)
            assert not run.findings(live.records(), pid=program.pid)
        finally:
            program.kill()
            program.wait()


def test_stopped_poll_goes_on_as_restart_syscall(stall, stream):
    """After SIGSTOP and SIGCONT the kernel goes on with the same poll: the thread waits, as before."""
    import signal

    script = (
        "import select, sys\nr = select.poll()\n"
        "for i in range(200): r.poll(5)\nsys.stdout.write('x')\nsys.stdout.flush()\nr.poll(600000)\n"
    )
    live = stream(*ALL, "-i", "100ms")
    program = subprocess.Popen([PYTHON, "-c", script], stdout=subprocess.PIPE)
    try:
        program.stdout.read(1)
        for number in signal.SIGSTOP, signal.SIGCONT:
            time.sleep(0.2)
            program.send_signal(number)
        with open(f"/proc/{program.pid}/syscall", encoding="ascii") as file:
            wait_until(lambda: file.seek(0) or file.read().split()[0] == "219", 5, "restart_syscall")
        time.sleep(0.5)
        last = run.findings(live.stop(), pid=program.pid)[-1]
        assert last["now"] == "waiting" and last["verdict"] == "ok", last
    finally:
        program.kill()
        program.wait()
