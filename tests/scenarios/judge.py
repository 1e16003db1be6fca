# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Compares what was reported with what is true."""

import dataclasses

from run import STALLED
from scenario import SINCE_TOLERANCE
from zoo import moment


class Life:
    """All records about one stall."""

    def __init__(self, records):
        self.records = records
        self.shown = [record for record in records if record.get("event") != "close"]
        self.closed = len(self.shown) < len(records)

    @property
    def verdicts(self):
        return {record["verdict"] for record in self.shown}

    def of(self, who):
        return all(fits(self.records[0].get(key), wanted) for key, wanted in who.items())


def fits(value, wanted):
    return value in wanted if isinstance(wanted, (set, tuple, frozenset)) else value == wanted


def lives(records, inodes):
    """The stalls in these namespaces, in the order in which they came up."""
    by_id = {}
    for record in records:
        if record["type"] in STALLED and record["netns"] in inodes:
            key = record.get("id") or (record["type"], record["netns"], record["local_port"])
            by_id.setdefault(key, []).append(record)
    return [Life(found) for found in by_id.values()]


@dataclasses.dataclass
class Judgement:
    reported: str
    wrong: list  # sentences
    extra: list  # records that no truth asks for


def describe(record):
    who = f"{record['comm']}/{record['tid'] or record['pid']}"
    return f"{record['type']} {record['verdict']} {who}: {record['why']}"


def summary(found):
    """`reader awaiting_reply, 17 handshake not_accepted`"""
    counts = {}
    for life in found:
        record = life.shown[-1] if life.shown else life.records[-1]
        words = f"{record['type']} {record['verdict']}"
        counts[words] = counts.get(words, 0) + 1
    return ", ".join(words if count == 1 else f"{count} {words}" for words, count in counts.items()) or "nothing"


def expected(truths):
    parts = []
    for truth in truths:
        if truth.least or truth.most == 1:
            count = f"{truth.least} " if truth.least > 1 else ""
            parts.append(f"{count}{truth.who['type']} {truth.verdict}" + ("?" if not truth.least else ""))
    return ", ".join(parts) or "nothing"


def matched(truth, found):
    return [life for life in found if life.of(truth.who) and life.shown]


def satisfied(truths, found):
    """Is all there that must be? For the live report, while it goes on."""
    return all(sum(truth.verdict in life.verdicts for life in matched(truth, found)) >= truth.least for truth in truths)


def judge(truths, records, inodes, once=False):
    """While all the stalls still go on."""
    found = lives(records, inodes)
    wrong, known = [], []
    for truth in truths:
        mine = [life for life in matched(truth, found) if life not in known]
        known += mine
        wrong += check(truth, mine, once)
    extra = [life.records[0] for life in found if life not in known and not says_again(life, truths)]
    return Judgement(summary(found), wrong, extra)


def says_again(life, truths):
    """A chain goes through processes that stalls are about, and a service is one of them: the same stall once more."""
    record = life.records[0]
    pids = [truth.who.get("pid") for truth in truths]
    told = {pid for one in pids for pid in (one if isinstance(one, (set, tuple, frozenset)) else (one,))} - {None}
    if record["type"] == "chain":
        return bool(told & {link["pid"] for link in record["links"]})
    return record["type"] == "service" and record["pid"] in told


def check(truth, found, once):
    least = truth.once if once and truth.once is not None else truth.least
    what = f"{truth.who['type']} {truth.verdict}"
    wrong = []
    right = [life for life in found if truth.verdict in life.verdicts]
    if not least <= len(right) <= truth.most:
        wanted = f"{least}" if least == truth.most else f"{least} to {truth.most}"
        wrong.append(f"{what}: {len(right)} reported, {wanted} true")
    for life in found:
        others = life.verdicts - {truth.verdict} - set(truth.passes)
        if others:
            wrong.append(f"{what}: called {', '.join(sorted(others))}: {describe(life.shown[-1])}")
        if life.closed:
            wrong.append(f"{what}: closed while it still went on: {describe(life.records[-1])}")
    for life in right:
        wrong += check_record(
            truth, next(record for record in reversed(life.shown) if record["verdict"] == truth.verdict)
        )
    return sorted(set(wrong), key=wrong.index)


def check_record(truth, record):
    wrong = []
    for key, wanted in truth.expect.items():
        value = record[key]
        if not (wanted(value) if callable(wanted) else fits(value, wanted)):
            shown = getattr(wanted, "__qualname__", repr(wanted))
            wrong.append(f"{record['type']} {record['verdict']}: {key} is {value!r}, true is {shown}")
    if truth.since:
        wrong += check_since(truth.since, record)
    return wrong


def check_since(since, record):
    if record["since"] is None:
        return [f"{record['type']} {record['verdict']}: since is null"]
    told = moment(record["since"])
    early, late = since[0] - SINCE_TOLERANCE - told, told - since[1] - SINCE_TOLERANCE
    if early > 0 or late > 0:
        return [
            f"{record['type']} {record['verdict']}: since is {max(early, late):.3f} s too "
            f"{'early' if early > 0 else 'late'} (beyond {SINCE_TOLERANCE} s)"
        ]
    return []


def check_prediction(truth, records, inodes, happened):
    """Each record said how long it would still take."""
    wrong, checked = [], 0
    for life in matched(truth, lives(records, inodes)):
        for record in life.shown:
            if record[truth.predicts] is None or record["verdict"] != truth.verdict:
                continue
            checked += 1
            error = moment(record["time"]) + record[truth.predicts] - happened
            if abs(error) > max(0.1 * record[truth.predicts], 0.5):
                wrong.append(f"{truth.verdict}: {truth.predicts} {record[truth.predicts]} is off by {error:.3f} s")
    return wrong or ([] if checked else [f"{truth.verdict}: {truth.predicts} was never predicted"])
