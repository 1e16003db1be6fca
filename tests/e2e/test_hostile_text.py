# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Names that would do harm, in every output. Processes, files, network namespaces and cgroups are named with escape sequences,
C1 controls (as a byte and as UTF-8), a newline, a bidi override, an invisible character and bytes that are no UTF-8. None
of that may reach a terminal, a file or another program. What is harmless in a name is shown.
"""

import fcntl
import os
import re
import shutil
import tempfile

import pytest

import child
import run
from cgroups import Cgroup, cgroup2
from child import Stall, wait_until
from scene import MIN_AGE, block, waiting_client
from terminal import run_in_pty
from zoo import Room

PLAIN = b"]0;P"
COMM = b"\x1b" + PLAIN + b"\x07\n\x9b\xc2\x9b\xe2\x80\xae"  # 13 bytes: a process keeps 15
NAME = COMM + b"\xe2\x80\x8b\xff\x7f\x1b[2J"  # of files

# As Unicode has them: what is invisible, or turns the direction of writing, and the separators of lines.
DECEPTIVE = {
    0x61C,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),
}

# What curses itself writes to an xterm. A window's title, which the names would set, it does not.
CURSES = re.compile(rb"\x1b\[[0-9;?>=]*[A-Za-z@`]|\x1b[()][0-9A-Z]|\x1b[=>78MH]|[\r\b\t\x0e\x0f]")


def harm(text, allowed="\n"):
    """Characters that should not be there."""
    return {
        f"U+{ord(c):04x}"
        for c in text
        if c not in allowed and (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or ord(c) in DECEPTIVE)
    }


def check(output, shown=True, allowed="\n"):
    """Valid UTF-8 with nothing harmful in it; and of what was to be shown the harmless part is."""
    assert not harm(output.decode("utf-8", "strict"), allowed), (harm(output.decode(), allowed), output)
    assert PLAIN in output or not shown, output


def check_terminal(output, shown=True):
    check(CURSES.sub(b"", output), shown)


class Zone:
    """Stalls whose names are all hostile: those of threads, programs, files, network namespaces and, where it can be, cgroups."""

    def __init__(self):
        # Not pytest's folder: it is removed by its name, which has to be printable.
        self.folder = os.fsencode(tempfile.mkdtemp(prefix="sst-", dir="/tmp"))
        self.python = os.path.join(self.folder, NAME)
        shutil.copy(child.PYTHON, self.python)
        self.room = Room(os.fsdecode(NAME))
        path = f"/{child.OWN_NAME}-" + os.fsdecode(NAME.replace(b"\n", b""))
        self.group = Cgroup(cgroup2(), path) if cgroup2() and os.access(cgroup2(), os.W_OK) else None
        self.stalls, self.held = [], -1

    def fill(self):
        usual, child.PYTHON = child.PYTHON, os.fsdecode(self.python)
        try:
            self._fill()
        finally:
            child.PYTHON = usual

    def _fill(self):
        address = self.room.link.right4
        self.reader = block(waiting_client(self.room, 5301, address))
        self.fd = int(open(f"/proc/{self.reader.pid}/syscall").read().split()[1], 16)
        self.server = Stall(self.room.here, "endpoint.py", f"listen={self.room.link.left4},5302,16")
        self.server.said("listening")
        self.client = Stall(self.room.there, "endpoint.py", f"connect={self.room.link.left4},5302")
        self.client.said("connected")
        self.pair = Stall(self.room.here, "unix_pair.py", "read")
        self.pair.said("blocking")
        self.held = os.open(os.path.join(self.folder, b"held" + NAME), os.O_CREAT | os.O_WRONLY)
        fcntl.flock(self.held, fcntl.LOCK_EX)
        self.lock = Stall(self.room.here, "stuck_loop.py", "file=" + os.fsdecode(self.folder + b"/held" + NAME))
        self.lock.said("stuck", 20)
        self.loop = Stall(self.room.here, "loop.py")
        self.loop.said("turned")
        self.loop.tell("sleep=600")
        self.stalls = [self.reader, self.server, self.client, self.pair, self.lock, self.loop]
        wait_until(lambda: run.matching(run.once("epoll", "-p", self.loop.pid), type="loop"), 20, "the loop's stall")
        for stall in self.stalls if self.group else ():
            self.group.add(stall.pid)

    def pids(self):
        return ",".join(str(stall.pid) for stall in self.stalls)

    def file(self, name=b""):
        """A path of which the last part, or the one before, is hostile."""
        return os.path.join(self.folder, b"file" + NAME + name)

    def close(self):
        for stall in self.stalls:
            stall.end()
        if self.held >= 0:
            os.close(self.held)
        if self.group:
            self.group.delete()
        self.room.close()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def zone():
    zone = Zone()
    try:
        zone.fill()
        yield zone
    finally:
        zone.close()


@pytest.fixture(scope="module")
def recordings(zone, tmp_path_factory):
    """Two of the same stalls. Of the second run it is known from the first that its loop is stuck."""
    folder = tmp_path_factory.mktemp("recordings")
    files = [str(folder / name) for name in ("before", "after")]
    for file, pids in zip(files, (zone.reader.pid, zone.pids())):
        done = run.sockstall("-a", "-i", "100ms", "-d", "500ms", "-p", pids, "--record", file, *MIN_AGE)
        assert done.returncode == 0, done.stderr
    return files


def test_the_names_are_what_they_should_be(zone):
    """Else nothing here would show anything."""
    with open(f"/proc/{zone.reader.pid}/comm", "rb") as file:
        assert file.read().startswith(COMM)
    assert os.readlink(f"/proc/{zone.loop.pid}/exe".encode()).endswith(NAME)
    (record,) = run.matching(run.once("readers", *MIN_AGE, "-p", zone.reader.pid), type="reader")
    assert record["comm"].startswith("\x1b]0;P\x07\n\ufffd\x9b\u202e"), record
    assert "\x1b]0;P" in record["netns_name"] and (not zone.group or "\x1b]0;P" in record["cgroup"]), record
    assert run.matching(run.once("epoll", "-p", zone.loop.pid), type="loop")
    (thread,) = run.matching(run.once("threads", "-p", zone.lock.pid), tid=zone.lock.pid)
    assert "/held\x1b]0;P" in thread["now_in"], thread


REPORTS = {
    "overview": (),
    "readers": ("readers",),
    "writers": ("writers",),
    "closing": ("closing",),
    "handshakes": ("handshakes",),
    "epoll": ("epoll",),
    "stacks": ("epoll", "--stacks", "--interfaces", "all"),
    "chains": ("chains",),
    "threads": ("threads", "-v", "-p", "{pids}"),
    "thread-stacks": ("threads", "--stacks", "-p", "{lock}"),
    "watches": ("epoll", "--watches", "-p", "{loop}"),
    "all": ("-a",),
}
# Where no stall of the zone has part.
EMPTY = {"writers", "closing"}


def words_of(zone, words):
    return [str(word).format(pids=zone.pids(), loop=zone.loop.pid, lock=zone.lock.pid) for word in words]


@pytest.mark.parametrize("name", REPORTS)
def test_reports(zone, name):
    """Each as tables, as JSON, as lines that follow each other, and as tables on a terminal."""
    words = words_of(zone, REPORTS[name])
    words += MIN_AGE if "threads" not in words else ()  # which is of stalls
    for more in ("-1",), ("-1", "-j"), ("-d", "400ms", "-i", "100ms"), ("-j", "-a", "-d", "400ms", "-i", "100ms"):
        done = run.sockstall(*words, *more)
        assert done.returncode == 0, done.stderr
        check(done.stdout, name not in EMPTY)
        check(done.stderr, False)
    output, code = run_in_pty([run.SOCKSTALL, *words, "-1"], columns=300)
    assert code == 0
    check_terminal(output, name not in EMPTY)


@pytest.mark.parametrize("who", ["reader", "server", "loop"])
def test_live_view(zone, who):
    """Its list, and what it says about one of them."""
    pid = getattr(zone, who).pid
    argv = [run.SOCKSTALL, "-i", "100ms", "--stacks", *MIN_AGE, "-p", pid]
    output, code = run_in_pty(argv, rows=60, columns=160, until=str(pid).encode(), keys=(b"\r",))
    assert code == 0
    check_terminal(output)


@pytest.mark.parametrize(
    "how", [(), ("-j",), ("--html",), ("--trace",), ("-1",)], ids=["lines", "json", "html", "trace", "table"]
)
def test_replay(zone, recordings, tmp_path, how):
    file = how[-1:] in (("--html",), ("--trace",))
    done = run.sockstall("replay", recordings[1], "-a", *how, *[tmp_path / "out"][:file])
    assert done.returncode == 0, done.stderr
    check((tmp_path / "out").read_bytes() if file else done.stdout, allowed="\n\t" if file else "\n")
    check(done.stderr, False)


@pytest.mark.parametrize("how", [(), ("-j",)], ids=["table", "json"])
def test_diff(zone, recordings, how):
    done = run.sockstall("replay", recordings[0], "--diff", recordings[1], "-a", *how)
    assert done.returncode == 0, done.stderr
    check(done.stdout)


def test_replay_on_a_terminal(zone, recordings):
    argv = [run.SOCKSTALL, "replay", recordings[1]]
    output, code = run_in_pty(argv, rows=60, columns=160, until=str(zone.reader.pid).encode(), keys=(b"\r",))
    assert code == 0
    check_terminal(output)


def test_end(zone):
    """What it would end, by descriptor and by id, and what it says of an id that nothing has."""
    selector = f"pid={zone.reader.pid}", f"fd={zone.fd}"
    identifier = run.matching(run.once("readers", *MIN_AGE, "-p", zone.reader.pid), type="reader")[0]["id"]
    for words in selector, (*selector, "-j"), (identifier,), (identifier, "-j"):
        done = run.sockstall("end", *words)
        assert done.returncode == 0, done.stderr
        check(done.stdout)
        check(done.stderr, False)


def test_metrics(zone, tmp_path):
    """Also with the environment of a service, whose locale is C."""
    for locale in "C", "C.UTF-8":
        done = run.sockstall(
            "metrics",
            "--textfile",
            tmp_path,
            "-i",
            "100ms",
            "-d",
            "500ms",
            *MIN_AGE,
            "--netns",
            zone.room.here.inode,
            env={**os.environ, "LC_ALL": locale},
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        text = (tmp_path / "sockstall.prom").read_bytes()
        check(text)
        assert rb'sockstall_process_stalls{comm="\\x1b]0;P\\x07\\x0a\\x9b\\u009b\\u202e' in text, text
        assert rb'sockstall_listener_accept_queue{comm="\\x1b]0;P' in text, text


def test_exec(zone, tmp_path):
    """Environment and standard input of a command: what it prints, say into a mail, is not its own."""
    out = tmp_path / "out"
    done = run.sockstall(
        "-j",
        "-i",
        "100ms",
        "-d",
        "1s",
        *MIN_AGE,
        "-p",
        zone.reader.pid,
        "--on-stall",
        "reader.age>100ms",
        "--shell",
        "--exec",
        f"tr '\\0' '\\n' </proc/$$/environ | grep -a '^SOCKSTALL_' -A9 >{out}; cat >>{out}",
    )
    assert done.returncode == 0, done.stderr
    check(out.read_bytes())
    assert b"\nSOCKSTALL_COMM=" in b"\n" + out.read_bytes()
    check(done.stdout)


def test_flight(zone):
    """The message that says where the looks are."""
    done = run.sockstall(
        "-j",
        "-i",
        "100ms",
        "-d",
        "1s",
        *MIN_AGE,
        "-p",
        zone.reader.pid,
        "--flight",
        "10s",
        "--dump-on",
        "reader.age>100ms",
        "--dump-file",
        zone.file(b"flight"),
    )
    assert done.returncode == 0, done.stderr
    check(done.stderr)
    lines = [line for line in done.stderr.splitlines() if b" will reach about " not in line]
    assert len(lines) == 1, done.stderr


# Words of the command line come from scripts, and those have them from elsewhere.
MESSAGES = {
    "command": ("{name}",),
    "option": ("--{name}",),
    "value": ("-i", "{name}"),
    "pid": ("-p", "{name}"),
    "peer": ("--peer", "{name}"),
    "condition": ("--on-stall", "{name}", "--exec", "true"),
    "dump-on": ("--flight", "10s", "--dump-on", "{name}"),
    "end": ("end", "{name}"),
    "selector": ("end", "pid={name}"),
    "how": ("end", "pid=1", "fd=1", "--how", "{name}"),
    "no-id": ("end", "reader-{name}"),
    "comm": ("-1", "-c", "none{name}"),
    "cgroup": ("-1", "--cgroup", "/{name}"),
    "netns": ("-1", "--netns", "none{name}"),
    "record": ("-1", "--record", "{missing}/x"),
    "btf": ("-1", "--btf", "{missing}"),
    "replay": ("replay", "{missing}"),
    "no-recording": ("replay", "{other}"),
    "diff": ("replay", "{recording}", "--diff", "{missing}"),
    "html": ("replay", "{recording}", "--html", "{missing}/x"),
    "html-there": ("replay", "{recording}", "--html", "{other}"),
    "textfile": ("metrics", "--textfile", "{missing}"),
    "exec": ("-d", "1s", "-i", "100ms", *MIN_AGE, "--on-stall", "reader.age>100ms", "--exec", "'{missing}'"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(zone, recordings, name):
    other = zone.file(b"other")
    with open(other, "wb") as file:
        file.write(b"no recording")
    values = {"name": NAME, "missing": zone.file(b"missing"), "other": other, "recording": recordings[0].encode()}
    words = []
    for word in MESSAGES[name]:
        word = os.fsencode(str(word))
        for key, value in values.items():
            word = word.replace(b"{" + key.encode() + b"}", value)
        words.append(os.fsdecode(word))
    done = run.sockstall(*words)
    assert done.stderr and all(line.startswith(b"sockstall: ") for line in done.stderr.splitlines()), done
    check(done.stderr)


def test_check(zone):
    """Nothing that others have named is in it."""
    for option in "-v", "-j":
        done = run.sockstall("check", option)
        assert done.returncode == 0
        check(done.stdout + done.stderr, False)
