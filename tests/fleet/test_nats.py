# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""JSON Lines through NATS JetStream: the example publishes, NATS's own client reads, and an engine is asked."""

import os
import pathlib
import subprocess

import pytest

import run
from child import PATIENCE, PYTHON, wait_until
from conftest import SHARE
from engines import MODULES, DuckDB
from netns import Namespace

PUBLISH = SHARE / "examples" / "sockstall-nats.py"
STREAM = pathlib.Path(__file__).with_name("nats_stream.js")
AT = "127.0.0.1:4222"


class Nats:
    """A server on loopback in a namespace of its own."""

    def __init__(self, program, folder):
        self.net, self.program, self.folder = Namespace(), program, folder
        self.server = None

    def start(self):
        argv = ["nats-server", "-js", "-sd", self.folder, "-a", "127.0.0.1", "-p", "4222"]
        self.server = self.program([*self.net.enter(), *argv])
        wait_until(self._answers, 20, "the server")

    def _answers(self):
        script = "import socket; socket.create_connection(('127.0.0.1', 4222), 5)"
        argv = [*self.net.enter(), PYTHON, "-c", script]
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0

    def client(self, what):
        done = subprocess.run(
            [*self.net.enter(), "node", STREAM, MODULES, what, AT],
            capture_output=True,
            timeout=30 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def publisher(self, **options):
        return subprocess.Popen([*self.net.enter(), PYTHON, PUBLISH, AT], stderr=subprocess.PIPE, **options)


@pytest.fixture
def nats(program, tmp_path):
    nats = Nats(program, tmp_path / "store")
    yield nats
    nats.net.delete()


def test_every_record_arrives_once(incident, nats, tmp_path):
    nats.start()
    nats.client("make")
    done = run.sockstall("-j", "-i", "200ms", "-m", "100ms", "-d", "2s", "--netns", incident.here.inode)
    sender = nats.publisher(stdin=subprocess.PIPE)
    _, errors = sender.communicate(done.stdout, timeout=30 * PATIENCE)
    assert (sender.returncode, errors) == (0, b"")
    subject = f"sockstall.{os.uname().nodename} ".encode()
    lines = nats.client("read").splitlines(keepends=True)
    assert all(line.startswith(subject) for line in lines)
    assert b"".join(line.removeprefix(subject) for line in lines) == done.stdout

    (tmp_path / "node.jsonl").write_bytes(b"".join(line.removeprefix(subject) for line in lines))
    engine = DuckDB()
    engine.load({"node": tmp_path / "node.jsonl"})
    assert incident.reader.pid in {row["pid"] for row in engine.query("SELECT pid FROM began_first")}
    engine.close()


def test_what_comes_while_the_server_is_away(nats):
    """It is sent again, and is there once; a stream that is not there yet is told."""
    sender = nats.publisher(stdin=subprocess.PIPE)
    try:
        sender.stdin.write(b'{"number":1}\n')
        sender.stdin.flush()
        assert b"Connection refused" in sender.stderr.readline()
        nats.start()
        assert b"no stream takes sockstall." in sender.stderr.readline()
        nats.client("make")
        sender.stdin.write(b'{"number":2}\n')
        sender.stdin.close()
        assert sender.wait(30 * PATIENCE) == 0
    finally:
        sender.kill()
        sender.wait()
    assert [line.split(b" ", 1)[1] for line in nats.client("read").splitlines()] == [b'{"number":1}', b'{"number":2}']


@pytest.mark.parametrize("words", [[], ["host"], ["a:1", "b:2"]])
def test_wrong_usage(words):
    done = subprocess.run([PYTHON, PUBLISH, *words], capture_output=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith(b"usage: sockstall -j | ")
