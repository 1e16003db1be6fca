# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The page for programs that ask: --help-agent. What it says of commands, keys and exit codes is so."""

import os
import re
import subprocess

import pytest

import contract
import run
from child import PATIENCE

with open(os.path.join(run.ROOT, "src", "share", "doc", "SKILL.md"), encoding="utf-8") as file:
    PAGE = file.read()
RECORDS = dict(re.findall(r"^- `(\w+)`: ((?:`\w+` ?)+)", PAGE, re.M))
COMMANDS = re.findall(r"^\| .* \| `sockstall (.*)` \|$", PAGE, re.M)


def test_it_is_printed():
    done = run.sockstall("--help-agent")
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.decode() == PAGE


def test_it_is_one_page():
    assert PAGE.startswith("---\nname: sockstall\ndescription: ") and len(PAGE.splitlines()) <= 90
    assert max(map(len, PAGE.splitlines())) <= 200


def test_all_records_and_only_keys_that_they_have():
    assert set(RECORDS) == set(run.properties())
    for kind, keys in RECORDS.items():
        unknown = set(re.findall(r"\w+", keys)) - set(run.properties()[kind])
        assert not unknown, kind


def test_all_other_words_in_code_are_known():
    """Keys, record types, commands, options, verdicts, numbers of exit codes."""
    known = {key for keys in run.properties().values() for key in keys} | set(run.properties())
    known |= contract.LONG | contract.SHORT | set(contract.EXIT_CODES) | {"null", "remote"} | set(contract.COMMANDS)
    words = re.findall(r"`([^`\n ]+)`", PAGE.replace("```", ""))
    assert len(words) > 100 and not set(words) - known


def test_exit_codes():
    told = PAGE.partition("## Exit codes\n")[2].partition("\n## ")[0]
    assert re.findall(r"`(\d+)`", told) == contract.EXIT_CODES


def test_all_reports_are_offered():
    assert {line.split()[0] for line in COMMANDS} >= {"handshakes", "services", "chains", "readers", "writers", "loops"}
    assert set(re.findall(r"(?<!\S)--?[a-z1][\w-]*", " ".join(COMMANDS))) <= contract.LONG | contract.SHORT


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_of_the_table(line):
    done = run.sockstall(*line.replace("PID", str(os.getpid())).split())
    assert done.returncode == 0 and not done.stderr
    records = [run.parse_line(text) for text in done.stdout.splitlines(keepends=True)]
    assert records and ("check" in line or records[-1]["type"] == "end")


def test_first_command():
    """As it stands: findings, the worst first."""
    script = re.search(r"```sh\n +(.*)\n", PAGE).group(1)
    path = f"{os.path.dirname(run.SOCKSTALL)}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        timeout=60 * PATIENCE,
    )
    assert done.returncode == 0 and not done.stderr
    severities = [int(line.partition(b'"severity":')[2].partition(b",")[0]) for line in done.stdout.splitlines()]
    assert severities == sorted(severities, reverse=True)
