# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Recordings of released versions replay: see tests/recordings."""

import gzip
import json
import os
import pathlib

import pytest

import run

FOLDER = pathlib.Path(run.ROOT) / "tests" / "recordings"
RECORDINGS = sorted(FOLDER.glob("*/*.rec.gz"))
# For a person, and written anew where they can be plainer.
SENTENCES = {"why", "advice"}


def values(line):
    return {key: value for key, value in json.loads(line).items() if key not in SENTENCES}


def same(key, value, old):
    """What a link of a chain is in may say more than the name of the system call: "read", "read pipe"."""
    if key != "links" or not isinstance(value, list):
        return value == old
    assert len(value) == len(old)
    for link, link_before in zip(value, old):
        said, before = link.get("in") or "", link_before.get("in") or ""
        if not said.startswith(before) or link | {"in": 0} != link | link_before | {"in": 0}:
            return False
    return True


def replay(packed, tmp_path, *arguments):
    recording = tmp_path / "old.rec"
    recording.write_bytes(gzip.decompress(packed.read_bytes()))
    return run.sockstall("replay", recording, *arguments)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="only the sources have the recordings")
def test_there_are_recordings():
    assert len(RECORDINGS) >= 5


def place(record):
    """Which record of a replay this is, in whatever order they come."""
    keys = ("time", "type", "id", "pid", "tid", "fd", "interface")
    return [str(record.get(key)) for key in keys]


@pytest.mark.parametrize("packed", RECORDINGS, ids=lambda path: f"{path.parent.name}-{path.name.split('.')[0]}")
def test_replays_as_it_was(packed, tmp_path):
    expected = gzip.decompress(packed.with_name(packed.name.replace(".rec.", ".jsonl.")).read_bytes()).splitlines()
    done = replay(packed, tmp_path, "-j", "--all")
    assert done.returncode == 0, done.stderr
    records = [run.parse_line(line) for line in done.stdout.splitlines(keepends=True)]
    assert len(records) == len(expected)
    # The order of the records of a look is that of their severity, which a later version may weigh in another way.
    records.sort(key=place)
    expected.sort(key=lambda line: place(values(line)))
    for record, line in zip(records, expected):
        for key, value in values(line).items():
            assert key in record and same(key, record[key], value), (key, value, record)


@pytest.mark.parametrize("form", ["html", "trace"])
def test_pages_and_traces_of_old_recordings(form, tmp_path):
    for packed in RECORDINGS:
        made = tmp_path / f"{packed.name}.{form}"
        done = replay(packed, tmp_path, f"--{form}", made)
        assert done.returncode == 0, (packed, done.stderr)
        assert os.path.getsize(made) > 100


def test_a_newer_form_of_the_file_is_refused(tmp_path):
    """What is not known is not guessed: a version of the format that this program does not know."""
    data = bytearray(gzip.decompress(RECORDINGS[0].read_bytes()))
    data[8] = 77
    recording = tmp_path / "newer.rec"
    recording.write_bytes(data)
    done = run.sockstall("replay", recording, "-j")
    assert done.returncode == 1 and b"another version" in done.stderr
