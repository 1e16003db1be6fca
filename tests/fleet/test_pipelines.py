# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""JSON Lines through rsyslog and syslog-ng, with the examples as they are installed, and into sqlite."""

import json
import os
import pathlib
import subprocess

import pytest

import run
from child import wait_until
from conftest import HOSTILE, SHARE
from engines import DuckDB

EXAMPLES = SHARE / "examples"
# tests/fleet/unpack.sh makes it: it cannot be installed beside rsyslog.
SYSLOG_NG = pathlib.Path(os.environ.get("SYSLOG_NG", run.ROOT + "/build/syslog-ng"))
NAME = HOSTILE.decode()


def example(name, folder, **words):
    """An example with its paths under another folder, and what else is replaced in it."""
    text = (EXAMPLES / name).read_text().replace("/var/log", str(folder))
    for old, new in words.values():
        assert old in text, old
        text = text.replace(old, new)
    (folder / name).write_text(text)
    return folder / name


def read(path):
    return path.read_bytes() if path.exists() else b""


def check_handed_on(folder, source, ended):
    """Once the stream has ended: every byte of it, and a line for each stall that opened."""
    wait_until(lambda: read(source).endswith(b"}\n") and ended(), 20, "the end of the stream")
    wait_until(lambda: len(read(folder / "sockstall-all.jsonl")) >= len(read(source)), 20, "all records")
    assert read(folder / "sockstall-all.jsonl") == read(source)
    records = run.parse(read(source))
    opened = [record for record in records if record.get("event") == "open"]
    assert {record["verdict"] for record in opened} >= {
        "awaiting_reply",
        "stalled",
        "not_accepted",
        "accept_queue_full",
    }
    wait_until(lambda: read(folder / "sockstall-opened.log").count(b"\n") >= len(opened), 20, "all lines")
    check_engine(folder)
    return records, read(folder / "sockstall-opened.log").decode().splitlines()


def check_engine(folder):
    """What was handed on is what an engine takes."""
    (folder / "engine").mkdir()
    (folder / "engine" / "node.jsonl").write_bytes(read(folder / "sockstall-all.jsonl"))
    engine = DuckDB()
    engine.load({"node": folder / "engine" / "node.jsonl"})
    found = {row["verdict"] for row in engine.query("SELECT verdict FROM began_first")}
    assert {"awaiting_reply", "stalled", "accept_queue_full"} <= found
    engine.close()


def stall_options(incident):
    return ["--json", "-i", "200ms", "-m", "100ms", "--netns", str(incident.here.inode)]


def test_rsyslog(incident, program, stream, tmp_path):
    source = tmp_path / "sockstall.jsonl"
    part = example("rsyslog.conf", tmp_path)
    main = tmp_path / "main.conf"
    main.write_text(f'global(workDirectory="{tmp_path}" maxMessageSize="64k")\ninclude(file="{part}")\n')
    checked = subprocess.run(["rsyslogd", "-N1", "-f", main], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    source.touch()
    program(["rsyslogd", "-n", "-f", main, "-i", tmp_path / "pid"])
    with open(source, "ab") as out:
        done = subprocess.run([run.SOCKSTALL, *stall_options(incident), "-d", "2s"], stdout=out, check=True)
    records, lines = check_handed_on(tmp_path, source, lambda: done.returncode == 0)
    assert len(lines) == sum(record.get("event") == "open" for record in records)
    wanted = [record for record in records if record.get("comm") == NAME][0]
    written = NAME.replace("\n", "#010")
    assert f"{wanted['time']} {written}/{incident.reader.pid} awaiting_reply: {wanted['why']}" in lines


def test_syslog_ng(incident, program, tmp_path):
    if not SYSLOG_NG.is_dir():
        pytest.fail(f"no syslog-ng in {SYSLOG_NG}: make check-fleet unpacks it")
    source = tmp_path / "source.jsonl"
    wrapper = tmp_path / "sockstall"
    # What it reads is kept, to compare with.
    wrapper.write_text(f'#!/bin/sh\n{run.SOCKSTALL} "$@" | tee {source}\n')
    wrapper.chmod(0o755)
    options = " ".join([*stall_options(incident), "-d", "3s"])
    part = example(
        "syslog-ng.conf",
        tmp_path,
        program=("/usr/sbin/sockstall --json --interval 5s --min-age 10s", f"{wrapper} {options}"),
    )
    main = tmp_path / "main.conf"
    main.write_text(f"@version: 3.38\noptions {{ log-msg-size(65536); keep-hostname(yes); }};\n{part.read_text()}")
    libraries = f"{SYSLOG_NG}/usr/lib/syslog-ng:{SYSLOG_NG}/usr/lib/{os.uname().machine}-linux-gnu"
    argv = [f"{SYSLOG_NG}/usr/sbin/syslog-ng", "--module-path", f"{SYSLOG_NG}/usr/lib/syslog-ng/3.38", "-f", main]
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries}
    own = ["--no-caps", "-R", tmp_path / "persist", "-p", tmp_path / "pid", "-c", tmp_path / "control"]
    checked = subprocess.run(
        [*map(str, argv), "--syntax-only"], capture_output=True, text=True, env=environment, check=False
    )
    assert checked.returncode == 0, checked.stderr
    program([*argv, "-F", *own], env=environment)

    def has_end():
        return b'"type":"end"' in read(source)

    records, lines = check_handed_on(tmp_path, source, has_end)
    wanted = [record for record in records if record.get("comm") == NAME][0]
    assert any(line.endswith(f"/{incident.reader.pid} awaiting_reply: {wanted['why']}") for line in lines), lines


def test_questions_about_an_incident(incident, tmp_path):
    done = run.sockstall(*stall_options(incident), "-d", "2s")
    stalls = [record for record in run.parse(done.stdout) if record.get("event") == "open"]
    asked = subprocess.run(
        ["sqlite3", "-batch", "-init", EXAMPLES / "incident.sql", ":memory:", ".quit"],
        input=done.stdout,
        capture_output=True,
        check=False,
    )
    assert asked.returncode == 0 and b"rror" not in asked.stderr, asked.stderr
    answers = asked.stdout.decode().split("\n\n")
    assert len(answers) == 3, answers
    first, peers, listeners = answers

    began = [line.split()[0] for line in first.splitlines() if line.startswith("20")]
    assert began == sorted(record["since"] for record in stalls)[:10]
    assert f"/{incident.loop.pid} " in first and "stalled" in first

    rows = {line.split()[1]: line.split() for line in peers.splitlines() if line[:1].isdigit()}
    assert rows["5001"][:4] == [incident.link.right4, "5001", "1", "1"]
    reader = [record for record in stalls if record["pid"] == incident.reader.pid][0]
    assert float(rows["5001"][4]) == float(rows["5001"][5]) > reader["age_s"], "not over: it goes on to the end"

    full = [line for line in listeners.splitlines() if f"python3/{incident.server.pid} " in line]
    assert len(full) == 1 and f"{incident.link.left4} 5004" in full[0] and "accept_queue_full" in full[0], listeners
    assert full[0].split()[-1] == "yes" or full[0].split()[-1] == "no"


def test_questions_about_nothing():
    """A healthy stream has no rows, and is no error."""
    asked = subprocess.run(
        ["sqlite3", "-batch", "-init", EXAMPLES / "incident.sql", ":memory:", ".quit"],
        input=json.dumps({"type": "start"}).encode() + b"\n",
        capture_output=True,
        check=False,
    )
    assert asked.returncode == 0 and b"rror" not in asked.stderr, asked.stderr
    assert not [line for line in asked.stdout.splitlines() if line[:2] == b"20"]
