# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Processes that make whoever reads of them wait for as long as they like (stalls/holds.c): what else there is is found on time,
signals end sockstall at once, and nothing stays attached. Each has a healthy twin, of which nothing is lost.
"""

import json
import os
import signal
import subprocess
import time

import pytest

import run
from child import SLOW, STALLS, Child, wait_until
from scene import MIN_AGE, block, waiting_client
from terminal import Tmux
from test_degraded import RELEASE
from test_privileges import held as held_capabilities
from test_privileges import status
from zoo import Room

# Others' looks would lose these processes, too, and say so.

# On time, and at once: a quiet machine takes 0.1 s, a hold lasts for a minute. In s.
FOUND, ENDED = 20, 15
LEFT_BEHIND = 4  # FOREIGN_LEFT_BEHIND

HOLDS = [
    ("epoll", "uffd"),
    ("epoll", "fuse"),
    ("away", "uffd"),
    ("stack", "uffd"),
    ("title", "uffd"),
    ("program", "fuse"),
    ("flush", "fuse"),
]
NAMED = {"epoll", "away", "program"}  # a stack's pages are read only where they are there: then nothing is lost
LOOKS = {
    "once": ["-1"],
    "stream": [],
    "chains": ["chains"],
    "threads": ["threads"],
    "stacks": ["threads", "--stacks"],
    "loops": ["epoll", "--watches"],
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("holds") / "holds"
    subprocess.run(["gcc", "-O1", "-pthread", "-o", path, os.path.join(STALLS, "holds.c")], check=True)
    return str(path)


class Held(Child):
    """A process that holds something, from when it does."""

    def __init__(self, program, what, by):
        super().__init__([program, what, by], stderr=None)
        self.what = what
        words = self.wait_line(json.loads, 20)
        if words["event"] != "held":
            self.end()
            pytest.skip(f"this machine lets nobody do that: {words['why']}")
        self.held, self.fd = words["pid"], words["fd"]
        # Asleep for long enough to be of interest.
        time.sleep(1)

    def let_go(self):
        self.process.stdin.close()
        self.join()


@pytest.fixture
def holding(program):
    """Starts one; lets go of it after the test."""
    started = []

    def start(what, by):
        started.append(Held(program, what, by))
        return started[-1]

    yield start
    for one in started:
        one.let_go()


@pytest.fixture(scope="module")
def scene():
    """A reader that is stuck."""
    room = Room()
    yield block(waiting_client(room, 5301, room.link.right4))
    room.close()


def of_mode(words, *pids):
    """`threads` is about those that are asked for; so are the watches."""
    return words + (["-p", ",".join(map(str, pids))] if words and words[0] in ("threads", "epoll") else [])


def programs_of(pid):
    """Ids of the BPF programs that it has open."""
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as file:
                found |= {int(line.split()[1]) for line in file if line.startswith("prog_id:")}
        except FileNotFoundError:
            pass
    return found


def attached():
    said = subprocess.run(["bpftool", "-j", "prog", "list"], stdout=subprocess.PIPE, check=True).stdout
    return {one["id"] for one in json.loads(said)}


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except FileNotFoundError:
        return []


def named(pid, name):
    try:
        return status(pid)["Name"].strip() == name
    except (FileNotFoundError, ProcessLookupError):
        return False


def spawner_of(live):
    (one,) = [child for child in children(live.pid) if named(child, "sockstall-reads")]
    return one


def workers_of(live):
    return [child for child in children(spawner_of(live)) if named(child, "sockstall-read")]


def is_found(record, scene, words):
    if words and words[0] == "epoll":
        return record["type"] in ("loop", "watch", "lost")
    return record.get("pid") == scene.pid or record["type"] == "chain"


def min_age(words):
    """It is of stalls."""
    return [] if "threads" in words or "metrics" in words else MIN_AGE


def look_once(scene, hostile, words):
    """How long it takes, and what it finds."""
    began = time.monotonic()
    done = run.sockstall(*of_mode(words, scene.pid, hostile.held), "-1", "-j", *min_age(words), timeout=20)
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert time.monotonic() - began < FOUND * SLOW
    records = run.parse(done.stdout)
    assert any(is_found(record, scene, words) for record in records), records
    return records


def check_ends(live, number):
    """At once, and without anything that stays behind."""
    programs = programs_of(live.pid)
    assert programs
    began = time.monotonic()
    code = live.end(number, timeout=20)
    assert time.monotonic() - began < ENDED * SLOW
    assert code == (-number if number == signal.SIGKILL else 0), (code, live.errors)
    wait_until(lambda: not programs & attached(), 5, "the BPF programs to go")


@pytest.mark.parametrize("what, by", HOLDS)
def test_it_is_looked_past(holding, scene, stream, tmp_path, what, by):
    """Every kind of run, one after the other, beside one such process."""
    hostile = holding(what, by)
    for name, words in LOOKS.items():
        if (what, name) == ("stack", "loops"):
            continue  # it has none
        look_once(scene, hostile, [word for word in words if word != "-1"])
    for words, number in (
        ([], signal.SIGINT),
        (["threads", "--stacks"], signal.SIGTERM),
        ([], signal.SIGKILL),
        (["metrics", "--textfile", tmp_path], signal.SIGTERM),
        (["chains"], signal.SIGINT),
    ):
        more = [] if "metrics" in words else ["-j", *min_age(words)]
        live = stream(*of_mode(words, scene.pid, hostile.held), *more, "-i", "200ms")
        if "metrics" in words:
            wait_until((tmp_path / "sockstall.prom").exists, FOUND, "the file")
        else:
            live.wait_line(lambda line: is_found(json.loads(line), scene, words), FOUND)
        time.sleep(0.5)
        check_ends(live, number)


@pytest.fixture
def named_ones(program):
    """One of each kind that is named, as far as this machine has them; fewer than are left behind at most."""
    found = {}
    for what, by in [("epoll", "uffd"), ("away", "uffd"), ("program", "fuse")]:
        try:
            found[what, by] = Held(program, what, by)
        except pytest.skip.Exception as why:
            print(what, by, why)
    if not found:
        pytest.skip("this machine lets nobody hold anything")
    assert len(found) < LEFT_BEHIND
    yield found
    for one in found.values():
        one.let_go()


def test_they_are_named(named_ones, stream):
    live = stream("-j", "-i", "200ms", "-m", "1s")
    for hostile in named_ones.values():
        lost = live.wait(20, type="lost", where="processes", pid=hostile.held)
        assert lost["comm"] in ("holds", "held") and lost["count"] >= 1
        assert "did not come back" in lost["why"]
    # They are not asked again at every look.
    time.sleep(2)
    live.stop()
    for hostile in named_ones.values():
        assert len(run.matching(live.records(), type="lost", pid=hostile.held)) <= 2


def test_several_are_asked_again(named_ones, stream):
    """A look has time for one that makes it wait: the others have their turn at a later one."""
    live = stream("-j", "-a", "-i", "200ms", "-m", "1s")
    first = {one.held: live.wait(20, type="process", pid=one.held) for one in named_ones.values()}
    for pid, opened in first.items():
        again = live.wait(30, type="process", pid=pid, verdict="unreadable")
        assert again["id"] == opened["id"] and again["reads_lost"] == 2, again


@pytest.mark.parametrize("what, by", [one for one in HOLDS if one[0] in NAMED])
def test_it_is_a_finding_of_its_own(holding, stream, what, by):
    """From its first such read until reads come back."""
    hostile = holding(what, by)
    live = stream("-j", "-a", "-i", "200ms", "-m", "1s")
    first = live.wait(20, type="process", pid=hostile.held)
    assert (first["event"], first["verdict"], first["reads_lost"]) == ("open", "slow_to_read", 1), first
    assert first["comm"] in ("holds", "held") and first["netns"] == os.stat(f"/proc/{hostile.held}/ns/net").st_ino
    assert (
        first["reads_of"] == {"program": "program"}.get(what, "epoll descriptors") and first["reads_of"] in first["why"]
    )
    again = live.wait(30, type="process", pid=hostile.held, verdict="unreadable")
    assert again["id"] == first["id"] and again["since"] == first["since"] and again["reads_lost"] == 2, again
    assert again["age_s"] > 9 and again["advice"]  # asked again after ten seconds by the look's clock
    hostile.let_go()
    over = live.wait(40, type="process", pid=hostile.held, event="close")
    assert over["id"] == first["id"]


def test_where_it_is_shown(holding, scene, tmux, tmp_path):
    hostile = holding("epoll", "uffd")
    name = "sockstall-test.rec"
    done = run.sockstall("-1", "-a", "--record", tmp_path / name, timeout=20)
    table = done.stdout.decode().split(" process")[-1]
    assert "slow_to_read" in table and f"/{hostile.held} " in table, done.stdout
    page = tmp_path / "page.html"
    assert run.sockstall("replay", tmp_path / name, "-a", "--html", page, timeout=20).returncode == 0
    assert "slow_to_read" in page.read_text(encoding="utf-8")
    # Nothing of it is stuck: it is for those who want to see all.
    records = run.once("-m", "1s", "-p", hostile.held)
    assert run.matching(records, type="lost", pid=hostile.held) and not run.matching(records, type="process")
    screen = tmux("-i", "200ms", "-p", f"{scene.pid},{hostile.held}")
    screen.wait("reader", FOUND)
    screen.keys("a")
    screen.wait("slow_to_read", FOUND)


def test_it_follows_the_filter(holding, scene):
    """What is lost of it, too."""
    hostile = holding("epoll", "uffd")
    of_it = {"pid": hostile.held}
    records = run.once("-a", *MIN_AGE)
    (shown,) = run.matching(records, type="process", **of_it)
    (reader,) = run.findings(records, pid=scene.pid)
    assert run.matching(records, type="lost", **of_it)
    for words in (["-p", hostile.held], ["-c", shown["comm"]], ["--netns", shown["netns"]]):
        records = run.once("-a", *MIN_AGE, *words)
        assert run.matching(records, type="lost", **of_it) and run.matching(records, type="process", **of_it), words
    for words in (["-p", scene.pid], ["-c", reader["comm"]], ["--netns", reader["netns"]]):
        records = run.once("-a", *MIN_AGE, *words)
        assert run.findings(records, pid=scene.pid) and not run.matching(records, **of_it), words


@pytest.mark.parametrize("what, by", [("epoll", "uffd"), ("program", "fuse")])
def test_end_and_the_screen(holding, scene, tmp_path, what, by):
    hostile = holding(what, by)
    (reader,) = run.findings(look_once(scene, hostile, []), type="reader", pid=scene.pid)
    done = run.sockstall("end", reader["id"], "-j", timeout=20)
    assert done.returncode == 0 and json.loads(done.stdout)["result"] == "planned", done
    screen = Tmux([run.SOCKSTALL, "-i", "200ms", *MIN_AGE, "-p", f"{scene.pid},{hostile.held}"], tmp_path)
    try:
        screen.wait("reader", FOUND)
        began = time.monotonic()
        screen.keys("C-c")
        screen.check_restored()
        assert time.monotonic() - began < (ENDED + 1) * SLOW
    finally:
        screen.close()


def test_only_so_many_are_left_behind(holding, stream, program):
    """And it goes on when they are let go."""
    hostile = [holding("program", "fuse") for _ in range(LEFT_BEHIND + 2)]
    live = stream("-j", "-i", "200ms", "-m", "1s")
    wait_until(lambda: len(workers_of(live)) >= LEFT_BEHIND, 20, "workers that hang")
    for _ in range(20):
        assert len(workers_of(live)) <= LEFT_BEHIND
        time.sleep(0.1)
    for one in hostile:
        one.let_go()
    wait_until(lambda: len(workers_of(live)) <= 1, 20, "those to end")
    check_ends(live, signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_many_mappings_and_frames(holding, stream, number):
    """Each process's mappings are read once, for all its threads and frames."""
    hostile = holding("maps", "nothing")
    began = time.monotonic()
    live = stream("threads", "--stacks", "-p", hostile.pid, "-j", "-i", "1s")
    record = live.wait(15, type="thread", syscall="pause" if os.uname().machine == "x86_64" else "ppoll")
    assert record["user_stack"][0].startswith("pile_frames "), record["user_stack"]
    # It goes away after a minute: a look may be done because of that.
    assert time.monotonic() - began < FOUND * SLOW
    check_ends(live, number)


@pytest.mark.parametrize("what", ["epoll", "away", "program"])
def test_nothing_is_lost_of_the_healthy(holding, scene, what):
    healthy = holding(what, "nothing")
    records = run.once("-a", *MIN_AGE)
    assert not run.matching(records, type="lost", pid=healthy.held)
    assert not run.matching(records, type="process", pid=healthy.held)
    records = run.once("epoll", "--watches", "-p", healthy.held)
    assert not run.matching(records, type="lost")
    watches = run.matching(records, type="watch", pid=healthy.held)
    assert {watch["kind"] for watch in watches} == {"eventfd"}, records


def test_a_title_that_does_not_come(holding):
    """It is null, and what else there is of the process is there."""
    hostile = holding("title", "uffd")
    records = run.once("epoll", "-a", "-p", hostile.held)
    (loop,) = run.matching(records, type="loop", comm="sleeper")
    assert loop["title"] is None and loop["verdict"] == "ok"
    healthy = holding("title", "nothing")
    records = run.once("epoll", "-a", "-p", healthy.held)
    (loop,) = run.matching(records, type="loop", comm="sleeper")
    assert loop["title"] == "nothing held" and not run.matching(records, type="lost")


def links_of(pid):
    return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}


READS = {"dac_read_search", "sys_ptrace"} | ({"checkpoint_restore"} if RELEASE >= (5, 9) else set())


def test_what_they_have(stream):
    """Those that read, and who makes them: one socket, three capabilities, a filter."""
    live = stream("-j", "-i", "200ms")
    for pid in wait_until(lambda: workers_of(live), 10, "a worker") + [spawner_of(live)]:
        links = links_of(pid)
        assert [links.pop(fd) for fd in range(3)] == ["/dev/null"] * 3
        assert len(links) == 1 and links.popitem()[1].startswith("socket:")
        assert held_capabilities(pid) == held_capabilities(pid, "CapEff") == READS
        assert not held_capabilities(pid, "CapBnd")
        assert int(status(pid)["NoNewPrivs"]) == 1 and int(status(pid)["Seccomp"]) == 2
    live.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_they_end_with_sockstall(stream, number):
    live = stream("-j", "-i", "200ms")
    apart = wait_until(lambda: workers_of(live), 10, "a worker") + [spawner_of(live)]
    live.end(number)
    wait_until(
        lambda: not any(named(pid, "sockstall-read") or named(pid, "sockstall-reads") for pid in apart), 10, "their end"
    )


@pytest.mark.parametrize("which", ["worker", "spawner"])
def test_without_them(scene, stream, which):
    """Killed: a new one comes; or nothing is read in this way any more, and the rest goes on."""
    live = stream("-j", "-i", "200ms", *MIN_AGE)
    (worker,) = wait_until(lambda: workers_of(live), 10, "a worker")
    os.kill(worker if which == "worker" else spawner_of(live), signal.SIGKILL)
    live.wait(10, type="reader", pid=scene.pid)
    time.sleep(1)
    records = live.stop()
    assert run.findings(records, pid=scene.pid)
    assert not live.errors
