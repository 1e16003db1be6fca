# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Tests side by side, with pytest-xdist: which of them stay together, and in what order they begin. Most of a test is waiting,
so there are more workers than CPUs. Tests that share a fixture of their module stay together, in their order. See
tests/README.md.
"""

import os

import pytest


def arrange(items, longest):
    """
    Groups the tests, and sorts them: first what takes longest, by how its id begins, so that no worker is left with it at
    the end; then tests that stay together, for the same reason; then the others. Each in the order that they have.
    """
    _group(items)

    def rank(item):
        name = os.path.basename(item.nodeid.partition("::")[0]) + item.nodeid.partition(".py")[2]
        alone = len(longest) + (item.get_closest_marker("xdist_group") is None)
        return next((number for number, start in enumerate(longest) if name.startswith(start)), alone)

    items.sort(key=rank)


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
        if shared and not item.get_closest_marker("xdist_group"):
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


class Leader:
    """In the process that has the workers."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        report.nodeid = without_group(report.nodeid)


def configure(config):
    config.addinivalue_line("markers", "xdist_group(name): tests that stay together in one worker")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Leader())
