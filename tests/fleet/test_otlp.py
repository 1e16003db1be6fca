# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""--otlp through the messages of opentelemetry-proto. What the lines say is tested in tests/e2e/test_otlp.py."""

import os
import pathlib
import subprocess

import pytest

import run

# tests/fleet/npm.sh makes it.
MODULES = pathlib.Path(os.environ.get("NPM_MODULES", run.ROOT + "/build/npm/node_modules"))
MESSAGES = pathlib.Path(__file__).with_name("otlp_messages.js")


def through_messages(lines):
    return subprocess.run(["node", MESSAGES, MODULES], input=lines, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("words", ["-i 200ms -d 2s", "-1 --all", "loops -1 --all", "chains -1", "services -1 --all"])
def test_the_messages_know_every_field(incident, words):
    lines = run.sockstall("--otlp", "-m", "100ms", "--netns", incident.here.inode, *words.split())
    assert lines.returncode == 0, lines.stderr
    done = through_messages(lines.stdout)
    assert done.returncode == 0, done.stderr.decode()
    assert int(done.stdout) == lines.stdout.count(b"\n") >= 2


@pytest.mark.parametrize(
    "old, new",
    [
        (b'"eventName"', b'"name"'),
        (b'"intValue":"1"', b'"intValue":1'),
        (b'"timeUnixNano":"', b'"timeUnixNano":" '),
        (b'"severityNumber":9', b'"severityNumber":"INFO"'),
    ],
)
def test_another_field_or_type_is_noticed(old, new):
    lines = run.sockstall("--otlp", "-1", "-p", os.getpid())
    assert old in lines.stdout
    assert through_messages(lines.stdout.replace(old, new)).returncode != 0
