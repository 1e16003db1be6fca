# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Answers over netlink count only if they are the kernel's: root of a namespace of its own may send others."""

import json
import subprocess

import pytest

import run
from child import Stall, die_with_parent

NOBODY = ("local=10.9.9.9:80", "peer=10.8.8.8:5555")


@pytest.fixture(scope="module")
def liar():
    process = Stall(None, "netlink_liar.py")
    words = process.wait_line(lambda line: json.loads(line)["event"] in ("ready", "refused") and json.loads(line), 30)
    if words["event"] == "refused":
        process.end()
        pytest.skip(f"no user namespaces for an ordinary user here: {words['error']}")
    yield process
    process.end()


def end_while(liar, *words):
    """`end`, with the liar writing to its netlink port from before it begins."""
    command = ["sh", "-c", 'read -r go && exec "$@"', "sh", run.SOCKSTALL, "end", *words]
    waits = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_parent
    )
    # Its own, and those of the processes that it may set apart.
    liar.tell(" ".join(str(waits.pid + number) for number in range(4)))
    liar.said("lying")
    stdout, stderr = waits.communicate(b"go\n", timeout=60)
    liar.tell("")
    liar.said("lying")
    return waits.returncode, stdout, stderr


def test_a_connection_that_is_not_there(liar):
    for _ in range(5):
        code, stdout, stderr = end_while(liar, *NOBODY)
        assert (code, stderr) == (1, b"sockstall: end: there is no such connection\n"), stdout


def test_a_connection_that_is_there_is_found(liar):
    """The twin: one of the liar's own."""
    with open(f"/proc/{liar.pid}/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.read().splitlines()[1:]]
    local, peer = next((row[1], row[2]) for row in rows if row[3] == "01" and row[2].endswith(":1E61"))
    port = int(local.split(":")[1], 16)
    code, stdout, stderr = end_while(liar, f"local=127.0.0.1:{port}", "peer=127.0.0.1:7777", "-j")
    record = json.loads(stdout)
    assert (code, record["result"], record["pid"]) == (0, "planned", liar.pid), (stderr, record)
    assert not stderr
