# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Recordings: a replay gives the same bytes; what is no whole recording is refused with one line."""

import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import zlib

import pytest

import run
from child import PATIENCE, Child, Stall, wait_until
from recordings import chunk, chunks
from scene import Scene, block, waiting_client
from zoo import Room

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture(scope="module")
def scene():
    scene = Scene()
    yield scene
    scene.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A recording in which things open, change and close; and what the live run said meanwhile."""
    path = tmp_path_factory.mktemp("recording") / "looks"
    room = Room()
    live = run.Stream("-j", "-i", "100ms", "-m", "200ms", "--record", path)
    reader = block(waiting_client(room, 5041, room.link.right4))
    room.there.drop("input", "tcp sport 5042")
    server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},5042,16")
    server.said("listening")
    client = Stall(room.there, "endpoint.py", f"connect={room.link.left4},5042")
    client.said("connecting")
    loop = Stall(room.here, "loop.py")
    loop.said("turned")
    loop.tell("sleep=600")  # until it has been seen: on a busy machine looks are further apart
    live.wait(10, event="open", pid=loop.pid)
    loop.process.send_signal(signal.SIGUSR1)
    live.wait(10, event="open", pid=reader.pid)
    live.wait(10, event="change", netns=room.here.inode, local_port=5042)
    live.wait(10, event="close", pid=loop.pid)
    reader.peer.tell("send=1")
    live.wait(10, event="close", pid=reader.pid)
    live.stop()
    room.close()
    return path, b"".join(live.lines)


def check_refused(done):
    """One line on stderr and exit 1. What was sound before the damage may have been printed."""
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert done.stderr.count(b"\n") == 1 and done.stderr.startswith(b"sockstall"), done.stderr


def test_replay_gives_the_same_bytes(recorded):
    path, live = recorded
    done = run.sockstall("replay", path, "-j")
    assert done.returncode == 0, done.stderr
    assert done.stdout == live


def test_options_before_the_command(recorded):
    path, live = recorded
    assert run.sockstall("-j", "replay", path).stdout == live


@pytest.mark.parametrize(
    "options",
    [["handshakes"], ["readers", "-a"], ["epoll", "-a"], ["-a"], ["--port", "5001"], ["-c", "sst-alpha"]],
    ids=" ".join,
)
def test_replay_of_other_runs(scene, tmp_path, options):
    path = tmp_path / "recording"
    done = run.sockstall(*options, "-j", "-i", "100ms", "-d", "1s", "--record", path)
    assert done.returncode == 0, done.stderr
    run.parse(done.stdout)
    replayed = run.sockstall("replay", path, "-j")
    assert replayed.returncode == 0, replayed.stderr
    assert replayed.stdout == done.stdout


def test_replay_of_one_look(scene, tmp_path):
    path = tmp_path / "recording"
    done = run.sockstall("-1", "-j", "-m", "100ms", "--record", path)
    assert scene.names(run.parse(done.stdout)) == {"v4", "v6", "syn", "queue", "far"}
    assert run.sockstall("replay", path, "-j").stdout == done.stdout


def test_recorded_as_text_replayed_as_json(scene, tmp_path):
    """What a recording holds does not depend on what was printed."""
    path = tmp_path / "recording"
    done = run.sockstall("-d", "500ms", "-i", "100ms", "-m", "100ms", "--record", path)
    assert done.returncode == 0 and done.stdout
    replayed = run.sockstall("replay", path, "-j")
    assert scene.names(run.parse(replayed.stdout)) == {"v4", "v6", "syn", "queue", "far"}
    assert run.sockstall("replay", path).stdout == done.stdout


def test_replay_without_root(recorded):
    """By a user who may do nothing, from a folder that this user can read."""
    path, live = recorded
    with tempfile.TemporaryDirectory(prefix="sst-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(run.SOCKSTALL, folder)
        copy = shutil.copyfile(path, os.path.join(folder, "recording"))
        os.chmod(copy, 0o644)
        done = subprocess.run(
            [*NOBODY, program, "replay", copy, "-j"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=30 * PATIENCE,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout == live


def test_mode_of_the_file(recorded):
    path, _ = recorded
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_no_symbolic_link_is_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    done = run.sockstall("-1", "-j", "--record", link)
    check_refused(done)
    assert not target.exists()


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_a_link_is_not_followed_to_a_file(tmp_path, force):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("precious")
    link.symlink_to(target)
    check_refused(run.sockstall("-1", "-j", "--record", link, *force))
    assert target.read_text() == "precious" and link.is_symlink()


def test_a_file_is_not_overwritten(tmp_path):
    path = tmp_path / "recording"
    path.write_text("precious")
    done = run.sockstall("-1", "-j", "--record", path)
    check_refused(done)
    assert path.read_text() == "precious" and "--force" in done.stderr.decode()


def test_force_replaces_a_file(tmp_path):
    """By another one: who has the old one open, or may read it, does not see what is recorded."""
    path = tmp_path / "recording"
    path.write_text("old")
    path.chmod(0o666)
    with open(path, encoding="utf-8") as held:
        done = run.sockstall("-1", "-j", "--record", path, "--force")
        assert done.returncode == 0, done.stderr
        assert held.read() == "old"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run.sockstall("replay", path, "-j").stdout == done.stdout


def test_force_makes_a_new_file(tmp_path):
    path = tmp_path / "recording"
    assert run.sockstall("-1", "-j", "--record", path, "--force").returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_force_replaces_nothing_else(tmp_path, make):
    path = tmp_path / "other"
    make(path)
    before = path.lstat()
    check_refused(run.sockstall("-1", "-j", "--record", path, "--force"))
    assert path.lstat() == before


def is_about_to_take_it_away(pid):
    """In a system call that takes a name away or gives it to another file, as strace holds it there."""
    numbers = {"x86_64": (82, 87, 263, 264, 316), "aarch64": (35, 38, 276)}[os.uname().machine]
    try:
        with open(f"/proc/{pid}/syscall", encoding="ascii") as file:
            return file.read().split()[0] in map(str, numbers)
    except (FileNotFoundError, ProcessLookupError):
        return False  # it has ended


def child_of(pid):
    """sockstall: strace has had other children, to try out what the kernel can do."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        for child in file.read().split():
            try:
                if os.path.samefile(f"/proc/{child}/exe", run.SOCKSTALL):
                    return int(child)
            except FileNotFoundError:
                pass  # it has ended
    return None


def test_force_does_not_take_what_came_meanwhile(tmp_path):
    """Between looking at the old file and taking it away somebody puts something else there: that stays."""
    path, target = tmp_path / "recording", tmp_path / "target"
    path.write_text("old")
    target.write_text("precious")
    # What strace starts is held for a second where it enters one of these.
    names = "?rename,?renameat,renameat2,?unlink,unlinkat"
    process = Child(
        [
            "strace",
            "-o",
            "/dev/null",
            "-e",
            f"trace={names}",
            "-e",
            f"inject={names}:delay_enter=1000000",
            run.SOCKSTALL,
            "-1",
            "-j",
            "--record",
            str(path),
            "--force",
        ]
    )
    pid = wait_until(lambda: child_of(process.pid), 10, "sockstall")
    for _ in range(3):
        # The first may be of a name of its own.
        wait_until(lambda: process.process.poll() is not None or is_about_to_take_it_away(pid), 10, "the exchange")
        if process.process.poll() is not None:
            break
        other = tmp_path / "other"
        other.symlink_to(target)
        os.rename(other, path)
        wait_until(lambda: process.process.poll() is not None or not is_about_to_take_it_away(pid), 10, "its end")
    assert process.join(20) == 1
    assert path.is_symlink() and target.read_text() == "precious"
    assert sorted(os.listdir(tmp_path)) == ["recording", "target"]
    assert process.errors.count(b"cannot record to") == 1, process.errors


def test_force_without_record():
    done = run.sockstall("-1", "-j", "--force")
    assert done.returncode == 2 and done.stderr.startswith(b"sockstall: --force"), done.stderr


def test_no_folder_to_record_in(tmp_path):
    done = run.sockstall("-1", "-j", "--record", tmp_path / "missing" / "file")
    check_refused(done)
    assert not done.stdout


def test_killed_run_leaves_what_it_saw(scene, tmp_path, stream):
    """A recording that has no end can be replayed up to there, and says so."""
    path = tmp_path / "recording"
    live = stream("readers", "-j", "-i", "100ms", "-m", "100ms", "--record", path)
    live.wait(10, event="open", pid=scene.v4.pid)
    live.end(signal.SIGKILL)
    done = run.sockstall("replay", path, "-j")
    check_refused(done)
    assert str(scene.v4.pid).encode() in done.stdout


# Damage.


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 20, 100, 0.25, 0.5, 0.9, -8, -1], ids=str)
def test_truncated(recorded, tmp_path, keep):
    whole = recorded[0].read_bytes()
    length = int(len(whole) * keep) if isinstance(keep, float) else keep
    damaged = tmp_path / "recording"
    damaged.write_bytes(whole[:length])
    check_refused(run.sockstall("replay", damaged, "-j"))


@pytest.mark.parametrize("place", [0, 4, 9, 16, 40, 80, 200, 0.2, 0.4, 0.6, 0.8, 0.95, -4, -1], ids=str)
@pytest.mark.parametrize("value", [0x01, 0xFF])
def test_corrupt(recorded, tmp_path, place, value):
    damaged = bytearray(recorded[0].read_bytes())
    damaged[int(len(damaged) * place) if isinstance(place, float) else place] ^= value
    path = tmp_path / "recording"
    path.write_bytes(damaged)
    check_refused(run.sockstall("replay", path, "-j"))


def test_looks_are_compressed(recorded):
    """Each on its own: what one takes from no other can be lost with no other."""
    found, _ = chunks(recorded[0].read_bytes())
    assert [kind for kind, _ in found] == [1] + [4] * (len(found) - 2) + [3]
    assert len(found) - 2 == json.loads(recorded[1].splitlines()[-1])["looks"]
    for _, contents in found[1:-1]:
        look = zlib.decompress(contents[4:])
        assert len(look) == int.from_bytes(contents[:4], "little") > len(contents)


def test_looks_that_are_not_compressed(recorded, tmp_path):
    """As 0.1.0 wrote them."""
    data = recorded[0].read_bytes()
    found, start = chunks(data)
    plain = tmp_path / "plain"
    plain.write_bytes(
        data[:start]
        + b"".join(
            chunk(2, zlib.decompress(contents[4:])) if kind == 4 else chunk(kind, contents) for kind, contents in found
        )
    )
    done = run.sockstall("replay", plain, "-j")
    assert (done.returncode, done.stdout) == (0, recorded[1]), done.stderr


@pytest.mark.parametrize("claim", [1 << 26, (1 << 26) - 1, 1 << 30, (1 << 32) - 1, 100])
def test_a_bomb(recorded, tmp_path, claim):
    """64 KiB that would be 64 MiB: refused, and not unpacked to find that out."""
    data = recorded[0].read_bytes()
    found, start = chunks(data)
    bomb = tmp_path / "bomb"
    bomb.write_bytes(
        data[:start] + chunk(*found[0]) + chunk(4, struct.pack("<I", claim) + zlib.compress(bytes(1 << 26), 9))
    )
    done = run.sockstall("replay", bomb, "-j")
    check_refused(done)
    assert b"a compressed look cannot be unpacked" in done.stderr


def test_more_after_the_end(recorded, tmp_path):
    path = tmp_path / "recording"
    path.write_bytes(recorded[0].read_bytes() + b"more")
    check_refused(run.sockstall("replay", path, "-j"))


@pytest.mark.parametrize("path", ["/bin/true", "/etc/passwd", "/dev/null", "/", "/nonexistent/file"])
def test_foreign(path):
    done = run.sockstall("replay", path, "-j")
    check_refused(done)
    assert not done.stdout


# Pages. What is in one is for the unit tests, and what a browser makes of it for tests/html.


def page_of(recording, path, *options, expect=0):
    done = run.sockstall("replay", recording, "--html", path, *options)
    assert (done.returncode, done.stdout) == (expect, b""), done.stderr
    return done.stderr


def test_a_page(recorded, tmp_path):
    path = tmp_path / "page.html"
    assert page_of(recorded[0], path) == b""
    text = path.read_text()
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n")
    assert "awaiting_reply" in text and "peer_silent" in text and "stalled" in text
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_page_that_is_there_is_not_touched(recorded, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("mine")
    said = page_of(recorded[0], path, expect=1)
    assert said.startswith(b"sockstall: ") and b"--force" in said and said.count(b"\n") == 1
    assert path.read_text() == "mine"
    assert page_of(recorded[0], path, "--force") == b""
    assert path.read_text().startswith("<!DOCTYPE")
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_page_follows_no_symbolic_link(recorded, tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("mine")
    link.symlink_to(target)
    page_of(recorded[0], link, expect=1)
    page_of(recorded[0], link, "--force")
    assert target.read_text() == "mine" and not link.is_symlink()


def test_a_page_about_a_damaged_recording(recorded, tmp_path):
    """What came before the damage, and that there was some; of what is no recording there is no page."""
    whole = recorded[0].read_bytes()
    damaged, path = tmp_path / "damaged", tmp_path / "page.html"
    damaged.write_bytes(whole[:-8])
    assert page_of(damaged, path, expect=1).count(b"\n") == 1
    text = path.read_text()
    assert "The recording is not whole" in text and "awaiting_reply" in text and text.endswith("</html>\n")
    damaged.write_bytes(whole[:20])
    page_of(damaged, tmp_path / "other.html", expect=1)
    assert sorted(os.listdir(tmp_path)) == ["damaged", "page.html"]


def test_a_page_on_a_full_disk(recorded, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", small], check=True)
    try:
        assert b"No space left" in page_of(recorded[0], small / "page.html", expect=1)
        assert os.listdir(small) == []
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize(
    "options", [["--html", "x", "-j"], ["--html", "x", "-1"], ["--force"], ["--html", ""]], ids=str
)
def test_pages_with_bad_options(recorded, tmp_path, options):
    done = run.sockstall("replay", recorded[0], *options, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1, done.stderr
    assert os.listdir(tmp_path) == []


def test_a_name_for_the_host(tmp_path):
    """--host is in every record, and in the recording; without it the kernel's name is."""
    path = tmp_path / "looks"
    done = run.sockstall("threads", "-p", os.getpid(), "-1", "-j", "--host", "web-1.example", "--record", path)
    assert done.returncode == 0, done.stderr
    assert {record["host"] for record in run.parse(done.stdout)} == {"web-1.example"}
    assert run.sockstall("replay", path, "-j").stdout == done.stdout
    plain = run.sockstall("threads", "-p", os.getpid(), "-1", "-j")
    assert {record["host"] for record in run.parse(plain.stdout)} == {os.uname().nodename}


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 254, "ü"])
def test_no_name_for_a_host(name):
    done = run.sockstall("-1", "--host", name)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1, done.stderr
