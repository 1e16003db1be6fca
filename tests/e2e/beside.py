# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Tests side by side, with pytest-xdist: which of them stay together, in what order they begin, and which run alone. Most
of a test is waiting, so there are more workers than CPUs. See tests/README.md.

Tests that share a fixture of their module stay together, in their order. A test that is marked as `alone` judges the whole
machine (its CPU time, all its processes): it comes last, and while it runs all other workers are idle.
"""

import fcntl
import os
import tempfile

import pytest


def arrange(items, longest):
    """
    Groups the tests, and sorts them: first what takes longest, by how its id begins, so that no worker is left with it at
    the end; then the others in the order that they have; last what runs alone.
    """
    _group(items)

    def rank(item):
        if is_alone(item):
            return len(longest) + 1
        name = os.path.basename(item.nodeid.partition("::")[0]) + item.nodeid.partition(".py")[2]
        return next((number for number, start in enumerate(longest) if name.startswith(start)), len(longest))

    items.sort(key=rank)


def is_alone(item):
    return item.get_closest_marker("alone") is not None


def _group(items):
    """Tests that share something, also by way of a third one, are of one group."""
    leaders = {}

    def leader(name):
        while leaders.setdefault(name, name) != name:
            name = leaders[name]
        return name

    for item in items:
        first, *others = _shared(item) or [None]
        for other in others:
            leaders[leader(other)] = leader(first)
    for item in items:
        shared = _shared(item)
        if shared and not is_alone(item) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(leader(shared[0])))


def _shared(item):
    """Its fixtures that are made once in a module."""
    module = os.path.basename(item.nodeid.partition("::")[0]).removesuffix(".py")
    found = item._fixtureinfo.name2fixturedefs.items()  # pylint: disable=protected-access
    return [f"{module}-{name}" for name, made in found if made[-1].scope == "module"]


def without_group(nodeid):
    """As it is to be typed: xdist puts the name of the group behind it."""
    test, at, group = nodeid.rpartition("@")
    return test if at and "]" not in group else nodeid


class Turns:
    """One lock of all workers: what runs beside others shares it, what runs alone has it."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.held = fcntl.LOCK_UN

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        self._take(fcntl.LOCK_EX if is_alone(item) else fcntl.LOCK_SH)
        yield
        # Between two tests that run beside others it is kept: what a module's tests share lives on.
        if nextitem is None or is_alone(item) or is_alone(nextitem):
            self._take(fcntl.LOCK_UN)

    def _take(self, wanted):
        if wanted != self.held:
            fcntl.flock(self.file, fcntl.LOCK_UN)
            fcntl.flock(self.file, wanted)
            self.held = wanted


class Leader:
    """In the process that has the workers."""

    def __init__(self):
        handle, self.path = tempfile.mkstemp(prefix="sst-turns-")
        os.close(handle)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput["turns"] = self.path

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        report.nodeid = without_group(report.nodeid)

    def pytest_unconfigure(self):
        os.unlink(self.path)


def configure(config):
    config.addinivalue_line("markers", "alone: judges the whole machine; no other test runs beside it")
    config.addinivalue_line("markers", "xdist_group(name): tests that stay together in one worker")
    worker = getattr(config, "workerinput", None)
    config.pluginmanager.register(Turns(worker["turns"]) if worker else Leader())
