# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Plays one scenario, twin or fault, with sockstall watching, and says how it went."""

import dataclasses
import os
import subprocess
import time

import run
from child import wait_until
from judge import check_prediction, describe, expected, judge, lives, satisfied
from stage import Stage
from zoo import moment

SETTLE_S = 2.5  # what is wrong may come up a look or two later
TWIN_S = 20
CLOSE_S = 20  # a busy machine stretches the interval
FLOOD_S = 120
DISTURBED_TRIES = 4
PREDICTION_S = 90

# What fails a scenario and not the suite.
PROBLEMS = (AssertionError, RuntimeError, OSError, ValueError, LookupError, subprocess.SubprocessError)


@dataclasses.dataclass
class Outcome:
    name: str
    expected: str
    reported: str = ""
    wrong: list = dataclasses.field(default_factory=list)
    extra: list = dataclasses.field(default_factory=list)
    skipped: str = None
    disturbed: bool = False

    @property
    def passed(self):
        return not (self.wrong or self.extra or self.skipped)


def undisturbed(play, one):
    """
    A flood elsewhere on this machine is none of the scenario's, but makes sockstall lose sockets and look less often.
    No scenario has as many sockets of its own as a look keeps, so it shows; then once more, when it is over.
    """
    for _ in range(DISTURBED_TRIES):
        outcome = play(one)
        if not outcome.disturbed or outcome.extra:
            break
        print(f"    once more: a flood elsewhere on this machine disturbed {outcome.name}", flush=True)
        try:
            wait_until(lambda: not lost(run.once()), FLOOD_S)
        except AssertionError:
            pass
    return outcome


def on_stage(act, outcome):
    """Whatever happens, nothing is left behind."""
    stage = None
    try:
        stage = Stage()
        act(stage, outcome)
    except PROBLEMS as error:
        outcome.wrong.append(f"{type(error).__name__}: {error}")
    finally:
        if stage:
            stage.close()
    return outcome


def scenario(one):
    def act(stage, outcome):
        one.prepare(stage)
        stage.recording = os.path.join(stage.folder, "recording")
        stream = run.Stream("-j", "--record", stage.recording, *one.options)
        try:
            watch(one, stage, stream, outcome)
        finally:
            if stream.process.poll() is None:
                stream.end()

    return on_stage(act, Outcome(one.name, ""))


def watch(one, stage, stream, outcome):
    truths = one.stall(stage)
    outcome.expected = expected(truths)
    await_truths(truths, one.patience, stage, stream)
    time.sleep(SETTLE_S)
    live = [record for record in stream.records()]
    told_once = run.once(*one.options)
    now, then = judge(truths, live, stage.inodes), judge(truths, told_once, stage.inodes, once=True)
    outcome.reported = now.reported
    if then.reported != now.reported:
        outcome.reported += f"; --once: {then.reported}"
    outcome.wrong += now.wrong + [f"--once: {words}" for words in then.wrong]
    wrong = finish(one, truths, stage, stream)
    records = stream.stop()
    own = without_aftermath(records, stage)
    at_end = judge(truths, own, stage.inodes)
    outcome.wrong += wrong + not_closed(own, stage.inodes) + lost(records) + replayed(stage.recording, stream)
    outcome.disturbed = is_disturbed(records)
    outcome.extra += merge(now.extra + at_end.extra, then.extra)


def replayed(recording, stream):
    """What was recorded says the same again, byte for byte."""
    done = run.sockstall("replay", recording, "-j", timeout=60)
    return [] if done.stdout == b"".join(stream.lines) else [f"the recording replays to something else: {done.stderr}"]


def await_truths(truths, patience, stage, stream):
    try:
        wait_until(lambda: satisfied(truths, lives(stream.records(), stage.inodes)), patience)
    except AssertionError:
        pass  # the judge says what is missing


def finish(one, truths, stage, stream):
    """Let come true what was predicted; end the stall."""
    wrong = []
    for truth in truths:
        if truth.predicts:
            happened = truth.happens(PREDICTION_S)
            wrong += check_prediction(truth, stream.records(), stage.inodes, happened)
    stage.ended = time.time()
    one.end(stage)
    try:
        wait_until(lambda: not not_closed(without_aftermath(stream.records(), stage), stage.inodes), CLOSE_S)
    except AssertionError:
        pass
    return wrong


def without_aftermath(records, stage):
    """
    A program that is ended leaves its connections to the kernel. Where their peer is dead or cut off they do not close
    either, which is true, and told from then on.
    """
    late = {
        record["id"]
        for record in records
        if record["type"] == "closing" and record["event"] == "open" and moment(record["time"]) >= stage.ended
    }
    return [record for record in records if record.get("id") not in late]


def not_closed(records, inodes):
    return [
        f"not closed after its end: {describe(life.records[-1])}"
        for life in lives(records, inodes)
        if not life.closed and life.records[0].get("event")
    ]


def lost(records):
    """Programs that hide from a look are others': none of these does."""
    return [f"lost: {record}" for record in records if record["type"] == "lost" and record["where"] != "processes"]


def is_disturbed(records):
    return any(record["where"] == "sockets" for record in records if record["type"] == "lost")


def merge(live, once):
    """Each once, as text."""
    words = [describe(record) for record in live] + [f"--once: {describe(record)}" for record in once]
    return sorted(set(words), key=words.index)


def twin(one):
    """Nothing that is reported here is true."""

    def act(stage, outcome):
        one.prepare(stage)
        stream = run.Stream("-j", *one.options)
        try:
            told_once = under_load(one, stage)
            records = stream.stop()
        finally:
            if stream.process.poll() is None:
                stream.end()
        now, then = judge([], records, stage.inodes), judge([], told_once, stage.inodes)
        outcome.reported = now.reported if now.extra else then.reported
        outcome.extra += merge(now.extra, then.extra)
        outcome.wrong += lost(records)
        outcome.disturbed = is_disturbed(records)

    return on_stage(act, Outcome(f"{one.name} (healthy)", "nothing"))


def under_load(one, stage):
    """Records of the one-shot looks that were taken meanwhile."""
    records = []
    end = time.monotonic() + TWIN_S
    one.load(stage)
    while time.monotonic() < end:
        time.sleep(3)
        records += run.once(*one.options)
    for netns in stage.client, stage.server:
        for program in netns.programs:
            code = program.process.poll()
            if code is not None:
                assert code == 0, f"{program.argv} ended: {code} {program.lines[-3:]} {program.errors}"
    return records


def fault(one):
    def act(stage, outcome):
        outcome.reported = one.run(stage)

    return on_stage(act, Outcome(one.name, one.expected, "as expected"))
