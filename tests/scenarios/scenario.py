# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What a scenario is, and what it knows to be true of the stall it makes."""

import dataclasses
import re
import typing

SINCE_TOLERANCE = 0.050


@dataclasses.dataclass
class Truth:
    """One stall, or several alike, that must be reported."""

    who: dict  # which records are about it; a value may be a set
    verdict: str
    expect: dict = dataclasses.field(default_factory=dict)  # key: value, or a function of the value
    since: typing.Optional[tuple] = None  # the wait began between these two moments
    least: int = 1  # 0: it may be reported, and must not be wrong
    most: int = 1
    once: int = None  # what `--once` must report at least; by default the same
    passes: tuple = ()  # verdicts that are right for a while before
    # What the kernel will do by itself: the field that says when, and a function that waits for it
    # and returns the moment.
    predicts: typing.Optional[str] = None
    happens: typing.Optional[typing.Callable] = None


class Scenario:
    """
    A stall in real software. Its name, the programs it needs (those of needs.PACKAGES), and the same
    software in health: a Healthy class.
    """

    name = None
    needs = ()
    twin = None
    options = ()
    patience = 20  # seconds until the live report must have it: a busy machine stretches the interval

    def prepare(self, stage):
        """Start the servers; all is well when this returns."""

    def stall(self, stage):
        """Make the stall. A list of Truths; all else that is reported is wrong."""
        raise NotImplementedError

    def end(self, stage):
        """End it: what was opened must be closed then. By default it ends with its programs."""
        stage.end_programs()


class Healthy:
    """The same software, busy, with nothing stuck."""

    name = None
    needs = ()
    options = ()

    def prepare(self, stage):
        """Start the servers."""

    def load(self, stage):
        """Start the load; it lasts until it is killed."""
        raise NotImplementedError


class Fault:
    """Something that must hold when things break. It raises AssertionError if it does not."""

    name = None
    expected = None
    needs = ()

    def run(self, stage):
        """What was seen, in a few words."""
        raise NotImplementedError


def between(low, high):
    def inside(value):
        return value is not None and low <= value <= high

    inside.__qualname__ = f"between {low} and {high}"
    return inside


def says(pattern):
    """A sentence that begins so."""

    def said(value):
        return re.match(pattern, value) is not None

    said.__qualname__ = f"like {pattern}"
    return said


def begins(*words):
    """What comes after the syscall's name is for people."""

    def begun(value):
        return value is not None and value.startswith(words)

    begun.__qualname__ = " or ".join(words) + "…"
    return begun


def reader(stage, program, client=True, tid=None, **more):
    """Who and what of a thread blocked in a read: expectations common to all."""
    netns = stage.client if client else stage.server
    near, far = (stage.client_addr, stage.server_addr) if client else (stage.server_addr, stage.client_addr)
    return {
        "who": {"type": "reader", "pid": program.pid, "tid": tid or program.pid},
        "expect": {
            "netns": netns.inode,
            "kind": "tcp",
            "role": "client" if client else "server",
            "local_addr": near,
            "peer_addr": far,
            **more,
        },
    }
