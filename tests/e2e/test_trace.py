# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
The trace of `replay --trace`, against what Perfetto's importer asks of a JSON trace (the Trace Event Format): required
fields, slices that nest, pairs that match, flows that are anchored in slices and do not run backwards.
"""

import collections
import json
import os
import signal
import stat
import time

import pytest

import run
from child import Stall
from scene import block, waiting_client
from zoo import Room


def refuse(text):
    raise AssertionError(f"{text} is no JSON")


def load(path):
    return json.loads(path.read_text(), parse_constant=refuse)


def by_phase(trace):
    found = collections.defaultdict(list)
    for event in trace["traceEvents"]:
        found[event["ph"]].append(event)
    return found


def check(trace):
    """Everything that an importer could trip over."""
    phases = by_phase(trace)
    assert set(phases) <= set("MXbeisfC"), set(phases)
    for event in trace["traceEvents"]:
        assert isinstance(event["pid"], int) and isinstance(event["tid"], int) and isinstance(event["name"], str), event
        assert event["ph"] == "M" or (isinstance(event["ts"], (int, float)) and 0 <= event["ts"] < 2**53), event
    check_names(phases)
    check_nesting(phases["X"])
    check_pairs(phases["b"], phases["e"])
    check_flows(phases)
    for event in phases["C"]:
        assert event["args"] and all(isinstance(value, (int, float)) for value in event["args"].values()), event
    for event in phases["i"]:
        assert event["s"] == "t", event


def check_names(phases):
    named = {
        kind: {(event["pid"], event["tid"]) for event in phases["M"] if event["name"] == kind}
        for kind in ("process_name", "thread_name")
    }
    assert all(isinstance(event["args"]["name"], str) for event in phases["M"])
    assert {(event["pid"], event["tid"]) for event in phases["X"]} <= named["thread_name"]
    everywhere = {event["pid"] for phase in "XbeC" for event in phases[phase]}
    assert everywhere <= {pid for pid, _ in named["process_name"]}


def check_nesting(slices):
    """To the ns, as the importer counts."""
    tracks = collections.defaultdict(list)
    for event in slices:
        assert event["dur"] >= 0 and event["cat"], event
        tracks[event["pid"], event["tid"]].append(
            (round(event["ts"] * 1000), round((event["ts"] + event["dur"]) * 1000))
        )
    for track, spans in tracks.items():
        outer = []
        for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            while outer and outer[-1] <= begin:
                outer.pop()
            assert not outer or end <= outer[-1] + 1, f"slices overlap on {track}: {spans}"
            outer.append(end)


def check_pairs(begins, ends):
    def key(event):
        return event["cat"], event["id"], event["name"], event["pid"]

    opened = {key(event): event["ts"] for event in begins}
    closed = {key(event): event["ts"] for event in ends}
    assert len(opened) == len(begins) and len(closed) == len(ends), "an id is used twice"
    assert opened.keys() == closed.keys()
    assert all(opened[one] <= closed[one] for one in opened)


def check_flows(phases):
    starts = {event["id"]: event for event in phases["s"]}
    ends = {event["id"]: event for event in phases["f"]}
    assert len(starts) == len(phases["s"]) and starts.keys() == ends.keys()
    for number, start in starts.items():
        end = ends[number]
        assert end["ts"] >= start["ts"] and end["bp"] == "e", (start, end)
        assert (start["cat"], start["name"]) == (end["cat"], end["name"])
        assert anchor(phases, start) and anchor(phases, end), "a flow that is anchored in no slice is dropped"


def anchor(phases, event):
    """The slice on the event's track at its time."""
    return [
        one
        for one in phases["X"]
        if (one["pid"], one["tid"]) == (event["pid"], event["tid"])
        and one["ts"] <= event["ts"] <= one["ts"] + one["dur"]
    ]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """
    A handshake of which both ends are here; a server that reads in place of accepting; a loop that turns, stands
    still and turns again; a reader that is served.
    """
    path = tmp_path_factory.mktemp("recording") / "looks"
    room = Room()
    live = run.Stream("-j", "-i", "100ms", "-m", "200ms", "--netns", "all", "--record", path)
    room.there.drop("input", "tcp sport 5042")
    half = Stall(room.here, "endpoint.py", f"listen={room.link.left4},5042,16")
    half.said("listening")
    client = Stall(room.there, "endpoint.py", f"connect={room.link.left4},5042")
    client.said("connecting")
    busy = Stall(room.here, "endpoint.py", f"listen={room.link.left4},5043,16", "accept", "block=recvfrom")
    busy.said("listening")
    first = Stall(room.there, "endpoint.py", f"connect={room.link.left4},5043")
    first.said("connected")
    busy.said("blocking")
    Stall(room.there, "endpoint.py", f"connect={room.link.left4},5043").said("connected")
    reader = block(waiting_client(room, 5044, room.link.right4, "comm=" + b'"}]\\\n\xff'.hex()))
    loop = Stall(room.here, "loop.py")
    loop.said("turned")
    loop.tell("sleep=600")
    began = loop.said("entering")["time"]
    live.wait(20, event="open", pid=loop.pid)
    stalled_s = time.time() - began
    loop.process.send_signal(signal.SIGUSR1)
    live.wait(20, event="close", pid=loop.pid)
    live.wait(20, event="open", pid=client.pid)
    live.wait(20, event="open", pid=half.pid, type="handshake")
    live.wait(20, event="open", pid=busy.pid, type="handshake")
    live.wait(20, event="open", pid=busy.pid, type="listener")
    live.wait(20, event="open", pid=busy.pid, type="reader")
    live.wait(20, event="open", pid=reader.pid)
    reader.peer.tell("send=1")
    live.wait(20, event="close", pid=reader.pid)
    live.stop()
    room.close()
    return {
        "path": path,
        "records": live.records(),
        "half": half,
        "client": client,
        "busy": busy,
        "reader": reader,
        "loop": loop,
        "stalled_s": stalled_s,
    }


@pytest.fixture(scope="module")
def trace(recorded, tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "t.json"
    done = run.sockstall("replay", recorded["path"], "--trace", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    return load(path)


def test_it_is_what_an_importer_takes(trace):
    check(trace)


def test_every_stall_has_its_place(recorded, trace):
    opened = {record["id"] for record in recorded["records"] if record.get("event") == "open"}
    phases = by_phase(trace)
    assert {event["args"]["id"] for event in phases["X"] + phases["b"]} == opened


def slices_of(trace, stall, kind):
    return [event for event in by_phase(trace)["X"] if event["pid"] == stall.pid and event["cat"] == kind]


def test_a_wait_is_as_long_as_it_was(recorded, trace):
    """In us: from the moment it began to the look that did not find it any more."""
    one = slices_of(trace, recorded["reader"], "reader")[0]
    closed = [
        record for record in recorded["records"] if record.get("event") == "close" and record["pid"] == one["pid"]
    ][0]
    assert abs(one["dur"] / 1e6 - closed["age_s"]) < 0.02
    assert one["tid"] == closed["tid"] and one["args"]["verdict"] == "awaiting_reply"
    loop = slices_of(trace, recorded["loop"], "loop")[0]
    assert recorded["stalled_s"] - 0.1 < loop["dur"] / 1e6


def test_a_hostile_name_is_only_a_name(recorded, trace):
    names = [event["args"]["name"] for event in by_phase(trace)["M"] if event["pid"] == recorded["reader"].pid]
    assert set(names) == {'"}]\\\n\ufffd'}


def flows_of(trace, stall):
    phases = by_phase(trace)
    ends = {event["id"]: event for event in phases["f"]}
    return [(start, ends[start["id"]]) for start in phases["s"] if start["pid"] == stall.pid]


def test_a_handshake_leads_to_its_other_end(recorded, trace):
    flows = flows_of(trace, recorded["client"])
    assert [end["pid"] for _, end in flows] == [recorded["half"].pid]
    start, end = flows[0]
    phases = by_phase(trace)
    assert anchor(phases, start)[0]["cat"] == anchor(phases, end)[0]["cat"] == "handshake"


def test_a_handshake_leads_to_the_thread_that_should_accept_it(recorded, trace):
    flows = flows_of(trace, recorded["busy"])
    assert [end["tid"] for _, end in flows] == [recorded["busy"].pid]
    assert anchor(by_phase(trace), flows[0][1])[0]["cat"] == "reader"


def test_lags_of_a_healthy_loop_are_counted(recorded, trace):
    name = f"loop lag {recorded['loop'].pid} (ms)"
    lags = [event["args"]["max"] for event in by_phase(trace)["C"] if event["name"] == name]
    stalled_ms = 1000 * (recorded["stalled_s"] - 0.1)
    assert len(lags) > 2 and max(lags) > stalled_ms > min(lags), (lags, stalled_ms)


def test_a_page_and_a_trace_at_once(recorded, tmp_path):
    done = run.sockstall("replay", recorded["path"], "--trace", tmp_path / "t", "--html", tmp_path / "h")
    assert done.returncode == 0, done.stderr
    check(load(tmp_path / "t"))
    assert sorted(os.listdir(tmp_path)) == ["h", "t"]
    # The trace counts the turns of healthy loops; the page has no rows of them.
    page = (tmp_path / "h").read_text()
    assert "awaiting_reply" in page and '<b class="fine">' not in page


def test_of_a_damaged_recording(recorded, tmp_path):
    damaged = tmp_path / "damaged"
    damaged.write_bytes(recorded["path"].read_bytes()[:-8])
    done = run.sockstall("replay", damaged, "--trace", tmp_path / "t")
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1
    check(load(tmp_path / "t"))
    assert load(tmp_path / "t")["otherData"]["damage"]


def forget_a_name(events):
    """Of a track that has something on it."""
    slice = next(one for one in events if one["ph"] == "X")
    track = ("thread_name", slice["pid"], slice["tid"])
    events[:] = [one for one in events if (one["name"], one["pid"], one["tid"]) != track]


@pytest.mark.parametrize(
    "harm",
    [
        lambda events: events.remove(next(one for one in events if one["ph"] == "e")),
        lambda events: next(one for one in events if one["ph"] == "X").pop("dur"),
        lambda events: next(one for one in events if one["ph"] == "f").update(ts=0),
        lambda events: next(one for one in events if one["ph"] == "s").update(tid=1),
        forget_a_name,
        lambda events: events.append({**next(one for one in events if one["ph"] == "X"), "ts": 0.5, "dur": 1})
        or events.append({**next(one for one in events if one["ph"] == "X"), "ts": 1, "dur": 1}),
    ],
    ids=["no end", "no duration", "backwards", "no slice", "no name", "overlap"],
)
def test_the_check_can_fail(trace, harm):
    broken = json.loads(json.dumps(trace))
    harm(broken["traceEvents"])
    with pytest.raises((AssertionError, KeyError)):
        check(broken)
