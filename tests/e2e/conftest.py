# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Fixtures of the end-to-end tests. They need root, and traffic stays in namespaces of their own."""

import os
import sys

import pytest

import beside
import child
import netns
import run
from cgroups import Cgroup, Freezer1, cgroup2, freezer1
from terminal import Tmux
from zoo import Room


# What takes half a minute and more, the longest first; and what takes long by itself.
LONGEST = (
    "test_options.py",
    "test_interactive.py",
    "test_hostile_text.py",
    "test_empty_netns.py",
    "test_faults.py",
    "test_hostile_reads.py",
    "test_completions.py",
    "test_record.py",
    "test_writers_unread.py",
    "test_netns.py",
    "test_causes.py",
    "test_predictions.py",
    "test_held_first.py",
    "test_watches.py",
    "test_waits.py::test_epoll_inside_poll",
    "test_drivers.py",
    "test_loop_details.py::test_near_limit",
    "test_robust.py",
)


def pytest_configure(config):
    if sys.executable != child.PYTHON:
        raise pytest.UsageError(f"run this with {child.PYTHON} -m pytest, not {sys.executable}")
    if os.geteuid():
        raise pytest.UsageError("these tests make network namespaces: run them as root")
    os.environ.pop("MAKEFLAGS", None)  # a make that a test runs is none of the one that runs the tests
    beside.configure(config)


@pytest.hookimpl(tryfirst=True)  # xdist looks for the groups there, too
def pytest_collection_modifyitems(items):
    if items and not os.access(run.SOCKSTALL, os.X_OK):
        raise pytest.UsageError(f"no program at {run.SOCKSTALL}: run make, or set SOCKSTALL")
    beside.arrange(items, LONGEST)


@pytest.fixture(scope="session", autouse=True)
def sweep():
    """Whatever a broken test left running ends with the session; what a broken session left, with the next one."""
    netns.delete_left()
    yield
    child.end_all()
    netns.delete_all()


@pytest.fixture(autouse=True)
def no_colour_from_outside(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def room():
    room = Room()
    yield room
    room.close()


@pytest.fixture
def stream():
    """Starts sockstall; ends it if the test did not."""
    started = []

    def start(*arguments, **options):
        started.append(run.Stream(*arguments, **options))
        return started[-1]

    yield start
    for child_ in started:
        child_.end()


@pytest.fixture
def stall():
    """Starts a program of stalls/; ends it after the test."""
    started = []

    def start(*arguments):
        started.append(child.Stall(*arguments))
        return started[-1]

    yield start
    for child_ in started:
        child_.end()


@pytest.fixture
def tmux(tmp_path):
    """Starts sockstall on a terminal of its own; `before` stands in front of it."""
    started = []

    def start(*arguments, before=(), **size):
        folder = tmp_path / f"terminal{len(started)}"
        folder.mkdir()
        started.append(Tmux([*before, run.SOCKSTALL, *arguments], folder, **size))
        return started[-1]

    yield start
    for terminal in started:
        terminal.close()


def writable(mount, what):
    """Where that is, or the test is skipped."""
    if not mount or not os.access(mount, os.W_OK):
        pytest.skip(f"no writable {what} on this machine")
    return mount


@pytest.fixture
def cgroup():
    group = Cgroup(writable(cgroup2(), "cgroup v2 hierarchy"))
    yield group
    group.delete()


@pytest.fixture
def freezer(cgroup):
    """A cgroup that is thawed after the test."""
    yield cgroup
    cgroup.thaw()


@pytest.fixture
def old_freezer():
    """The same of v1."""
    group = Freezer1(writable(freezer1(), "hierarchy of the v1 freezer"))
    yield group
    group.thaw()
    group.delete()
