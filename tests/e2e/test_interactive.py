# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The interactive live view in tmux: real keys, and the screen that they lead to."""

import os
import re
import signal
import time

import pytest

import run
import shim
from child import Stall, wait_until
from late import late
from scene import MIN_AGE, Scene, block, waiting_client
from terminal import run_in_pty
from test_documents import COMMANDS, part
from test_privileges import apart_of, live_view

ACCOUNTS = ("-i", "200ms", *MIN_AGE)


@pytest.fixture(scope="module")
def scene():
    scene = Scene()
    yield scene
    scene.close()


@pytest.fixture
def view(scene, tmux):
    """The overview of the scene's two readers, once it shows both."""

    def start(*arguments, **how):
        screen = tmux(*ACCOUNTS, "-p", f"{scene.v4.pid},{scene.v6.pid}", *arguments, **how)
        screen.wait("(2)")  # its page of readers: behind a long cause the count is cut off
        return screen

    return start


def rows(screen):
    """The pids of the list, from above."""
    return [int(pid) for pid in re.findall(r"awaiting_reply +(?:\u2514 )?\S+?/(\d+)", screen)]


def selected(screen):
    """The text of the lines in reverse that begin at the left edge: the selected row."""
    found = re.findall(r"^\x1b\[[0-9;]*7m(.*)$", screen("capture-pane", "-p", "-e"), re.M)
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", line) for line in found)


def wait_for(screen, pattern, timeout=15):
    """The screen, once the pattern is on it."""

    def found():
        text = screen.settled()
        return text if text and re.search(pattern, text, re.M) else None

    return wait_until(found, timeout, f"{pattern!r} on\n{screen.screen()}")


def quit_it(screen):
    """From a list or an evidence; what else is there leads back to one with any key."""
    screen.keys("Escape", "q")
    screen.check_restored()


def field(screen, key):
    """The value of a field of the evidence."""
    found = re.search(rf"^  {key} +(\S+)", screen, re.M)
    return found and found.group(1)


def seconds(text):
    """Of a duration as it is shown."""
    units = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)(us|ms|s|m|h)", text))


def test_pages(scene, view):
    """By number and by Tab; each has its rows, and the line of pages says how many are stuck."""
    screen = view()
    text = screen.screen()
    assert re.search(r"1 all \(\d\)  2 serve  3 hands  4 read \(2\)  5 loops  6 thr  7 chains", text), text
    screen.keys("3")
    screen.wait("nothing is stuck here")
    screen.keys("Tab")
    text = screen.wait(str(scene.v6.pid))
    assert sorted(rows(text)) == sorted([scene.v4.pid, scene.v6.pid]), text
    screen.keys("BTab")
    screen.wait("nothing is stuck here")
    quit_it(screen)


def test_evidence_is_what_json_says(scene, view):
    """Every field that stays the same is there under its name, with its value."""

    # A reader's cookie is looked up once it has slept for a second.
    def look():
        found = run.only(run.once(*MIN_AGE, "-p", scene.v6.pid), type="reader")
        return found if found["cookie"] else None

    wanted = wait_until(look, 10, "the cookie")
    screen = view("readers", columns=200, rows=100)
    screen.keys("/")
    screen.type(str(scene.v6.pid))
    screen.keys("Enter", "Enter")
    same = (
        "pid",
        "tid",
        "fd",
        "netns",
        "cookie",
        "family",
        "local_addr",
        "local_port",
        "peer_addr",
        "peer_port",
        "verdict",
        "syscall",
        "kind",
        "role",
        "bytes_sent",
        "id",
        "keepalive_probes_max",
    )

    # What is slow to be read on a busy machine is there at one of the next looks.
    def is_shown():
        text = screen.screen()
        return all(field(text, key) == str(wanted[key]) for key in same) and "Enter done" not in text

    screen.wait("socket options")
    wait_until(is_shown, 10, "all that stays the same")
    text = screen.screen()
    told = re.sub(r"\s+", " ", text)  # sentences go over several lines
    assert wanted["advice"] in told and "no receive timeout, no keepalive" in told, text
    assert len(wanted["commands"]) == 2 and all(one in wanted["advice"] for one in wanted["commands"]), wanted
    for one in wanted["commands"]:
        assert re.search(rf"^{re.escape(one)}$", text, re.M), (one, text)
    assert run.only(run.once(*MIN_AGE, "-a", "-p", scene.idle.pid), type="reader")["commands"] is None
    assert seconds(field(text, "age_s")) >= wanted["age_s"] - 1
    missing = [key for key in wanted if key not in text and key not in ("v", "why", "advice")]
    assert not missing, (missing, text)
    screen.keys("Escape")
    screen.wait("Enter evidence")
    quit_it(screen)


def test_the_size_is_the_terminals(scene, tmux):
    """And not what a shell exported once."""
    screen = tmux("-m", "100ms", "-p", scene.v4.pid, before=["env", "COLUMNS=112"], columns=80, rows=24)
    lines = screen.wait("1 stuck").splitlines()
    assert lines[0].startswith("sockstall") and lines[3].split()[:3] == ["TYPE", "AGE", "VERDICT"], lines
    quit_it(screen)


def test_evidence_has_the_stack(scene, view):
    """The thread's stack is asked for while its evidence is shown. That of a reader is in its socket's wait."""
    if b"stack_scan" not in run.sockstall("check", "-v").stdout:
        pytest.skip("no stack scan")
    screen = view("readers", columns=120, rows=100)
    screen.keys("Enter")
    text = screen.wait("kernel_stack of its thread")
    assert "recvmsg" in text.partition("kernel_stack of its thread")[2], text
    screen.wait("stack_used")
    quit_it(screen)


def test_timers_count_down(room, tmux):
    """Between looks: no look comes for an hour, and yet the kernel gives up earlier and earlier."""
    room.there.drop("input", "tcp dport 5040")
    client = Stall(room.here, "endpoint.py", f"connect={room.link.right4},5040")
    client.said("connecting")
    wait_until(lambda: run.findings(run.once("handshakes", *MIN_AGE, "-p", client.pid)), 10, "the stall")
    screen = tmux("handshakes", "-i", "1h", *MIN_AGE, "-p", client.pid, columns=120, rows=60)
    screen.wait("no_answer")
    screen.keys("Enter")
    screen.wait("gives_up_s")

    def timers():
        text = screen.screen()
        times = [field(text, key) for key in ("gives_up_s", "age_s")]
        return [seconds(time) for time in times] if all(times) else None

    gives_up, age = wait_until(timers, 5)
    wait_until(lambda: (timers() or [gives_up])[0] < gives_up - 1, 10, "a second to pass")
    assert wait_until(timers, 5)[1] > age
    quit_it(screen)


def test_a_look_that_is_asked_for_moves_no_other(scene, tmux):
    """Evidence brings a look of its own; those of the interval come when they would have come."""
    screen = tmux("readers", "-i", "4s", *MIN_AGE, "-p", scene.v4.pid)
    screen.wait("1 stuck")
    for _ in range(4):
        screen.keys("Enter")
        screen.wait("socket options")
        screen.keys("Escape")
        screen.wait("Enter evidence")
    before = re.search(r"T[\d:]+Z", screen.screen()).group()
    wait_until(lambda: before not in screen.screen(), 7, "the next look of the interval")
    quit_it(screen)


def test_filter(scene, view):
    """As one types, in any cell; q is a letter there."""
    screen = view()
    screen.keys("/")
    screen.type("SST-ALPHA")
    text = screen.wait("/SST-ALPHA_")
    text = screen.wait_without(str(scene.v6.pid))
    assert rows(text) == [scene.v4.pid], text
    screen.type("q")
    wait_for(screen, r"none of \d rows contains this")
    screen.keys("BSpace", "Enter")
    screen.wait("/SST-ALPHA/")
    screen.keys("Escape")
    screen.wait(str(scene.v6.pid))
    quit_it(screen)


def test_keys_of_htop(scene, view):
    """F3 searches, F4 filters, F6 sorts, F10 quits; a search leaves all rows there."""
    screen = view("readers", columns=100)
    last = rows(screen.screen())[-1]
    screen.keys("F3")
    screen.wait("search: _")
    screen.type(f"/{last}")
    wait_until(lambda: str(last) in selected(screen), 5, "the row that is searched for to be selected")
    assert sorted(rows(screen.screen())) == sorted([scene.v4.pid, scene.v6.pid])
    screen.keys("Enter", "Escape")
    screen.wait_without("search")
    screen.keys("F4")
    screen.type(f"/{last}")
    screen.wait("1 stuck: 1 reader (of 2)")
    screen.keys("Escape", "F6")
    screen.wait("by AGE")
    screen.keys("z")
    wait_for(screen, r"T\d\d:\d\d:\d\d[+-]\d\d:\d\d")
    screen.keys("F10")
    screen.check_restored()


def test_sort_and_select(scene, view):
    """The selection stays with its row when the order is turned round."""
    screen = view("readers")
    first = rows(screen.screen())
    wait_until(lambda: str(first[0]) in selected(screen), 5, "the first row to be selected")
    screen.keys(">")
    screen.wait("by AGE")
    screen.keys("r")
    screen.wait("reversed")
    text = wait_until(lambda: rows(screen.screen()) == first[::-1] and screen.screen(), 5, "the other order")
    screen.keys("Home")
    wait_until(lambda: str(first[1]) in selected(screen), 5, f"the first row in\n{text}")
    screen.keys("r")
    wait_until(lambda: rows(screen.screen()) == first, 5, "the first order")
    wait_until(lambda: str(first[1]) in selected(screen), 5, "the selection to follow")
    screen.keys("<")
    screen.wait_without("by AGE")
    quit_it(screen)


def test_pause_and_back_in_time(room, tmux):
    """What is over is gone, but not from the looks before."""
    client = block(waiting_client(room, 5041, room.link.right4))
    screen = tmux(*ACCOUNTS, "--netns", room.here.inode)
    screen.wait(str(client.pid))
    time.sleep(2)  # so that several looks have it
    screen.keys("Space")
    screen.wait("paused")
    client.peer.tell("send=1")
    client.said("returned")
    # Others are taken meanwhile: the one that is shown is further and further back.
    text = wait_for(screen, r"paused  -[1-9]")
    assert rows(text) == [client.pid], text
    screen.keys("Space")
    text = screen.wait_without(str(client.pid))
    assert "paused" not in text
    for _ in range(600):
        screen.keys("{")
        time.sleep(0.05)  # the screen comes after the key: what is looked for must not be passed by
        if rows(screen.screen()) == [client.pid]:
            break
    text = screen.wait(str(client.pid))
    assert "paused" in text and re.search(r"  -\d", text), text
    screen.keys("Space")
    screen.wait_without(str(client.pid))
    quit_it(screen)


def test_replay(scene, tmux, tmp_path):
    """A recording can be stepped through, and stays on the screen at its end."""
    path = tmp_path / "looks"
    done = run.sockstall("readers", "-i", "100ms", "-d", "1s", *MIN_AGE, "-p", scene.v4.pid, "--record", path)
    assert done.returncode == 0, done.stderr
    screen = tmux("replay", path)
    screen.wait("end of the recording")
    text = screen.screen()
    assert rows(text) == [scene.v4.pid], text
    screen.keys("[")
    text = wait_for(screen, r"paused  end of the recording  -\d")
    assert rows(text) == [scene.v4.pid], text
    screen.keys("Enter")
    screen.wait("socket options")
    screen.keys("e")  # there is nothing to end
    screen.keys("Escape")
    screen.wait("Enter evidence")
    quit_it(screen)


def test_replay_step_by_step(scene, tmux, tmp_path):
    path = tmp_path / "looks"
    done = run.sockstall("readers", "-i", "2s", "-d", "5s", *MIN_AGE, "-p", scene.v4.pid, "--record", path)
    assert done.returncode == 0, done.stderr
    screen = tmux("replay", path)
    screen.wait("1 stuck")
    screen.keys("Space")
    first = re.search(r"T[\d:]+Z", screen.wait("paused")).group()
    for _ in range(10):
        screen.keys("]")
        text = wait_until(lambda: _stepped(screen.screen(), first), 15, f"the look after {first}")
        if "end of the recording" in text:
            break
        first = re.search(r"T[\d:]+Z", text).group()
    screen.wait("end of the recording")
    quit_it(screen)


def _stepped(text, first):
    """The screen, when it has gone on from that look and is paused again."""
    return text if "paused" in text and (first not in text or "end of the recording" in text) else None


def test_threads(scene, view):
    """All threads of the selected row's process."""
    screen = view(columns=120)
    screen.keys("/")
    screen.type("sst-alpha")
    screen.keys("Enter", "4", "6", "Escape")
    text = screen.wait("STACK USED")
    assert re.search(rf"sst-alpha/{scene.v4.pid} +sleeping +recvfrom", text), text
    assert str(scene.v6.pid) not in text
    quit_it(screen)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_causes(room, tmux, size):
    """They come first, with who waits below, on the screen that one begins with; and they stay there from look to look."""
    address = f"{room.link.left4},5045"
    back = Stall(room.here, "relay.py", "one", address)
    back.said("listening")
    healthy = Stall(room.here, "relay.py", "one", f"{room.link.left4},5047")
    healthy.said("listening")
    twin = Stall(room.here, "endpoint.py", f"connect={room.link.left4},5047", "asks=quick")
    client = Stall(room.here, "endpoint.py", f"connect={address}", "say=sleep", "block=recvfrom")
    client.said("blocking")
    screen = tmux(*ACCOUNTS, "--netns", room.here.inode, columns=size[0], rows=size[1])
    head = rf"^blocked python3/{back.pid}  \S+:5045: 1 waits, for "
    text = wait_for(screen, head)
    lines = text.splitlines()
    assert "7 chains (1)" in text and re.search(rf"blocked +python3/{back.pid}", lines[4]), text
    assert lines[5].startswith(f"    1 waits; python3 (pid {back.pid}) has been in clock_nanosleep for "), text
    below = [i for i, line in enumerate(lines) if re.search(rf"awaiting_reply +\u2514 python3/{client.pid}", line)]
    assert below and below[0] <= 7, text
    assert str(twin.pid) not in text and str(healthy.pid) not in text, text
    ended = time.time() + 3
    while time.time() < ended:
        text = screen.settled()
        assert not text or re.search(head, text, re.M), text
    screen.keys("Enter")
    text = re.sub(r"\s+", " ", screen.wait("links: each waits for the next"))
    assert f"(pid {client.pid}) waits for" in text, text
    assert re.search(
        rf"python3/{client.pid} awaiting_reply recvfrom \S+ fd \d+ tcp \S+:\d+ -> \S+:5045 "
        rf"python3/{back.pid} blocked clock_nanosleep \S+ fd \d+ tcp",
        text,
    ), text
    screen.keys("Escape", "Down", "c")
    text = screen.wait(f"through process {client.pid}")
    assert f"python3/{back.pid}" in text, text
    client.end()
    screen.keys("1")
    screen.wait_without("1 waits")
    quit_it(screen)


def test_loops(room, tmux):
    """Healthy ones too, with a histogram of their lags; what it shows is in JSON."""
    loop = Stall(room.here, "loop.py")
    loop.said("turned")
    screen = tmux("epoll", "-i", "500ms", "-p", loop.pid)
    text = screen.wait("\u2588")
    assert re.search(rf"\bok +python3/{loop.pid} .*\u2588", text), text
    screen.keys("Enter")
    text = screen.wait("lag_histogram")
    assert re.search(r"^  below \S+ +\d+ \u2587+$", text, re.M), text
    quit_it(screen)


def test_lag_histogram(room, stream):
    """Each time between two waits has its place: those of the timer, and one of 300 ms."""
    live = stream("epoll", "-j", "-a", "-i", "500ms")
    loop = Stall(room.here, "loop.py")
    loop.said("turned")
    live.wait(10, type="loop", tid=loop.pid)
    loop.tell("sleep=0.3")
    loop.said("left")
    # What has ended by one look may be told by the next.
    live.wait_line(lambda line: _long_lag(line, loop.pid), 10, what="a lag of 300 ms")
    records = run.findings(live.stop(), type="loop", tid=loop.pid)
    bars = [record["lag_histogram"] for record in records if record["lag_histogram"]]
    assert {len(one) for one in bars} == {20}
    total = [sum(counts) for counts in zip(*bars)]
    # 0.3 s is between 32.768 us x 2^13 and twice that; on a busy machine it may be more.
    assert sum(total[14:]) >= 1, total
    assert sum(total) >= 30, total
    for record in records:
        assert (sum(record["lag_histogram"] or []) > 0) == (record["lag_p50_s"] is not None), record


def _long_lag(line, tid):
    record = run.parse_line(line)
    return record if record.get("tid") == tid and sum((record.get("lag_histogram") or [])[14:]) else None


@pytest.mark.parametrize("terminal", ["vt100", "xterm-256color", "screen", "linux"])
def test_terminals(scene, view, terminal):
    screen = view("readers", before=["env", f"TERM={terminal}"])
    wait_until(lambda: str(scene.v4.pid) in selected(screen) or str(scene.v6.pid) in selected(screen), 5, "a selection")
    screen.keys("Down", "Enter")
    screen.wait("socket options")
    screen.keys("Escape")
    screen.wait("Enter evidence")
    screen.keys("q")
    text = screen.wait("code=0")
    # Some of these have no second screen to go back from: there the last picture stays, above the shell's line.
    assert re.search("^code=0$", text, re.M), text
    screen.check_settings()


def test_without_utf8(room, tmux):
    loop = Stall(room.here, "loop.py")
    loop.said("turned")
    screen = tmux("epoll", "-i", "500ms", "-p", loop.pid, before=["env", "LC_ALL=C", "NO_COLOR=1"])
    text = screen.wait(f"python3/{loop.pid}")
    text = wait_until(lambda: re.search(rf"\bok +python3/{loop.pid} .*#", screen.screen()) and screen.screen(), 10)
    assert text.isascii(), text
    screen.keys("?")
    assert screen.wait("any key: back").isascii()
    screen.keys("x")
    quit_it(screen)


@pytest.fixture
def recording(scene, tmp_path):
    """What is shown of it at its end stays the same."""
    path = tmp_path / "looks"
    done = run.sockstall(
        "readers", "-i", "100ms", "-d", "500ms", *MIN_AGE, "-p", f"{scene.v4.pid},{scene.v6.pid}", "--record", path
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def fresh(recording, tmux):
    """The screen of that recording on a terminal that has had this size from the beginning."""

    def start(columns, rows):
        screen = tmux("replay", recording, columns=columns, rows=rows)
        screen.wait("  end of")
        text = screen.wait("q quit")
        quit_it(screen)
        return text

    return start


SIZES = [(120, 40), (70, 18), (200, 50), (80, 24)]


def test_resized(recording, fresh, tmux):
    """At each size it has the text that it would have had from the beginning, and nothing of the size before."""
    expected = {size: fresh(*size) for size in SIZES}
    assert len(set(expected.values())) == len(SIZES)
    screen = tmux("replay", recording, columns=SIZES[0][0], rows=SIZES[0][1])
    screen.wait("  end of")
    for size in SIZES[1:] + SIZES[-2::-1]:
        screen.resize(*size)
        screen.wait_for_screen(expected[size])
    quit_it(screen)


@pytest.mark.parametrize("end", SIZES[1:3])
def test_resized_while_keys_come(recording, fresh, tmux, end):
    """At any moment, to any size: in the end there is what there would have been at that size, and all of it."""
    expected = fresh(*end)
    screen = tmux("replay", recording)
    screen.wait("  end of")
    sizes = [(20, 5), (1, 1), (200, 50), (3, 2), (80, 24), (40, 9), (500, 100), end]
    keys = ["Down", "Enter", "Tab", "Escape", "/", "?", "End"]
    for number, (columns, lines) in enumerate(sizes * 3):
        screen.resize(columns, lines)
        screen.keys(keys[number % len(keys)])
    screen.keys("Escape", "Escape", "1", "Escape", "Escape", "Home")
    screen.wait_for_screen(expected)
    quit_it(screen)


def heading(screen):
    """The words of the heading of a table."""
    found = [line.split() for line in screen.splitlines() if line.split()[:1] == ["AGE"]]
    return found[0] if found else None


def check_size(screen, rows):
    """The last line of the terminal is that of the keys, and no other is."""

    def found():
        lines = screen.screen().splitlines()
        return len(lines) == rows and [i for i, line in enumerate(lines, 1) if "q quit" in line] == [rows]

    wait_until(found, 10, f"the keys in line {rows} alone, in\n{screen.screen()}")


def test_resized_live(scene, view):
    """While looks and keys come."""
    wide = view("readers", columns=200, rows=50)
    expected = heading(wide.screen())
    screen = view("readers", columns=120, rows=40)
    for columns, lines in (70, 18), (20, 5), (200, 50), (1, 1), (70, 18), (500, 100), (200, 50):
        screen.resize(columns, lines)
        screen.keys("Down", "Tab", "BTab")
    check_size(screen, 50)
    wait_until(lambda: heading(screen.screen()) == expected, 5, f"{expected} in\n{screen.screen()}")
    assert sorted(rows(screen.screen())) == sorted([scene.v4.pid, scene.v6.pid]), screen.screen()
    quit_it(screen)
    quit_it(wide)


def test_resized_between_looks(scene, tmux):
    """The next one comes in an hour."""
    screen = tmux("readers", "-i", "1h", *MIN_AGE, "-p", scene.v4.pid, columns=120, rows=40)
    screen.wait("1 stuck")
    for columns, lines in (70, 18), (200, 50):
        screen.resize(columns, lines)
        check_size(screen, lines)
    quit_it(screen)


def test_redraw(recording, tmux):
    """Ctrl-L takes away what others have written on the terminal, whatever else is shown and typed."""
    screen = tmux("replay", recording)
    screen.wait("  end of")
    terminal = screen("display-message", "-p", "#{pane_tty}").strip()
    for shown, keys in ("q quit", []), ("any key: back", ["?"]), ("/_", ["x", "/"]), ("/a_", ["a"]):
        screen.keys(*keys) if keys else None
        before = screen.wait(shown)
        with open(terminal, "w") as out:
            out.write("\x1b[5;5HMessage from another program\n")
        screen.wait("Message from another program")
        screen.keys("C-l")
        screen.wait_for_screen(before)
    screen.keys("Escape")
    quit_it(screen)


@pytest.mark.parametrize("replayed", [False, True])
def test_written_to_a_file(scene, tmux, recording, tmp_path, replayed):
    """What is seen, and no more; the title says where."""
    folder = tmp_path / "folder"
    folder.mkdir()
    words = ["replay", recording] if replayed else ["readers", "-i", "1h", *MIN_AGE, "-p", scene.v4.pid]
    screen = tmux(*words, before=["env", "-C", folder])
    before = wait_for(screen, "  end of" if replayed else "1 stuck").splitlines()
    screen.keys("w")
    name = wait_for(screen, r"written to sockstall-\d+T\d+Z\.txt").split("written to ")[1].split()[0]
    written = (folder / name).read_text().splitlines()
    assert [line.rstrip() for line in before[1:]] == written[1:], (before, written)
    assert (folder / name).stat().st_mode & 0o777 == 0o600 and os.listdir(folder) == [name]
    screen.keys("Down")
    screen.wait_without("written to")
    quit_it(screen)


def test_nowhere_to_write_to(scene, tmux):
    screen = tmux("readers", *ACCOUNTS, "-p", scene.v4.pid, before=["env", "-C", "/proc"])
    screen.wait("1 stuck")
    screen.keys("w")
    screen.wait("cannot write it to a file: ")
    screen.keys("Down")
    screen.wait_without("cannot write")
    quit_it(screen)


@pytest.mark.parametrize("before", [["env", "TERM=dumb"], ["env", "-u", "TERM"]], ids=["dumb", "unset"])
def test_no_cursor_motion(scene, before):
    """On a terminal whose cursor cannot be moved there are text lines, and one that says so."""
    written, code = run_in_pty([*before, run.SOCKSTALL, "readers", "-d", "1s", *ACCOUNTS, "-p", scene.v4.pid])
    lines = written.decode().splitlines()
    assert code == 0 and "\x1b" not in written.decode(), written
    assert [line for line in lines if "cannot draw on this terminal" in line] == lines[:1], written
    assert re.search(rf"Z  open +reader +awaiting_reply +\S+/{scene.v4.pid} ", lines[1]) and len(lines) == 2, written


def test_stopped_and_brought_back(scene, tmux):
    """Ctrl-Z leaves the shell's screen as it was; fg brings the view back, at the size that there is by then."""
    # An interactive shell in place of sockstall, which is typed at it.
    screen = tmux("--version", before=["bash", "--norc", "-i", "-c", "exec bash --norc -i", "bash"])
    screen.type(f"PS1='ready> '; {run.SOCKSTALL} {' '.join(ACCOUNTS)} -p {scene.v4.pid}")
    screen.keys("Enter")
    screen.wait("1 stuck")
    screen.keys("C-z")
    text = screen.wait("Stopped")
    assert "1 stuck" not in text, text
    assert screen("display-message", "-p", "#{alternate_on} #{cursor_flag}").split() == ["0", "1"]
    screen.resize(120, 30)
    screen.type("fg")
    screen.keys("Enter")
    screen.wait("1 stuck")
    check_size(screen, 30)
    screen.keys("4", "Enter")
    screen.wait("socket options")
    screen.keys("q")
    screen.wait_without("socket options")
    screen.type("exit")
    screen.keys("Enter")
    screen.check_restored()


@pytest.fixture
def held(room, tmux, tmp_path):
    """The view of a waiting reader, in the middle of a look that takes as long as the test wants it to; and the look."""
    hold = shim.Hold(tmp_path / "hold")
    preloaded = shim.environment(HOLD=hold.path)
    client = block(waiting_client(room, 5046, room.link.right4))
    screen = tmux(
        *ACCOUNTS,
        "--netns",
        room.here.inode,
        before=["env", *(f"{key}={preloaded[key]}" for key in ("LD_PRELOAD", "SHIM_HOLD"))],
    )
    screen.wait(str(client.pid))
    hold.begin()
    yield screen, hold, client
    hold.end()
    client.end()


def test_keys_in_the_middle_of_a_look(held):
    """They are answered from the looks that are there, while no other comes."""
    screen, hold, client = held
    screen.keys("3")
    screen.wait("nothing is stuck here")
    screen.keys("4", "6")
    screen.wait("this look has no threads")
    screen.keys("4", "/")
    screen.type("nowhere")
    screen.wait("none of 1 rows contains this")
    screen.keys("Escape")
    before = re.search(r"T[\d:]+Z", screen.wait(str(client.pid))).group()
    screen.keys("Enter")
    screen.wait("socket options")
    assert before in screen.screen()
    screen.keys("Escape", "6")
    screen.wait("this look has no threads")
    hold.end()
    # What was asked for comes with the look after this one.
    screen.wait_without("this look has no threads")
    quit_it(screen)


def test_resized_in_the_middle_of_a_look(held):
    """It is drawn anew while no other look comes."""
    screen, hold, _ = held
    before = hold.count()
    wait_until(lambda: hold.count() > before + 100, 15, "the look to go on")
    for columns, lines in (120, 40), (70, 18):
        screen.resize(columns, lines)
        check_size(screen, lines)
    hold.end()
    quit_it(screen)


def test_ending_in_the_middle_of_a_look(held):
    """Is planned, and done, when the look is over."""
    screen, hold, client = held
    screen.keys("4", "?")
    screen.wait("any key: back")
    screen.keys("x", "e")
    screen.wait("Enter evidence")
    before = hold.count()
    wait_until(lambda: hold.count() > before + 100, 15, "the look to go on")
    assert "nothing is done yet" not in screen.screen()
    hold.end()
    screen.wait("nothing is done yet: ")
    screen.keys("s")
    screen.wait("nothing is done yet: shutdown")
    hold.begin()
    screen.keys("y")
    screen.wait("doing it")
    before = hold.count()
    wait_until(lambda: hold.count() > before + 100, 15, "the look to go on")
    assert client.process.poll() is None and "done: shutdown" not in screen.screen()
    hold.end()
    screen.wait("done: shutdown")
    assert client.said("returned").get("count") == 0
    screen.keys("x")
    quit_it(screen)


@pytest.mark.parametrize("key", ["q", "C-c"])
def test_quit_in_the_middle_of_a_look(held, key):
    screen, hold, _ = held
    screen.keys(key)
    screen.check_restored()
    before = hold.count()
    time.sleep(0.1)
    assert hold.count() == before  # it was the look that was held all along


def test_end_from_the_view(room, tmux):
    """Shown first; nothing without y; then the application sees it."""
    client = block(waiting_client(room, 5042, room.link.right4))
    screen = tmux(*ACCOUNTS, "--netns", room.here.inode)
    screen.wait(str(client.pid))
    screen.keys("4", "e")
    text = screen.wait("nothing is done yet: ")
    assert f"pid {client.pid}" in re.sub(r"\s+", " ", text) and "ECONNABORTED" in text, text
    screen.keys("n")
    screen.wait("Enter evidence")
    assert client.process.poll() is None and rows(screen.screen()) == [client.pid]
    screen.keys("e")
    screen.wait("nothing is done yet: destroy")
    screen.keys("s")
    screen.wait("nothing is done yet: shutdown")
    screen.keys("y")
    screen.wait("done: shutdown")
    assert client.said("returned").get("count") == 0
    screen.keys("Enter")
    screen.wait_without(str(client.pid))
    quit_it(screen)


@pytest.mark.parametrize("key", ["x", "C-c"])
def test_the_wait_of_a_probe_can_be_ended(room, tmux, key):
    """Nobody answers: a key or Ctrl-C does not have to wait for the five seconds that a probe may take."""
    link = room.new_link()
    client = block(waiting_client(room, 5044, link.right4))
    link.cut()
    screen = tmux(*ACCOUNTS, "--netns", room.here.inode)
    screen.wait(str(client.pid))
    screen.keys("4", "e")
    screen.wait("nothing is done yet: ")
    screen.keys("p")
    screen.wait("nothing is done yet: probe")
    screen.keys("y")
    screen.wait("any key stops waiting")
    pressed = time.time()
    screen.keys(key)
    if key == "C-c":
        screen.check_restored()
        return
    screen.wait_without("any key stops waiting")
    assert time.time() - pressed < 4 + late(pressed, 4)
    quit_it(screen)


def test_yes_before_the_plan_is_no_yes(room, tmux):
    """What was typed ahead is not an answer to what was not shown."""
    client = block(waiting_client(room, 5043, room.link.right4))
    screen = tmux(*ACCOUNTS, "--netns", room.here.inode)
    screen.wait(str(client.pid))
    screen.type("4eyyy")
    screen.wait("nothing is done yet: ")
    screen.keys("Escape")
    screen.wait("Enter evidence")
    assert rows(screen.wait(str(client.pid))) == [client.pid]
    quit_it(screen)


def test_help_and_the_man_page_agree(scene, view):
    screen = view()
    screen.keys("?")
    text = screen.wait("any key: back")
    helped = re.findall(r"^  (\S.*?)  +\S", text, re.M)
    manual = [line.replace("*", "") for line in part(COMMANDS, "INTERACTIVE").splitlines() if line.startswith("*")]
    assert helped == manual
    assert len(helped) > 10 and "\u2026" not in text, text
    screen.keys("q")  # any key leads back
    screen.wait("Enter evidence")
    quit_it(screen)


def test_read_only(room, tmux):
    """The key says why; nothing is planned, and the reader reads on."""
    client = block(waiting_client(room, 5045, room.link.right4))
    screen = tmux(*ACCOUNTS, "--port", 5045, "--read-only")
    assert "e end it" not in screen.wait(str(client.pid))
    screen.keys("4", "e")
    text = screen.wait("it cannot be ended")
    assert "read-only: this run was started with --read-only" in re.sub(r"\s+", " ", text), text
    screen.keys("y")
    screen.wait("Enter evidence")
    screen.keys("e")
    assert "d destroy" not in screen.wait("it cannot be ended")
    screen.keys("d")
    screen.wait("Enter evidence")
    client.peer.tell("send=5")
    assert client.said("returned")["count"] == 5
    quit_it(screen)


def test_without_the_process_that_ends_connections(room, tmux):
    """Killed: the view goes on, and says so."""
    client = block(waiting_client(room, 5046, room.link.right4))
    screen = tmux(*ACCOUNTS, "--port", 5046)
    screen.wait(str(client.pid))
    screen.wait("not_read")  # the server's row, which comes later and goes above
    os.kill(apart_of(live_view(5046), "sockstall-end"), signal.SIGKILL)
    screen.keys("4", "e")
    assert "does not answer" in re.sub(r"\s+", " ", screen.wait("it cannot be ended"))
    screen.keys("x")
    screen.wait("Enter evidence")
    client.peer.tell("send=5")
    assert client.said("returned")["count"] == 5
    quit_it(screen)
