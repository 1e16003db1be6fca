# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What `make kernels` makes of the machines' answers. The machines themselves take too long for `make check`."""

import os
import sys

import pytest

import run

sys.path.insert(0, os.path.join(run.ROOT, "tests", "kernels"))
import series  # noqa: E402
import table  # noqa: E402


def line(test, outcome, retry=False, reason=""):
    return {"test": test, "outcome": outcome, "retry": retry, "reason": reason}


LINES = [
    {
        "check": "PROBE KERNEL WHAT\nthread_scan  yes      26932    what\n  no  refused\npoll_enter none 0 poll\n",
        "errors": "",
        "kernel": "5.10.0-32-cloud-amd64",
    },
    line("good", "passed"),
    line("bad", "failed", reason="E   assert 1"),
    line("slow", "failed", reason="E   too late"),
    line("left", "passed"),
    line("left", "failed", reason="taking down"),
    line("other", "skipped", reason="why"),
    line("bad", "failed", True, "E   assert 2"),
    line("slow", "passed", True),
    line("left", "passed", True),
    {"took": 90},
]


def rows(lines):
    return {text.split("  ")[0]: text.split("  ")[-1].strip() for text in table.tests({"5.10": lines})}


def test_outcomes():
    said = rows(LINES)
    assert said["good"] == "passed" and said["bad"] == "failed" and said["slow"] == said["left"] == "on retry"
    assert [said[key] for key in ("passed", "on retry", "failed", "skipped")] == ["1", "2", "1", "1"]
    assert (said["minutes"], said["release"]) == ("1.5", "5.10.0")


def test_reasons():
    assert list(table.reasons({"5.10": LINES}, "failed")) == ["5.10 bad: assert 2"]
    assert list(table.reasons({"5.10": LINES}, "on retry")) == ["5.10 slow: too late", "5.10 left: taking down"]
    assert list(table.reasons({"5.10": LINES}, "skipped")) == ["5.10 other: why"]


def test_failed_once_more_in_taking_down():
    lines = [line("test", "failed"), line("test", "passed", True), line("test", "failed", True), {"took": 1}]
    assert rows(lines)["test"] == "failed"


def test_programs():
    refused = [{**LINES[0], "check": "thread_scan   no       17       what\n"}, {"took": 1}]
    locked = [{**refused[0], "errors": "sockstall: booted with lockdown=confidentiality"}, {"took": 1}]
    said = list(table.programs({"5.10": LINES, "7": refused}))
    assert said[1].split() == ["thread_scan", "26932", "no"] and said[2].split() == ["poll_enter", "none", "-"]
    assert list(table.refused({"5.10": LINES, "7": refused, "lockdown": locked})) == ["refused: 7: thread_scan"]


def test_a_machine_that_said_nothing():
    assert rows([{"took": 60}])["release"] == "-"
    assert not list(table.refused({"5.10": [{"took": 60}]}))


def test_series():
    assert [one.name for one in series.find("5.10, 7.2 arm64")] == ["5.10", "7", "arm64"]
    assert [one.name for one in series.find("")] == list(series.ALL)
    with pytest.raises(series.Unknown, match="5.9"):
        series.find("5.9")
