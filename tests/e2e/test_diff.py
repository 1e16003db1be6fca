# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""replay A --diff B: two real recordings of one machine, between which some stalls end, some begin, one gets worse."""

import pytest

import run
from child import Stall
from scene import block, waiting_client
from zoo import Room

ANSWERED, STAYS, BEGINS, GETS_WORSE = 5061, 5062, 5063, 5064
# How long a thing that stays lasts depends on how fast the machine is; it is asked for where it is meant.
CHANGED = ("--port", f"{ANSWERED},{BEGINS},{GETS_WORSE}")
NAME = b'sst-"<x>\n'


def record(room, path):
    done = run.sockstall(
        "readers", "-j", "-i", "100ms", "-d", "500ms", "-m", "100ms", "--netns", room.here.inode, "--record", path
    )
    assert done.returncode == 0, done.stderr


def client(room, port):
    return block(waiting_client(room, port, room.link.right4, "comm=" + NAME.hex()))


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    room = Room()
    answered, stays, worse = [client(room, port) for port in (ANSWERED, STAYS, GETS_WORSE)]
    record(room, folder / "before")
    for stall in answered, stays, worse:
        stall.end()  # and come back as other processes, from other ports
        stall.peer.end()
    client(room, STAYS)
    client(room, BEGINS)
    peer = Stall(room.there, "endpoint.py", f"listen={room.link.right4},{GETS_WORSE},16", "accept", "accept")
    peer.said("listening")
    for _ in range(2):
        again = Stall(
            room.here, "endpoint.py", "comm=" + NAME.hex(), f"connect={room.link.right4},{GETS_WORSE}", "send=5"
        )
        again.said("sent")
        block(again)
    record(room, folder / "after")
    room.close()
    return folder


def diff(folder, *options, expect=0, names=("before", "after")):
    done = run.sockstall("replay", folder / names[0], "--diff", folder / names[1], *options)
    assert (done.returncode, done.stderr) == (expect, b""), (done.returncode, done.stderr)
    return done.stdout


def changes(folder, *options, **how):
    records = run.parse(diff(folder, "-j", *options, **how))
    return {one["peer_port"]: one for one in records if one["type"] == "difference"}


def test_new_gone_and_worse(recordings):
    found = changes(recordings, *CHANGED)
    assert {port: one["change"] for port, one in found.items()} == {
        ANSWERED: "gone",
        BEGINS: "new",
        GETS_WORSE: "worse",
    }
    assert all(one["kind"] == "reader" and one["comm"] == 'sst-"<x>\n' for one in found.values())
    worse = found[GETS_WORSE]
    assert (worse["most_before"], worse["most_after"]) == (1, 2)
    assert worse["verdict_before"] == worse["verdict_after"] == "awaiting_reply"
    assert found[BEGINS]["verdict_before"] is None and found[ANSWERED]["verdict_after"] is None
    assert found[BEGINS]["oldest_after_s"] > 0.1 and found[BEGINS]["oldest_before_s"] is None


def test_what_is_the_same_needs_all(recordings):
    found = changes(recordings, "--all")
    assert found[STAYS]["change"] in ("same", "worse", "better") and len(found) == 4


def test_the_other_way_round(recordings):
    found = changes(recordings, *CHANGED, names=("after", "before"))
    assert {port: one["change"] for port, one in found.items()} == {
        ANSWERED: "new",
        BEGINS: "gone",
        GETS_WORSE: "better",
    }


def test_the_table(recordings):
    text = diff(recordings, *CHANGED).decode()
    assert text.startswith("3 differences\n"), text
    lines = [line.split() for line in text.splitlines()[2:]]
    assert [words[0] for words in lines if words[0] in ("new", "worse", "gone")] == ["new", "worse", "gone"]
    assert 'sst-"<x>\\x0a' in text


def test_no_difference(recordings):
    assert diff(recordings, names=("before", "before"), expect=0) == b"no difference\n"


def test_exit_code(recordings):
    diff(recordings, "--exit-code", expect=10)
    diff(recordings, "--exit-code", expect=0, names=("before", "before"))


def test_filters(recordings):
    assert set(changes(recordings, "--port", BEGINS)) == {BEGINS}


def test_other_commands_are_not_compared(recordings, tmp_path):
    run.sockstall("handshakes", "-j", "-1", "--record", tmp_path / "other")
    done = run.sockstall("replay", recordings / "before", "--diff", tmp_path / "other")
    assert done.returncode == 1 and done.stdout == b"" and done.stderr.count(b"\n") == 1
    assert b"holds readers" in done.stderr and b"holds handshakes" in done.stderr


@pytest.mark.parametrize("harm", ["missing", "no recording", "cut"])
def test_a_bad_recording(recordings, tmp_path, harm):
    other = tmp_path / "other"
    if harm != "missing":
        other.write_bytes((recordings / "after").read_bytes()[:-8] if harm == "cut" else b"no recording")
    done = run.sockstall("replay", recordings / "before", "--diff", other, *CHANGED)
    assert (
        done.returncode == 1 and done.stderr.count(b"\n") == 1 and done.stderr.startswith(b"sockstall: ")
    ), done.stderr
    assert (b"3 differences" in done.stdout) == (harm == "cut"), "what there is of it is compared"


@pytest.mark.parametrize("options", [["--html", "x"], ["--trace", "x"], ["--once"], ["--watches"]], ids=str)
def test_bad_options(recordings, tmp_path, options):
    done = run.sockstall("replay", recordings / "before", "--diff", recordings / "after", *options, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1, done.stderr
