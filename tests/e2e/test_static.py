# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""`make static`: one file that needs nothing on the host, not even a root file system."""

import os
import shutil
import subprocess

import pytest

import run
from child import PATIENCE
from terminal import run_in_pty

pytestmark = pytest.mark.xdist_group("static")  # the file is made there once

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def static():
    path = os.path.join(run.ROOT, "build", "sockstall-static")
    if os.path.exists(path):
        os.unlink(path)  # linked anew, so that warnings of the linker are seen
    done = subprocess.run(["make", "-s", "-C", run.ROOT, "static"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return path


@pytest.fixture
def bare(static, tmp_path):
    """What to put before a command so that it runs where there is that file, /proc, /sys and the terminal."""
    for name in ("proc", "sys", "dev"):
        (tmp_path / name).mkdir()
    shutil.copy(static, tmp_path / "sockstall")
    mounts = " && ".join(f"mount --rbind /{name} {tmp_path}/{name}" for name in ("proc", "sys", "dev"))
    # A mount namespace of its own: the mounts end with the command.
    return ["unshare", "-m", "sh", "-c", f'{mounts} && exec chroot {tmp_path} "$@"', "sh"]


def test_it_is_one_small_stripped_file(static):
    said = subprocess.run(["file", "-b", static], capture_output=True, text=True, check=True).stdout
    assert "static-pie linked" in said and ", stripped" in said, said
    linked = subprocess.run(["ldd", static], capture_output=True, text=True, check=False)
    assert "statically linked" in linked.stdout + linked.stderr
    assert os.path.getsize(static) < 4 * MEGABYTE  # 2.8 with the libraries of Debian 12, 3.6 with those of 13


def test_it_runs_where_there_is_nothing_else(bare):
    done = subprocess.run(
        [*bare, "/sockstall", "-1", "-a", "-j"], capture_output=True, timeout=30 * PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    records = run.parse(done.stdout)
    assert records[0]["probes_missing"] == run.once()[0]["probes_missing"]


def test_a_terminal_without_terminfo_gets_lines(bare, stall):
    reader = stall(None, "other_reader.py", "pipe")
    reader.said("blocking")
    written, code = run_in_pty([*bare, "/sockstall", "-d", "300ms", "-m", "0", "-a", "-p", reader.pid, "readers"])
    first, *lines = written.decode().splitlines()
    assert first.startswith("sockstall: cannot draw on this terminal")
    assert lines and all("  open  " in line and f"/{reader.pid}" in line for line in lines), lines
    assert code == 0


def test_an_unknown_terminal_gets_lines():
    written, code = run_in_pty([run.SOCKSTALL, "-d", "300ms", "readers"], TERM="no-such-terminal")
    assert written.startswith(b"sockstall: cannot draw on this terminal")
    assert code == 0
