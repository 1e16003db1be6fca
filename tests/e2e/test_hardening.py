# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
How the programs that are given away are built. The static one is linked from the same objects as the other, and
stripped: what the compiler put into those is seen in the other one's symbols.
"""

import os
import re
import subprocess

import pytest

import run

pytestmark = pytest.mark.xdist_group("static")  # test_static.py makes that file, too


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def static():
    subprocess.run(["make", "-s", "-C", run.ROOT, "static"], check=True)
    return os.path.join(run.ROOT, "build", "sockstall-static")


@pytest.fixture(params=["shared", "static"])
def program(request):
    return run.SOCKSTALL if request.param == "shared" else request.getfixturevalue("static")


def test_it_lies_where_the_kernel_puts_it(program):
    assert re.search(r"Type:\s+DYN", readelf(program, "-h"))
    assert re.search(r"\(FLAGS_1\).*\bPIE\b", readelf(program, "-d"))


def test_its_relocations_are_read_only_once_done(program):
    assert "GNU_RELRO" in readelf(program, "-l")
    assert re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", readelf(program, "-d"))


def test_nothing_is_writable_and_executable(program):
    segments = re.findall(r"^ +(LOAD|GNU_STACK) .* ([R ][W ][E ]) +0x", readelf(program, "-l"), re.MULTILINE)
    assert {name for name, _ in segments} == {"LOAD", "GNU_STACK"}
    assert not [flags for _, flags in segments if "W" in flags and "E" in flags], segments


def test_stacks_and_buffers_are_checked():
    symbols = readelf(run.SOCKSTALL, "--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert len(set(re.findall(r"__(\w+)_chk\b", symbols))) >= 4, "is _FORTIFY_SOURCE on?"


def test_fortified_at_level_three():
    """Level 3 knows sizes that are found at run time; `make -n` says how objects are compiled."""
    said = subprocess.run(
        ["make", "-C", run.ROOT, "-n", "-B", "V=1", "build/obj/base/text.o"], capture_output=True, text=True, check=True
    ).stdout
    line = next(line for line in said.splitlines() if "src/base/text.c" in line and "-c " in line)
    assert "-D_FORTIFY_SOURCE=3" in line and "-fstack-protector-strong" in line and "-O2" in line
