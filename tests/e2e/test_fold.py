# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Stalls that are alike are one row, line or record; what differs from them stays apart."""

import pytest

import run
from child import Stall, wait_until
from scene import block
from zoo import Room

ALIKE = 3
PORT, OTHER_PORT = 5021, 5022


class Alike:
    """Clients of one silent server, and beside them one of another port and one with another name."""

    def __init__(self):
        self.room = Room()
        address = self.room.link.right4
        accepting = ["accept"] * (ALIKE + 1)
        self.servers = [
            Stall(self.room.there, "endpoint.py", f"listen={address},{port},16", *accepting)
            for port in (PORT, OTHER_PORT)
        ]
        for server in self.servers:
            server.said("listening")
        self.members = [self._client(PORT) for _ in range(ALIKE)]
        self.others = [self._client(OTHER_PORT), self._client(PORT, "comm=" + b"sst-other".hex())]
        self.selection = ("readers", "--netns", self.room.here.inode, "-m", "1s")
        wait_until(self._all_shown, 20, "all clients to be shown")

    def _client(self, port, *steps):
        client = Stall(self.room.here, "endpoint.py", *steps, f"connect={self.room.link.right4},{port}", "send=5")
        client.said("sent")
        return block(client)

    def _all_shown(self):
        return len(run.findings(run.once(*self.selection))) == len(self.pids())

    def pids(self):
        return {client.pid for client in self.members + self.others}

    def close(self):
        for stall in self.members + self.others + self.servers:
            stall.end()
        self.room.close()


@pytest.fixture(scope="module")
def alike():
    alike = Alike()
    yield alike
    alike.close()


def members(alike):
    return sorted(client.pid for client in alike.members)


def folded(records):
    return [record for record in run.findings(records) if record["count"]]


def test_one_record_for_all(alike):
    records = run.once(*alike.selection, fold=True)
    (one,) = folded(records)
    assert (one["count"], one["pids"]) == (ALIKE, members(alike))
    assert (one["verdict"], one["peer_addr"], one["peer_port"]) == ("awaiting_reply", alike.room.link.right4, PORT)
    assert one["oldest_s"] == one["age_s"] > one["youngest_s"] > 0
    assert one["pid"] == alike.members[0].pid, "it is the oldest's record"
    apart = [record for record in run.findings(records) if not record["count"]]
    assert {record["pid"] for record in apart} == {client.pid for client in alike.others}
    assert all(record["pids"] is record["oldest_s"] is record["youngest_s"] is None for record in apart)


@pytest.mark.parametrize("option", ["--no-fold", "--all"])
def test_each_by_itself(alike, option):
    found = run.findings(run.once(*alike.selection, option, fold=True))
    assert alike.pids() <= {record["pid"] for record in found}
    assert not folded(found)


def test_its_id_is_that_of_a_stall(alike):
    """`end` finds it: it says what would be done, and does nothing."""
    (one,) = folded(run.once(*alike.selection, fold=True))
    done = run.sockstall("end", one["id"], "-j")
    assert done.returncode == 0, done.stderr
    action = run.parse_line(done.stdout)
    assert (action["pid"], action["result"]) == (one["pid"], "planned")


def test_filters_choose_first(alike):
    records = run.once(*alike.selection, "-p", f"{members(alike)[0]},{members(alike)[1]}", fold=True)
    assert [record["pids"] for record in folded(records)] == [members(alike)[:2]]
    records = run.once(*alike.selection, "-p", members(alike)[0], fold=True)
    assert run.only(records)["count"] is None, "one alone is what it was"


def test_the_table_says_how_many(alike):
    text = run.sockstall(*alike.selection, "-1").stdout.decode()
    lines = text.splitlines()
    assert lines[0] == f"{ALIKE + 2} readers in 3 rows (--no-fold shows each)", text
    (row,) = [line for line in lines if "×" in line]
    assert f"python3 ×{ALIKE} ({ALIKE} pids)" in row and f"{alike.room.link.right4}:{PORT}" in row, text
    text = run.sockstall(*alike.selection, "-1", "--no-fold").stdout.decode()
    assert text.startswith(f"{ALIKE + 2} readers\n") and "×" not in text
    assert all(str(pid) in text for pid in alike.pids())


def test_a_line_for_those_of_one_look(alike):
    lines = run.sockstall(*alike.selection, "-d", "300ms", "-i", "100ms").stdout.decode().splitlines()
    (line,) = [line for line in lines if "  open  " in line and "×" in line]
    assert f"×{ALIKE} ({ALIKE} pids)  fd -  " in line and "oldest " in line, line
    lines = run.sockstall(*alike.selection, "-d", "300ms", "-i", "100ms", "--no-fold").stdout.decode().splitlines()
    assert sum("  open  " in line for line in lines) == ALIKE + 2, lines


def test_a_stream_has_a_life_for_each(alike):
    records = run.parse(run.sockstall(*alike.selection, "-j", "-d", "300ms", "-i", "100ms").stdout)
    opened = run.matching(records, event="open")
    assert {record["pid"] for record in opened} == alike.pids() and len(opened) == len(alike.pids())
    assert not folded(records)


def test_all_are_stuck(alike):
    """The exit status and conditions are about each of them, folded or not."""
    for more in [], ["--no-fold"]:
        assert run.sockstall(*alike.selection, "-1", "--exit-code", *more).returncode == 10
    done = run.sockstall(*alike.selection, "-1", "--on-stall", "reader.count>1", "--exec", "true")
    assert done.returncode == 2 and b"'count' cannot be compared" in done.stderr


def test_a_recording_is_folded_when_it_is_replayed(alike, tmp_path):
    run.sockstall(*alike.selection, "-1", "-j", "--no-fold", "--record", tmp_path / "r")
    records = run.parse(run.sockstall("replay", tmp_path / "r", "-1", "-j").stdout)
    assert [record["pids"] for record in folded(records)] == [members(alike)]
    assert not folded(run.once("replay", tmp_path / "r"))
    stream = run.parse(run.sockstall("replay", tmp_path / "r", "-j").stdout)
    assert len(run.findings(stream)) == len(alike.pids()) and not folded(stream)


def test_a_page_has_one_lane_for_all(alike, tmp_path):
    run.sockstall(*alike.selection, "-1", "-j", "--record", tmp_path / "r")
    for more, lanes in ([], 3), (["--no-fold"], ALIKE + 2):
        done = run.sockstall("replay", tmp_path / "r", "--html", tmp_path / "page", "--force", *more)
        assert done.returncode == 0, done.stderr
        page = (tmp_path / "page").read_text()
        assert page.count('<a class="lane"') == page.count("<tbody id=") == lanes
        assert f"{ALIKE + 2} stalls" in page and f"<h2>{ALIKE + 2} readers</h2>" in page
        assert (f"each of the {ALIKE}" in page) == (not more)
        assert all(f"python3/{pid}" in page for pid in members(alike))


def test_enter_opens_and_folds_again(alike, tmux):
    """In the live view. `e` on the row of several opens it, too: only one of them is ended at a time."""
    screen = tmux("-i", "200ms", *alike.selection, columns=100, rows=40)
    folded_row, stuck = f"python3 ×{ALIKE} ({ALIKE} pids)", f"{ALIKE + 2} stuck: {ALIKE + 2} readers"
    text = screen.wait(folded_row)
    assert stuck in text and "└" not in text, text
    screen.keys("Enter")
    text = screen.wait("└ python3/")
    assert folded_row in text and stuck in text, text
    assert all(f"└ python3/{pid}" in text for pid in members(alike)), text
    screen.keys("Enter")
    screen.wait_without("└")
    screen.keys("e")
    text = screen.wait("└ python3/")
    assert "nothing is done yet" not in text, text
    screen.keys("Down", "e")
    screen.wait(f"(pid {members(alike)[0]},")
    screen.keys("Escape", "q")
    screen.check_restored()


@pytest.mark.parametrize("command", ["chains", "services", "metrics", "end", "schema"])
def test_where_nothing_is_folded_it_is_refused(command):
    done = run.sockstall(command, "--no-fold")
    assert done.returncode == 2 and b"--no-fold" in done.stderr, done.stderr


@pytest.mark.parametrize("options", [(), ("--no-fold",)])
def test_a_replay_gives_the_same_bytes(alike, tmp_path, options):
    """Of a single look, too: it is folded as that was."""
    path = tmp_path / "looks"
    done = run.sockstall(*alike.selection, "-1", "-j", *options, "--record", path)
    assert (b'"count":3' in done.stdout) != bool(options)
    assert run.sockstall("replay", path, "-j").stdout == done.stdout
