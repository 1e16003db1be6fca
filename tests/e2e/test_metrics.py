# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The file of `sockstall metrics`: what is in it, and that it is whole whenever it is read. For the rest see tests/fleet."""

import os
import re
import shutil
import stat
import subprocess

import pytest

import run
from child import Stall, wait_until
from scene import block, waiting_client
from test_documents import COMMANDS, part

LAST = "sockstall_resident_memory_bytes "


def read(folder):
    """Series -> value, of a whole file; None where there is none yet."""
    try:
        text = (folder / "sockstall.prom").read_text()
    except FileNotFoundError:
        return None
    assert text.startswith("# HELP sockstall_info ") and text.endswith("\n"), text
    assert text.splitlines()[-1].startswith(LAST), text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    series = dict(line.rsplit(" ", 1) for line in lines)
    assert len(series) == len(lines), "a series stands twice"
    return {name: float(value) for name, value in series.items()}


def value(folder, name, **labels):
    """Of the one series with these labels; 0 where there is none."""
    found = [
        number
        for series, number in (read(folder) or {}).items()
        if series.split("{")[0] == name and all(f'{key}="{text}"' in series for key, text in labels.items())
    ]
    assert len(found) <= 1, found
    return found[0] if found else 0


def test_what_is_stuck_is_counted(room, stream, tmp_path):
    """Beside a healthy twin that is not: a server that waits for its next request."""
    live = stream("metrics", "--textfile", tmp_path, "-i", "100ms", "-m", "300ms", "--netns", room.here.inode)
    assert value(tmp_path, "sockstall_stalls", kind="reader", verdict="awaiting_reply") == 0
    reader = block(waiting_client(room, 5071, room.link.right4, "comm=" + b'sst"\\\n<x>'.hex()))
    idle = Stall(
        room.here, "endpoint.py", f"listen={room.link.left4},5072,16", "accept", "take=5", "send=5", "block=recvfrom"
    )
    idle.said("listening")
    Stall(room.there, "endpoint.py", f"connect={room.link.left4},5072", "send=5", "take=5")
    idle.said("blocking")
    wait_until(lambda: value(tmp_path, "sockstall_stalls", kind="reader", verdict="awaiting_reply") == 1, 10)
    assert value(tmp_path, "sockstall_process_stalls", comm='sst\\"\\\\\\\\x0a<x>') == 1
    assert value(tmp_path, "sockstall_stalls_opened_total", kind="reader") == 1
    assert 0.3 <= value(tmp_path, "sockstall_oldest_stall_seconds", kind="reader") < 300
    assert sum(number for name, number in read(tmp_path).items() if name.startswith("sockstall_stalls{")) == 1
    reader.peer.tell("send=1")
    wait_until(lambda: value(tmp_path, "sockstall_stalls", kind="reader", verdict="awaiting_reply") == 0, 10)
    assert value(tmp_path, "sockstall_stalls_opened_total", kind="reader") == 1
    assert value(tmp_path, "sockstall_oldest_stall_seconds", kind="reader") == 0
    assert live.stop() == b""


def test_listeners_and_loops(room, stream, tmp_path):
    stream("metrics", "--textfile", tmp_path, "-i", "100ms", "--netns", room.here.inode)
    server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},5073,2")
    server.said("listening")
    Stall(room.there, "endpoint.py", *[f"connect_later={room.link.left4},5073"] * 6).said("connecting")
    loop = Stall(room.here, "loop.py")
    loop.said("turned")
    where = {"port": "5073", "address": room.link.left4}
    wait_until(lambda: value(tmp_path, "sockstall_listener_accept_queue", **where) == 3, 10)
    assert value(tmp_path, "sockstall_listener_accept_queue_limit", **where) == 3
    assert value(tmp_path, "sockstall_listener_syn_queue_limit", **where) == 2

    # The loop turns a hundred times a second; then it stays away for as long as is between two bounds.
    wait_until(lambda: value(tmp_path, "sockstall_loop_lag_seconds_count", comm="python3") > 20, 10)
    longest = [value(tmp_path, "sockstall_loop_lag_seconds_bucket", le=le) for le in ("4.294967296", "+Inf")]
    loop.tell("sleep=4.6")
    wait_until(
        lambda: value(tmp_path, "sockstall_loop_lag_seconds_bucket", le="+Inf")
        - value(tmp_path, "sockstall_loop_lag_seconds_bucket", le="4.294967296")
        == longest[1] - longest[0] + 1,
        15,
    )
    assert value(tmp_path, "sockstall_loop_lag_seconds_sum", comm="python3") > 4.6


def test_every_read_finds_a_whole_file(stream, tmp_path):
    """While it is written twenty times a second."""
    stream("metrics", "--textfile", tmp_path, "-i", "50ms")
    wait_until(lambda: read(tmp_path), 10)
    seen = set()

    def look():
        seen.add(read(tmp_path)["sockstall_looks_total"])
        assert stat.S_IMODE(os.stat(tmp_path / "sockstall.prom").st_mode) == 0o644
        return len(seen) >= 10

    wait_until(look, 60)
    assert {name for name in os.listdir(tmp_path) if not name.startswith(".sockstall-")} == {"sockstall.prom"}


def test_once(tmp_path):
    done = run.sockstall("metrics", "--once", "--textfile", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert read(tmp_path)["sockstall_looks_total"] == 1
    assert os.listdir(tmp_path) == ["sockstall.prom"]
    done = run.sockstall("metrics", "--once", "--textfile", tmp_path)
    assert done.returncode == 0, "the file of the last run is replaced"


def test_any_umask_lets_the_collector_read_it(tmp_path):
    done = run.sockstall("metrics", "--once", "--textfile", tmp_path, umask=0o077)
    assert done.returncode == 0 and stat.S_IMODE(os.stat(tmp_path / "sockstall.prom").st_mode) == 0o644


def test_a_symbolic_link_is_replaced_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sockstall.prom").symlink_to(target)
    assert run.sockstall("metrics", "--once", "--textfile", tmp_path / "out").returncode == 0
    assert target.read_text() == "mine" and read(tmp_path / "out")


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_no_folder_to_write_to(tmp_path, folder):
    (tmp_path / "file").write_text("")
    done = run.sockstall("metrics", "--textfile", tmp_path / folder)
    assert done.returncode == 1 and done.stdout == b""
    assert done.stderr.startswith(b"sockstall: cannot write to ") and done.stderr.count(b"\n") == 1, done.stderr


def started(stream, folder):
    """metrics, with a file of it there."""
    live = stream("metrics", "--textfile", folder, "-i", "100ms")
    wait_until(lambda: read(folder), 10, "the first file")
    return live


def looks(folder):
    return (read(folder) or {}).get("sockstall_looks_total", 0)


def test_a_folder_that_is_exchanged_is_still_the_same(stream, tmp_path):
    """Whoever has a folder above DIR puts a link in the place of DIR: nothing is written where that leads."""
    folder, moved, target = tmp_path / "dir", tmp_path / "moved", tmp_path / "target"
    folder.mkdir()
    target.mkdir()
    live = started(stream, folder)
    folder.rename(moved)
    folder.symlink_to(target)
    before = looks(moved)
    wait_until(lambda: looks(moved) > before + 3, 10, "looks that are written to the same folder")
    assert os.listdir(target) == []
    assert live.stop() == b"" and live.errors == b""


@pytest.mark.parametrize("owner, refused", [(65534, True), (0, False)], ids=["nobody", "root"])
@pytest.mark.parametrize("where", ["last", "above", "relative", "twice"])
def test_links_of_others_are_not_followed(tmp_path, owner, refused, where):
    """Not the last part of DIR, nor one above it; root's own are."""
    target = tmp_path / "target"
    (target / "inner").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to("target" if where == "relative" else target)
    os.chown(link, owner, owner, follow_symlinks=False)
    (tmp_path / "second").symlink_to(link)
    folder = {"last": link, "above": link / "inner", "relative": link / "inner", "twice": tmp_path / "second"}[where]
    written = target / "inner" if where in ("above", "relative") else target
    done = run.sockstall("metrics", "--once", "--textfile", folder)
    assert (done.returncode == 1) == refused and (written / "sockstall.prom").exists() != refused, done
    if refused:
        assert (
            done.stderr
            == f"sockstall: cannot write to {folder}: a symbolic link on the way belongs to another user\n".encode()
        )


@pytest.mark.parametrize("folder", [".", "inner", "./inner/../inner//", "inner/."])
def test_relative_folders(tmp_path, folder):
    (tmp_path / "inner").mkdir()
    done = run.sockstall("metrics", "--once", "--textfile", folder, cwd=tmp_path)
    assert done.returncode == 0 and read(tmp_path / folder), done.stderr


def test_links_that_lead_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    done = run.sockstall("metrics", "--once", "--textfile", tmp_path / "a")
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1, done.stderr


def test_a_folder_in_the_place_of_the_file_does_not_end_it(stream, tmp_path):
    """It is told once, with the file's name, and the next look tries again."""
    live = started(stream, tmp_path)
    file = tmp_path / "sockstall.prom"

    def is_in_the_way():
        try:
            file.unlink(missing_ok=True)
            file.mkdir()
        except (FileExistsError, IsADirectoryError):
            pass
        return file.is_dir()

    for told in (1, 2):
        wait_until(is_in_the_way, 10, "a moment without the file")
        wait_until(lambda: live.errors.count(b"\n") == told, 10, "the message")
        goes_on(live)
        file.rmdir()
        wait_until(lambda: read(tmp_path), 10, "the file, again")
    assert live.stop() == b""
    assert live.errors == f"sockstall: cannot write {file}: Is a directory\n".encode() * 2
    assert os.listdir(tmp_path) == ["sockstall.prom"]


def reads(pid):
    """Calls in which a process has read: some more with each look."""
    with open(f"/proc/{pid}/io", encoding="ascii") as io:
        return int(re.search(r"syscr: (\d+)", io.read())[1])


def goes_on(live):
    count = reads(live.pid)
    wait_until(lambda: reads(live.pid) > count + 500, 20, "more looks")


def test_a_folder_that_is_gone_does_not_end_it(stream, tmp_path):
    folder = tmp_path / "dir"
    folder.mkdir()
    live = started(stream, folder)

    def is_gone():
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    wait_until(is_gone, 10, "a folder without a file")
    wait_until(lambda: live.errors, 10, "the message")
    goes_on(live)
    assert live.stop() == b""
    assert live.errors == f"sockstall: cannot write {folder}/sockstall.prom: No such file or directory\n".encode()


def test_a_full_disk_leaves_the_last_whole_file(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", small], check=True)
    try:
        done = run.sockstall("metrics", "--once", "--textfile", small)
        assert done.returncode == 1
        assert done.stderr == f"sockstall: cannot write {small}/sockstall.prom: No space left on device\n".encode()
        assert os.listdir(small) == []
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize(
    "options",
    [
        ["metrics"],
        ["metrics", "--textfile", ""],
        ["metrics", "--textfile", ".", "-j"],
        ["metrics", "--textfile", ".", "--all"],
        ["readers", "--textfile", "."],
    ],
    ids=str,
)
def test_bad_options(tmp_path, options):
    done = run.sockstall(*options, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1, done.stderr
    assert os.listdir(tmp_path) == []


def test_its_own_memory(stream, tmp_path):
    """As the kernel counts it: no more than it ever was, and no less than what is left after the look."""
    live = stream("metrics", "--textfile", tmp_path, "-i", "1h")
    said = wait_until(lambda: read(tmp_path), 10)["sockstall_resident_memory_bytes"]
    with open(f"/proc/{live.pid}/status", encoding="utf-8") as file:
        kib = dict(re.findall(r"^(Vm\w+):\s*(\d+) kB$", file.read(), re.MULTILINE))
    assert int(kib["VmRSS"]) / 2 < said / 1024 <= int(kib["VmHWM"]) + 1024, kib


def test_the_man_page_names_every_family(tmp_path):
    run.sockstall("metrics", "--once", "--textfile", tmp_path)
    families = re.findall(r"^# TYPE (\S+)", (tmp_path / "sockstall.prom").read_text(), re.M)
    assert re.findall(r"^\*(sockstall_\w+)\*", part(COMMANDS, "METRICS"), re.M) == families


def matchers(text):
    """(kinds, verdicts) of every selector on stalls; None: any. Alternatives are words, with no other pattern in them."""
    for labels in re.findall(r"sockstall_(?:process_)?stalls\{([^}]*)\}", text.replace('\\"', '"')):
        words = dict(re.findall(r'(kind|verdict)=~?"([\w|]+)"', labels))
        if words:
            yield [words[key].split("|") if key in words else None for key in ("kind", "verdict")]


@pytest.mark.parametrize("name, least", [("sockstall.rules.yml", 6), ("sockstall.grafana.json", 3)])
def test_alerts_and_dashboard_name_verdicts_that_exist(name, least):
    """Each word of each selector matches a series: a verdict that is renamed or gone would silence its alert."""
    verdicts = {kind: keys["verdict"]["enum"] for kind, keys in run.properties().items() if "verdict" in keys}
    with open(os.path.join(run.ROOT, "src/share", name)) as file:
        found = list(matchers(file.read()))
    assert len(found) >= least, found
    for kinds, words in found:
        for kind in kinds or verdicts:
            assert kind in verdicts, f"{name}: there is no kind {kind}"
        for word in words or ():
            assert any(
                word in verdicts[kind] for kind in kinds or verdicts
            ), f"{name}: {kinds} never has the verdict {word}"
        for kind in kinds or ():
            assert not words or set(words) & set(verdicts[kind]), f"{name}: {kind} has none of {words}"


def faults():
    """(kind, verdict) of all that is told without --all."""
    kind, found = None, set()
    for line in run.sockstall("explain").stdout.decode().splitlines():
        word, _, meaning = line.strip().partition(" ")
        if line and not line.startswith(" "):
            kind = word
        elif word and "with --all" not in meaning:
            found.add((kind, word))
    return found


# Nobody is woken by these. What waits in a chain or for a lock is told of the service, the loop or the peer at its end;
# connections that are not closed, and watches, harm later; one client or one connect may be at fault itself.
NOT_ALERTED = {
    "chain": {"accept_queue_full", "blocked", "remote", "running", "stopped", "unknown", "waiting"},
    "lock": {"blocked", "held", "running", "stopped"},
    "closing": {"not_closed", "not_read", "peer_not_closed", "unanswered", "window_zero"},
    "handshake": {"deferred", "no_answer", "peer_silent"},
    "listener": {"dropping"},
    "loop": {"dead_watches", "near_limit", "saturated", "select_limit", "throttled"},
    "reader": {"maybe_dead", "no_request", "not_read", "request_stopped"},
    "service": {"not_read"},
    "writer": {"no_answer"},
}


def test_each_fault_has_an_alert_or_a_reason():
    """A new verdict is silent in a fleet until somebody decides: add it to an alert, or to the list above."""
    with open(os.path.join(run.ROOT, "src/share/sockstall.rules.yml")) as file:
        alerts = list(matchers(file.read()))
    told = {
        (kind, verdict)
        for kind, verdict in faults()
        for kinds, words in alerts
        if (not kinds or kind in kinds) and (not words or verdict in words)
    }
    left = {(kind, verdict) for kind, verdicts in NOT_ALERTED.items() for verdict in verdicts}
    assert told and faults() - told == left
