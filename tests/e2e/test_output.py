# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What is written where: text in a pipe, tables, the live screen; and hostile names in each of them."""

import json
import re
import signal
import subprocess
import time

import pytest

import run
from cgroups import Cgroup, cgroup2
from child import PATIENCE, wait_until
from scene import MIN_AGE, Scene, block, waiting_client
from terminal import run_in_pty

HOSTILE = b'a\x1b[2J"\xff\n'
HOSTILE_TEXT = 'a\x1b[2J"\ufffd\n'
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def scene():
    scene = Scene()
    hostile = waiting_client(scene.room, 5021, scene.room.link.right4, "comm=" + HOSTILE.hex())
    scene.hostile = scene.stalls["hostile"] = block(hostile)
    yield scene
    scene.close()


# Text in a pipe.


def test_lines(room, stream):
    """A line when a stall opens and one when it closes; nothing else."""
    client = waiting_client(room, 5031, room.link.right4)
    live = stream("readers", "-i", "100ms", *MIN_AGE, "-p", client.pid)
    block(client)
    pid = str(client.pid).encode()
    first = live.wait_line(lambda line: line if pid in line else None, 10)
    assert room.link.right4.encode() in first and b"5031" in first
    client.peer.tell("send=1")
    client.said("returned")
    live.wait_line(lambda line: pid in line, 10, start=1, what="line for the close")
    output = live.stop()
    assert output.count(b"\n") == 2 and output.endswith(b"\n"), output
    assert b"\x1b" not in output
    opened, closed = output.splitlines()
    assert opened != closed and b"open" in opened and b"close" in closed


def test_lines_of_change(room, stream):
    """A change of verdict is a line too."""
    link = room.new_link()
    client = block(waiting_client(room, 5032, link.right4, "keepalive=1,1,60"))
    live = stream("readers", "-i", "100ms", *MIN_AGE, "-p", client.pid)
    live.wait_line(lambda line: b"open" in line and b"awaiting_reply" in line, 15)
    link.cut()
    live.wait_line(lambda line: b"change" in line and b"peer_dead" in line, 30)
    live.stop()


def test_healthy_gives_no_line(scene):
    done = run.sockstall("-d", "500ms", "-i", "100ms", *MIN_AGE, "-p", scene.idle.pid)
    assert (done.returncode, done.stdout) == (0, b"")


# Tables.


def check_table(output, scene):
    text = output.decode("utf-8", "strict")
    for stall in scene.v4, scene.v6, scene.syn, scene.queue, scene.far:
        assert str(stall.pid) in text, text
    for word in "awaiting_reply", "no_answer", "not_accepted", scene.room.link.right6, "sst-alpha":
        assert word in text, text
    assert not re.search(rf"(/|pid ){scene.idle.pid}\b", text)


def test_once_table_in_a_pipe(scene):
    done = run.sockstall("--once", *MIN_AGE)
    assert done.returncode == 0
    check_table(done.stdout, scene)
    assert b"\x1b" not in done.stdout


def test_once_table_on_a_terminal(scene):
    """A plain table: nothing but colour."""
    output, code = run_in_pty([run.SOCKSTALL, "--once", *MIN_AGE], columns=250)
    assert code == 0
    plain = COLOUR.sub(b"", output)
    assert b"\x1b" not in plain, output
    check_table(plain, scene)


@pytest.mark.parametrize(
    "options, environment", [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})]
)
def test_no_color(scene, options, environment):
    output, code = run_in_pty([run.SOCKSTALL, "--once", *MIN_AGE, *options], **environment)
    assert code == 0 and str(scene.v4.pid).encode() in output
    assert b"\x1b" not in output


def test_empty_no_color_is_unset(scene):
    """no-color.org: it counts when it is not empty. Both runs must give the same."""
    argv = [run.SOCKSTALL, "--once", "-p", scene.v4.pid, *MIN_AGE]
    unset, _ = run_in_pty(argv)
    empty, _ = run_in_pty(argv, NO_COLOR="")
    assert bool(COLOUR.search(unset)) == bool(COLOUR.search(empty))


def test_no_color_live(scene):
    """The live screen moves the cursor, but sets no colour."""
    argv = [run.SOCKSTALL, "--no-color", "-i", "100ms", *MIN_AGE, "-p", scene.v4.pid]
    output, code = run_in_pty(argv, until=str(scene.v4.pid).encode())
    assert code == 0
    colours = [code for sgr in re.findall(rb"\x1b\[([0-9;]*)m", output) for code in sgr.split(b";")]
    assert not [
        c for c in colours if c.isdigit() and (30 <= int(c) <= 38 or 40 <= int(c) <= 48 or 90 <= int(c) <= 107)
    ], colours


# The live screen.


@pytest.mark.parametrize("columns, rows", [(80, 24), (200, 50)])
@pytest.mark.parametrize("key", ["q", "C-c"])
def test_screen(scene, tmux, columns, rows, key):
    screen = tmux("-i", "200ms", *MIN_AGE, "-p", scene.v4.pid, columns=columns, rows=rows)
    text = screen.wait(str(scene.v4.pid))
    assert "sst-alpha" in text and "awaiting" in text, text
    screen.keys(key)
    screen.check_restored()


def test_screen_resized(scene, tmux):
    """The table follows the terminal, down to one where nearly nothing fits."""
    screen = tmux("-i", "100ms", *MIN_AGE, "-p", scene.v4.pid)
    screen.wait(str(scene.v4.pid))
    for columns, rows in (200, 50), (40, 10), (12, 3), (80, 24):
        screen.resize(columns, rows)
        screen.wait(str(scene.v4.pid) if columns >= 80 else "")
    text = screen.wait(str(scene.v4.pid))
    assert text.count(str(scene.v4.pid)) <= 3, f"remains of an earlier size:\n{text}"
    screen.keys("q")
    screen.check_restored()


def test_screen_shows_the_end(room, tmux):
    """What is over leaves the screen."""
    client = block(waiting_client(room, 5033, room.link.right4))
    screen = tmux("-i", "100ms", *MIN_AGE, "--port", 5033)
    screen.wait(str(client.pid))
    client.peer.tell("send=1")
    client.said("returned")
    wait_until(lambda: str(client.pid) not in screen.screen(), 5, "an empty screen")
    screen.keys("q")
    screen.check_restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_screen_restored_after_a_signal(scene, tmux, number):
    screen = tmux("-i", "200ms", *MIN_AGE, "-p", scene.v4.pid)
    screen.wait(str(scene.v4.pid))
    pane = int(screen("display-message", "-p", "#{pane_pid}"))
    with open(f"/proc/{pane}/task/{pane}/children") as children:
        subprocess.run(["kill", f"-{int(number)}", children.read().split()[0]], check=True)
    screen.check_restored()


# Names that would do harm.


def test_hostile_comm_in_json(scene):
    records = run.once(*MIN_AGE, "-p", scene.hostile.pid)
    assert run.only(records)["comm"] == HOSTILE_TEXT
    lines = run.sockstall("-1", "-j", *MIN_AGE, "-p", scene.hostile.pid).stdout.splitlines()
    (line,) = (line for line in lines if json.loads(line).get("pid") == scene.hostile.pid)
    assert rb"a\u001b[2j\"" in line.lower() and b"\x1b" not in line and b"\xff" not in line


def test_hostile_comm_in_why(scene):
    """run.parse_line() has looked at the bytes; the sentence is whole as well."""
    record = run.only(run.once(*MIN_AGE, "-p", scene.hostile.pid))
    assert len(record["why"]) > 20


def check_harmless(output):
    assert b'\x1b[2J"' not in output and b"\xff" not in output
    assert b'"' in output, "the harmless part of the name is shown"


def test_hostile_comm_in_a_table(scene):
    done = run.sockstall("--once", *MIN_AGE, "-p", scene.hostile.pid)
    assert done.returncode == 0
    check_harmless(done.stdout)
    assert b"\x1b" not in done.stdout
    # The newline in the name breaks no row: one row has both the name and the process id.
    row = [line for line in done.stdout.splitlines() if str(scene.hostile.pid).encode() in line]
    assert any(b'"' in line for line in row), done.stdout


def test_hostile_comm_in_lines(scene):
    done = run.sockstall("readers", "-d", "500ms", "-i", "100ms", *MIN_AGE, "-p", scene.hostile.pid)
    check_harmless(done.stdout)
    assert done.stdout.count(b"\n") == 1 and b"\x1b" not in done.stdout


def test_hostile_comm_on_a_terminal(scene):
    output, code = run_in_pty([run.SOCKSTALL, "--once", *MIN_AGE, "-p", scene.hostile.pid])
    assert code == 0
    check_harmless(output)
    argv = [run.SOCKSTALL, "-i", "100ms", *MIN_AGE, "-p", scene.hostile.pid]
    output, code = run_in_pty(argv, until=str(scene.hostile.pid).encode())
    assert code == 0
    check_harmless(output)


def test_hostile_comm_on_the_screen(scene, tmux):
    """Nothing is wiped: what stands beside the name is still there."""
    screen = tmux("-i", "100ms", *MIN_AGE, "-p", f"{scene.hostile.pid},{scene.v4.pid}", columns=200)
    text = screen.wait(str(scene.hostile.pid))
    assert "sst-alpha" in text, text
    screen.keys("q")
    screen.check_restored()


def test_hostile_cgroup(scene):
    mount = cgroup2()
    if not mount:
        pytest.skip("no cgroup v2 hierarchy on this machine")
    group = Cgroup(mount, '/sst-\x1b[2J"\udcff\udce2\udc82')  # ends in half a character
    try:
        group.add(scene.v4.pid)
        record = run.only(run.once(*MIN_AGE, "-p", scene.v4.pid))
        assert record["cgroup"].startswith('/sst-\x1b[2J"\ufffd')
        done = run.sockstall("--once", *MIN_AGE, "-p", scene.v4.pid)
        assert b"\x1b" not in done.stdout and b"\xff" not in done.stdout
    finally:
        group.delete()


# Ends.


@pytest.mark.parametrize("option", ["-j -a", "-j --port 1", "--otlp -a", "--otlp --port 1"])
def test_head(option):
    """A closed pipe ends it quietly, with 0; also where there is nothing more to write."""
    script = f"{run.SOCKSTALL} -i 50ms {option} | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], stderr=subprocess.PIPE, timeout=30 * PATIENCE)
    assert (done.returncode, done.stderr) == (0, b"")


def test_head_once():
    script = f"{run.SOCKSTALL} -1 -a | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], stderr=subprocess.PIPE, timeout=30 * PATIENCE)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words", ["schema", "--help", "--help-agent", "--version", "explain", "help end", "check -v"])
def test_nobody_reads_what_is_only_said(words):
    script = f"{run.SOCKSTALL} {words} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"0\n", b"")


def test_full_disk():
    """Output that cannot be written is an error that is told."""
    for arguments in (
        ["-1", "-j"],
        ["-1", "--otlp"],
        ["-1"],
        ["schema"],
        ["explain"],
        ["check"],
        ["check", "-j"],
        ["--help"],
        ["--version"],
    ):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [run.SOCKSTALL, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=30 * PATIENCE
            )
        assert done.returncode == 1, arguments
        assert done.stderr == b"sockstall: cannot write to stdout: No space left on device\n", arguments


def test_descriptors_that_the_caller_has_closed(tmp_path):
    """They are not given to what is opened next: a recording, or a BPF map."""
    done = subprocess.run(["bash", "-c", f"{run.SOCKSTALL} -1 -j >&-"], stderr=subprocess.PIPE, timeout=30 * PATIENCE)
    assert done.returncode == 1
    assert done.stderr == b"sockstall: cannot write to stdout: Bad file descriptor\n"
    path = tmp_path / "recording"
    script = f"{run.SOCKSTALL} -1 -j -p 4194304 --record {path} <&- 2>&-"  # there is a message
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, timeout=30 * PATIENCE)
    assert done.returncode == 0 and run.parse(done.stdout)[-1]["type"] == "end"
    assert run.sockstall("replay", path, "-1").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("interval", ["100ms", "1h"])
def test_signal_ends_it(stream, number, interval):
    """With the closing record, also in the middle of a long interval."""
    live = stream("-j", "-i", interval)
    began = time.monotonic()
    records = live.stop(number)
    print(f"ended after {time.monotonic() - began:.3f} s")
    assert records[-1]["type"] == "end"


def ask_to_end():
    """Before exec: a signal that waits when sockstall starts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("option", ["-i", "-1"])
def test_signal_ends_a_look(option):
    """A look at a flood takes long: it is given up, and half of one is not shown."""
    argv = [run.SOCKSTALL, "-j", "-a", *([option, "1h"] if option == "-i" else [option])]
    done = subprocess.run(argv, stdout=subprocess.PIPE, preexec_fn=ask_to_end, timeout=30 * PATIENCE, check=False)
    records = run.parse(done.stdout)
    assert done.returncode == 0 and [record["type"] for record in records] == ["start", "end"]
    assert records[-1]["looks"] == 0


def test_json_is_flushed(room, stream):
    """A line is there when its interval is over, not when a buffer is full."""
    client = waiting_client(room, 5034, room.link.right4)
    live = stream("readers", "-j", "-i", "100ms", *MIN_AGE, "-p", client.pid)
    live.wait(5, type="start")
    block(client)
    live.wait(5, event="open", pid=client.pid)
    live.stop()
