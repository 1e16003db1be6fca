# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Many stalls at once, looked at by one live run and by one-shot runs. A module registers one builder for each
stall; the live run is started first, so that it sees every stall begin, and the one-shot runs come
when they all exist, so that those were there before.
"""

import dataclasses
import datetime
import time
import typing

import run
from child import PATIENCE, SLOW, wait_until
from late import late
from netns import Link, Namespace
from stalls.machine import NUMBER

SINCE_TOLERANCE = 0.020  # of a reader, from issue 2


def moment(text):
    """RFC 3339 as sockstall writes it, to seconds since 1970."""
    assert text.endswith("Z") and len(text) == len("2026-11-23T02:34:31.123456Z"), text
    return datetime.datetime.fromisoformat(text).timestamp()


@dataclasses.dataclass
class Case:
    who: dict  # what tells its records from all others
    expect: dict  # key: value, or a function that says whether the value is right
    end: typing.Callable  # ends the stall
    since: typing.Optional[typing.Callable] = None  # when the wait really began
    since_tolerance: float = SINCE_TOLERANCE


def keepers(stall):
    """Who and where of a program's own records."""
    return {"pid": stall.pid, "tid": stall.pid}


def check(record, case):
    for key, wanted in case.expect.items():
        value = record[key]
        right = wanted(value) if callable(wanted) else value == wanted
        assert right, f"{key} is {value!r}, not {wanted!r}, in {record}"
    check_life(record)
    if case.since:
        truth = case.since()
        error = moment(record["since"]) - truth
        assert abs(error) <= case.since_tolerance * SLOW + late(truth), f"since is off by {error:.3f} s: {record}"


def check_life(record):
    """What every stall says, whatever it is."""
    assert record["id"] and record["why"], record
    # An age is of the moment when the thread or socket was looked at, which may be later than the look began.
    later = record["age_s"] - (moment(record["time"]) - moment(record["since"]))
    assert -0.02 * SLOW < later < 0.5 * SLOW + late(moment(record["time"])), record


class Room:
    """A namespace whose stalls are looked at ("here") and one in which their peers live ("there")."""

    def __init__(self, suffix=""):
        self.here, self.there = Namespace(suffix), Namespace(suffix)
        self._links = 0
        self.link = self.new_link()

    def new_link(self):
        self._links += 1
        return Link(self.here, self.there, 9 + self._links)

    def close(self):
        self.here.delete()
        self.there.delete()


class Zoo:
    def __init__(self, builders, room, *live_options, once_options=()):
        self.room = room
        self.once_options = once_options
        self.stream = run.Stream("-j", *live_options)
        self.cases = {}
        self.broken = {}
        for name, build in builders.items():
            self._build(name, build)

    def _build(self, name, build):
        try:
            self.cases[name] = build(self.room)
        except (AssertionError, RuntimeError, OSError) as error:
            self.broken[name] = error  # fails the tests of this case only

    def case(self, name):
        if name in self.broken:
            raise AssertionError(f"the stall {name} could not be made") from self.broken[name]
        return self.cases[name]

    # Live.

    def live(self, name):
        """The record that shows the stall with its verdict, checked."""
        case = self.case(name)
        who = {**case.who, "verdict": case.expect["verdict"], "event": ("open", "change")}
        record = self.stream.wait(12, **who)
        check(record, case)
        return record

    def check_close(self, name, opened):
        """The stall is over, and what is said about it at the end agrees with the beginning."""
        if name in self.broken:
            raise AssertionError(f"{name} was not there to be closed") from self.broken[name]
        closed = self.stream.wait(15, event="close", id=opened["id"])
        for key in "since", "type", "netns", "family", "local_addr", "local_port", "peer_addr", "peer_port":
            assert closed[key] == opened[key], f"{key} differs: {opened} {closed}"
        # Also where the last look did not find it: a request socket outlives its listener for a moment.
        for key in "pid", "tid", "comm", "cgroup", "container":
            assert closed[key] == opened[key] or opened[key] is None, f"{key} differs: {opened} {closed}"

    def end_stalls(self):
        """End every stall. The record that opened each, by name."""
        opened = {}
        for name, case in self.cases.items():
            try:
                opened[name] = self.live(name)
                case.end()
            except (AssertionError, OSError) as error:
                self.broken[name] = error  # its test of the close fails for this
        return opened

    # Once.

    def once_records(self):
        """
        A one-shot look, again until it shows every stall as what it is to become; or the one that showed most of them: on a
        slow machine some are given up before the last is what it is to become.
        """
        deadline = time.monotonic() + 12 * PATIENCE
        best, most = [], -1
        while True:
            records = run.once(*self.once_options)
            shown = sum(bool(self._shown(records, case)) for case in self.cases.values())
            if shown > most:
                best, most = records, shown
            if most == len(self.cases) or time.monotonic() > deadline:
                return best
            time.sleep(0.1)

    def _shown(self, records, case):
        return run.findings(records, **{**case.who, "verdict": case.expect["verdict"]})

    def once(self, name, records):
        case = self.case(name)
        record = run.only(records, **case.who)
        check(record, case)
        return record

    def finish(self):
        self.stream.end()
        self.room.close()


def asleep_since(stall, words):
    """
    When the thread that said `words` just before it blocked really fell asleep: on a busy machine it may
    have been preempted in between, which its own CPU and run-queue time give away.
    """
    path = f"/proc/{stall.pid}/task/{words['tid']}/schedstat"

    def spent_ns():
        with open(path) as file:
            ran, waited, _ = file.read().split()
        return int(ran) + int(waited)

    return words["time"] + (spent_ns() - words["spent_ns"]) / 1e9


def in_syscall(stall, name):
    """Wait until the program's main thread sleeps in this syscall."""

    def there():
        with open(f"/proc/{stall.pid}/syscall") as file:
            return file.read().split()[0] == str(NUMBER[name])

    wait_until(there, 5, name)
