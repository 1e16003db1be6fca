# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Functions that a runtime compiled while it ran: by the perf map of its process, if that is its user's own."""

import os
import shutil
import signal
import subprocess

import pytest

import run
from child import Child, wait_until

SCRIPT = """const fs = require('fs');
function readReply(fd) { return fs.readSync(fd, Buffer.alloc(10)); }
function fetchUser(fd) {
  return readReply(fd);
}
console.log('reading');
fetchUser(0);
"""
JAVA = """public class App {
    static int readReply() throws Exception { return System.in.read(); }
    public static void main(String[] words) throws Exception { System.out.println("reading"); readReply(); }
}
"""


@pytest.fixture
def reading(tmp_path):
    """Starts a program that reads its stdin, a pipe in which nothing comes. Node writes a log where it runs."""
    children = []

    def start(*command):
        children.append(Child([str(word) for word in command], cwd=tmp_path))
        children[-1].wait_line(bool, 60)
        return children[-1].pid

    yield start
    for child in children:
        child.end(signal.SIGKILL)
        path = f"/tmp/perf-{child.pid}.map"
        if os.path.lexists(path):
            os.unlink(path)


def reader_of(pid, wanted):
    """The thread with such a frame: its code and its frames."""

    def look():
        records = run.once("threads", "--stacks", "-p", pid)
        threads = run.matching(records, type="thread", pid=pid)
        found = [thread for thread in threads if wanted in " < ".join(thread["user_stack"] or [])]
        return (found[0]["code"], found[0]["user_stack"]) if found else None

    return wait_until(look, 30, f"a stack with {wanted}")


def node(*options):
    if not shutil.which("node"):
        pytest.skip("there is no node")
    return ("node", *options)


def test_node(reading, tmp_path):
    (tmp_path / "app.js").write_text(SCRIPT)
    options = ("--perf-basic-prof", "--interpreted-frames-native-stack")
    code, frames = reader_of(reading(*node(*options), tmp_path / "app.js"), "readReply")
    assert code == "readReply (app.js:2)"
    at = frames.index("readReply (app.js:2)")
    assert frames[at - 1].startswith("readSync (node:fs:")
    assert frames[at + 1] == "fetchUser (app.js:3)"


def test_java(reading, tmp_path):
    for tool in ("java", "javac", "jcmd"):
        if not shutil.which(tool):
            pytest.skip(f"there is no {tool}")
    (tmp_path / "App.java").write_text(JAVA)
    subprocess.run(["javac", tmp_path / "App.java"], check=True)
    pid = reading("java", "-Xcomp", "-XX:+PreserveFramePointer", "-XX:-Inline", "-cp", tmp_path, "App")
    subprocess.run(["jcmd", str(pid), "Compiler.perfmap"], check=True, capture_output=True)
    code, frames = reader_of(pid, "App.readReply")
    assert code == "App.readReply"
    at = frames.index("App.readReply")
    assert frames[at - 1].startswith("java.io.") and frames[at + 1] == "App.main"


@pytest.mark.parametrize("wrong", ["owner", "link"])
def test_a_map_of_somebody_else(reading, tmp_path, wrong):
    """/tmp is everybody's: a file of another user names nothing, nor does a link."""
    (tmp_path / "app.js").write_text(SCRIPT)
    pid = reading(*node("--perf-basic-prof", "--interpreted-frames-native-stack"), tmp_path / "app.js")
    reader_of(pid, "readReply")
    path = f"/tmp/perf-{pid}.map"
    if wrong == "owner":
        os.chown(path, 65534, 65534)
    else:
        os.rename(path, tmp_path / "map")
        os.symlink(tmp_path / "map", path)
    code, frames = reader_of(pid, "uv_fs_read")
    assert code is None
    assert not [frame for frame in frames if "app.js" in frame]
