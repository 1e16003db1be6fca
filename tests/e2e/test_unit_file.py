# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The example systemd units: they are valid, and what they leave of root's power is enough."""

import os
import re
import subprocess

import pytest

import run
from child import PYTHON, Child, wait_until

UNITS = ["sockstall.service", "sockstall-metrics.service"]
LISTEN = """
import socket
listener = socket.socket()
listener.bind(("", 7007))
listener.listen()
print("listening", flush=True)
listener.accept()
"""


def unit(which="sockstall.service"):
    with open(os.path.join(run.ROOT, "src", "share", which), encoding="utf-8") as file:
        return file.read()


def setting(name, which="sockstall.service"):
    return re.search(rf"^{name}=(.*)$", unit(which), re.M).group(1)


@pytest.mark.parametrize("which", UNITS)
def test_it_is_valid(tmp_path, which):
    path = tmp_path / which
    path.write_text(unit(which).replace("/usr/sbin/sockstall", run.SOCKSTALL))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, check=False)
    said = [line for line in done.stderr.splitlines() if which.encode() in line]  # others' units may be anything
    assert (done.returncode, done.stdout, said) == (0, b"", [])


def test_its_options_are_taken():
    program, *words = setting("ExecStart").split()
    assert program == "/usr/sbin/sockstall"
    done = run.sockstall(*words, "-d", "100ms")
    assert (done.returncode, done.stderr) == (0, b"")
    run.parse(done.stdout)


def test_the_metrics_options_are_taken(tmp_path):
    """With what the unit leaves of root's power, into a folder of root's."""
    which = "sockstall-metrics.service"
    program, *words = setting("ExecStart", which).replace("/var/lib/prometheus/node-exporter", str(tmp_path)).split()
    assert program == "/usr/sbin/sockstall"
    done = run.sockstall(*words, "-d", "100ms", before=limited(which))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert os.listdir(tmp_path) == ["sockstall.prom"]
    assert f"ReadWritePaths={os.path.dirname('/var/lib/prometheus/node-exporter/x')}\n" in unit(which)


def limited(which="sockstall.service"):
    kept = ",".join("+" + name.removeprefix("CAP_").lower() for name in setting("CapabilityBoundingSet", which).split())
    return ["setpriv", "--no-new-privs", "--inh-caps=-all", f"--bounding-set=-all,{kept}"]


def test_its_capabilities_are_enough(room):
    """Every probe attaches, and what another user has in another network namespace is seen."""
    before = limited()
    other = Child([*room.here.enter(), "setpriv", "--reuid=65534", "--clear-groups", PYTHON, "-c", LISTEN])
    try:
        other.wait_line(lambda line: line == b"listening\n", 10, what="a listener")
        # The first look at a new namespace may know no owner yet.
        owner = wait_until(lambda: _owner(before, room), 10, "the listener's owner")
    finally:
        other.end()
    assert owner == other.pid


def _owner(before, room):
    records = run.once("handshakes", "-a", before=before)
    assert records[0]["probes_missing"] == "", records[0]
    return run.only(records, type="listener", local_port=7007, netns=room.here.inode)["pid"]
