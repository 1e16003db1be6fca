# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""--otlp: the records of -j as logs of OpenTelemetry."""

import datetime
import os

import otlp
import pytest

import run
from scene import MIN_AGE, Scene, block, waiting_client

HOSTILE = b'a\x1b[2J"\xff\n\\'


@pytest.fixture(scope="module")
def scene():
    scene = Scene()
    hostile = waiting_client(scene.room, 5041, scene.room.link.right4, "comm=" + HOSTILE.hex())
    scene.hostile = scene.stalls["hostile"] = block(hostile)
    yield scene
    scene.close()


@pytest.fixture(scope="module")
def recording(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("otlp") / "recording"
    done = run.sockstall("-d", "1s", "-i", "200ms", *MIN_AGE, "-j", "--record", path)
    assert done.returncode == 0, done.stderr
    return path


def time_ns(text):
    """RFC 3339 -> ns, cut at microseconds."""
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (moment - epoch) // datetime.timedelta(microseconds=1) * 1000


def known(value):
    """What a log has of a value of -j: all but null."""
    if isinstance(value, dict):
        return {key: known(one) for key, one in value.items() if one is not None}
    return [known(one) for one in value] if isinstance(value, list) else value


def as_log(record, host):
    """A record of -j, as otlp.parse_line() gives it."""
    wanted = known(record)
    wanted["time_ns"] = time_ns(wanted.pop("time"))
    wanted.pop("host", None)
    return record.get("host") or host, wanted


def check_same(logs, records):
    host = records[0]["host"]
    assert host == os.uname().nodename
    assert len(logs) == len(records)
    for (of, log), record in zip(logs, records):
        log["time_ns"] -= log["time_ns"] % 1000
        assert (of, log) == as_log(record, host)


def check_replays(recording, *options):
    logs = run.sockstall("replay", recording, "--otlp", *options)
    lines = run.sockstall("replay", recording, "-j", *options)
    assert (logs.returncode, logs.stderr) == (lines.returncode, lines.stderr) == (0, b"")
    check_same(otlp.parse(logs.stdout), run.parse(lines.stdout))


@pytest.mark.parametrize("options", [[], ["--once"], ["--all", "-1"], ["--no-fold"]])
def test_the_same_records(recording, options):
    """Each key with each value."""
    check_replays(recording, *options)


@pytest.mark.parametrize("command", ["loops --watches -v -p", "threads -p", "chains", "services --all"])
def test_the_same_records_of_other_types(scene, stall, tmp_path, command):
    loop = stall(scene.room.here, "loop.py")
    loop.said("turned")
    words = [*command.split(), *([loop.pid] if command.endswith("-p") else [])]
    done = run.sockstall(*words, "-d", "500ms", "-i", "200ms", "--record", tmp_path / "recording")
    assert done.returncode == 0, done.stderr
    check_replays(tmp_path / "recording", "--all")


def test_differences(recording):
    logs = run.sockstall("replay", recording, "--diff", recording, "--all", "--otlp")
    lines = run.sockstall("replay", recording, "--diff", recording, "--all", "-j")
    assert b'"difference"' in logs.stdout
    check_same(otlp.parse(logs.stdout), run.parse(lines.stdout))


def test_once(scene):
    done = run.sockstall("-1", "--otlp", *MIN_AGE, "-p", scene.hostile.pid)
    assert (done.returncode, done.stderr) == (0, b"")
    logs = otlp.parse(done.stdout)
    assert {host for host, _ in logs} == {os.uname().nodename}
    assert [logs[0][1]["type"], logs[-1][1]["type"]] == ["start", "end"]
    (found,) = (log for _, log in logs if log["type"] == "reader")
    assert found["comm"] == HOSTILE.decode("utf-8", "replace") and found["pid"] == scene.hostile.pid
    assert found["verdict"] == "awaiting_reply" and len(found["why"]) > 20


def test_a_stream_opens_and_closes(room, stream):
    client = waiting_client(room, 5042, room.link.right4)
    live = stream("readers", "--otlp", "-i", "100ms", *MIN_AGE, "-p", client.pid)
    block(client)

    def told(event):
        def wanted(line):
            log = otlp.parse_line(line)[1]
            return log if log.get("event") == event else None

        return live.wait_line(wanted, 10, what=event)

    opened = told("open")
    client.peer.tell("send=1")
    client.said("returned")
    closed = told("close")
    assert opened["id"] == closed["id"] and opened["time_ns"] < closed["time_ns"]
    logs = otlp.parse(live.stop())
    assert logs[-1][1]["type"] == "end" and logs[-1][1]["lost"] == 0


def test_healthy_gives_no_log(scene):
    done = run.sockstall("--otlp", "-d", "500ms", "-i", "100ms", *MIN_AGE, "-p", scene.idle.pid)
    assert [log["type"] for _, log in otlp.parse(done.stdout)] == ["start", "end"]


@pytest.mark.parametrize(
    "words", ["-1 -j --otlp", "metrics --textfile /tmp --otlp", "check --otlp", "--read-only --otlp"]
)
def test_wrong_usage(words):
    done = run.sockstall(*words.split())
    assert (done.returncode, done.stdout) == (2, b"") and b"--otlp" in done.stderr
