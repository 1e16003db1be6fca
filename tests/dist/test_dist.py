# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What `make dist` wrote."""

import hashlib
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIST = ROOT / "build" / "dist"
MACHINES = {"amd64": "x86-64", "arm64": "ARM aarch64"}


def version():
    return re.search(r"^VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.M).group(1)


def name(suffix):
    return DIST / f"sockstall-{version()}{suffix}"


def test_what_is_there():
    wanted = {name("-amd64"), name("-arm64"), name(".tar.xz"), DIST / "SHA256SUMS"}
    assert set(DIST.iterdir()) == wanted


def test_sums():
    said = dict(reversed(line.split()) for line in (DIST / "SHA256SUMS").read_text().splitlines())
    files = [path for path in DIST.iterdir() if path.name != "SHA256SUMS"]
    assert said == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("architecture", MACHINES)
def test_one_small_stripped_file(architecture):
    path = name(f"-{architecture}")
    said = subprocess.run(["file", "-b", path], capture_output=True, text=True, check=True).stdout
    assert MACHINES[architecture] in said
    assert "static-pie linked" in said and ", stripped" in said
    assert path.stat().st_size < 4 << 20
    assert path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("architecture", MACHINES)
def test_no_paths_of_this_machine(architecture):
    assert str(ROOT).encode() not in name(f"-{architecture}").read_bytes()


def test_the_sources_build_the_same_file(tmp_path):
    """Also elsewhere, without git, and byte for byte."""
    subprocess.run(["tar", "-xf", name(".tar.xz"), "-C", tmp_path], check=True)
    tree = tmp_path / f"sockstall-{version()}"
    assert {path.name for path in tree.iterdir()} >= {"Makefile", "README.md", "bpf", "src", "include", "vmlinux",
                                                      "tests", "debian"}
    subprocess.run(["make", "-s", "-j2", "-C", tree, "static"], check=True, capture_output=True)
    native = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout
    assert (tree / "build/sockstall-static").read_bytes() == name(f"-{native.strip()}").read_bytes()
