# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A libbpf that fails where the kernel does not: what is said names libbpf, and `check` says no where a run would fail."""

import os
import re
import subprocess

import pytest

import run

# What bpf_program__attach() of libbpf 1.5 gave all programs of sockstall 0.1.0.
FAULT = """
#include <errno.h>
#include <stddef.h>
void *bpf_program__attach_iter(const void *program, const void *options);
void *bpf_program__attach_iter(const void *program, const void *options)
{
	(void)program;
	(void)options;
	errno = EOPNOTSUPP;
	return NULL;
}
"""
VITAL = ("thread_scan", "socket_scan")


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The environment of a program that finds such a libbpf."""
    path = tmp_path_factory.mktemp("libbpf") / "fault.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", path], input=FAULT, text=True, check=True)
    return os.environ | {"LD_PRELOAD": str(path)}


def states(table):
    """By program what `check` says of it."""
    return dict(re.findall(r"^(\w+) +(yes|no|none) ", table, re.M))


def test_a_run_says_that_it_is_libbpf(broken):
    done = run.sockstall("-1", env=broken)
    assert done.returncode == 1 and done.stdout == b""
    said = done.stderr.decode()
    assert re.fullmatch(
        r"sockstall: libbpf \d+\.\d+, not the kernel, fails to start the BPF programs "
        r"\(Operation not supported\): [^\n]+\n",
        said,
    ), said


def test_check_tries_what_a_run_does(broken):
    done = run.sockstall("check", "-v", env=broken)
    found = states(done.stdout.decode())
    assert done.returncode == 1
    assert {found[name] for name in VITAL} == {"no"}, found
    assert b"libbpf fails (Operation not supported)" in done.stdout
    assert b"refused" not in done.stdout and b"this kernel refuses" not in done.stderr
    assert found["handshakes_set_state"] == "yes", "this one is attached in another way"


def test_check_and_a_run_agree_where_all_is_well():
    done = run.sockstall("check", "-v")
    found = states(done.stdout.decode())
    start = run.once("--all")[0]
    assert done.returncode == 0
    assert all(found[name] == "yes" for name in start["probes_used"].split()), (found, start)
    assert not set(start["probes_missing"].split()) & {name for name, state in found.items() if state == "yes"}


def test_version_names_the_library():
    done = run.sockstall("--version")
    assert re.fullmatch(rb"sockstall \d+\.\d+\.\d+ \(libbpf \d+\.\d+\)\n", done.stdout), done.stdout
