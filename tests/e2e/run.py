# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Running sockstall. Every JSON line of every run is checked against the program's own schema."""

import functools
import json
import os
import re
import select
import signal
import subprocess
import time

import jsonschema

from child import PATIENCE, Child, die_with_parent

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOCKSTALL = os.path.abspath(os.environ.get("SOCKSTALL", os.path.join(ROOT, "build", "sockstall")))
CONTROL = re.compile("[\0-\x1f]")
STALLED = ("handshake", "listener", "reader", "loop", "writer", "closing", "chain", "service", "lock")


def sockstall(*arguments, before=(), timeout=30, **options):
    """Run to the end. A CompletedProcess with bytes."""
    argv = [*before, SOCKSTALL, *map(str, arguments)]
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=timeout * PATIENCE,
        preexec_fn=die_with_parent,
        **options,
    )


@functools.lru_cache(1)
def schema():
    done = sockstall("schema")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@functools.lru_cache(1)
def _validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


def _parts():
    """By type: what holds for a record of it alone."""
    parts = {part["if"]["properties"]["type"]["const"]: part["then"] for part in schema()["allOf"]}
    assert len(parts) == len(schema()["allOf"]), "two parts are of one type"
    return parts


@functools.lru_cache(1)
def properties():
    """Record type -> its keys, in their order -> what the schema says of each."""
    whole = schema()

    def described(part, key):
        own = part["properties"].get(key) or whole["properties"][key]
        return whole["$defs"][own["$ref"].rpartition("/")[2]] if "$ref" in own else own

    return {kind: {key: described(part, key) for key in part["required"]} for kind, part in _parts().items()}


@functools.lru_cache(1)
def _validators():
    """By type, with its keys alone: to hold a record against all parts takes five times as long."""
    parts = {
        kind: {"type": "object", "properties": keys, "required": list(keys), "additionalProperties": False}
        for kind, keys in properties().items()
    }
    return {kind: _validator().evolve(schema=part) for kind, part in parts.items()}


def _refuse_duplicates(pairs):
    record = dict(pairs)
    assert len(record) == len(pairs), f"a key stands twice: {pairs}"
    return record


def parse_line(line):
    """One JSON line as a dict: strict UTF-8, flat, no control bytes, valid against the schema."""
    text = line.decode("utf-8", "strict")
    assert text.endswith("\n"), f"unfinished line {text!r}"
    assert not CONTROL.search(text, 0, len(text) - 1), f"control byte in {text!r}"
    record = json.loads(text, object_pairs_hook=_refuse_duplicates)
    assert record.get("type") in _validators(), f"no such type in {text}"
    wrong = jsonschema.exceptions.best_match(_validators()[record["type"]].iter_errors(record))
    assert wrong is None, f"{wrong.message} at {list(wrong.absolute_path)} in {text}"
    return record


def check_whole(records):
    """What holds for every complete stream."""
    assert records, "no output at all"
    assert records[0]["type"] == "start", records[0]
    assert records[-1]["type"] == "end", records[-1]
    inner = [record["type"] for record in records[1:-1]]
    assert "start" not in inner and "end" not in inner
    check_lives([record for record in records if record.get("event")])


def check_lives(stalls):
    """An id opens once, then changes, then closes at most once; it never comes back."""
    open_ids, closed_ids = set(), set()
    for record in stalls:
        name = record["id"]
        if record["event"] == "open":
            assert name not in open_ids | closed_ids, f"opened twice: {record}"
            open_ids.add(name)
            continue
        assert name in open_ids, f"not open: {record}"
        if record["event"] == "close":
            open_ids.discard(name)
            closed_ids.add(name)


def parse(output):
    """The records of a complete run."""
    records = [parse_line(line) for line in output.splitlines(keepends=True)]
    check_whole(records)
    return records


NOT_FOLDED = {"chains", "locks", "services"}


def once(*arguments, before=(), expect=0, fold=False):
    """One look, as JSON: all records, each of one stall."""
    apart = () if fold or NOT_FOLDED & set(arguments) else ("--no-fold",)
    done = sockstall(*arguments, "--once", "-j", *apart, before=before)
    assert done.returncode == expect, (done.returncode, done.stderr)
    records = parse(done.stdout)
    for record in records:
        assert record.get("event") in (None, "open"), f"--once gave {record}"
    return records


def matching(records, **wanted):
    return [record for record in records if all(record.get(key) == value for key, value in wanted.items())]


def findings(records, **wanted):
    """What was reported about something: not start, end or lost. Chains beside other findings only where they are asked for."""
    beside = "type" not in wanted and bool(matching(records, type="start", command="overview"))
    kinds = [kind for kind in STALLED if kind != "chain" or not beside]
    return [record for record in matching(records, **wanted) if record["type"] in kinds]


def only(records, **wanted):
    found = findings(records, **wanted)
    assert len(found) == 1, f"{len(found)} records with {wanted}: {found}"
    return found[0]


class Stream(Child):
    """sockstall running; it is ready, with every probe attached, when the constructor returns."""

    def __init__(self, *arguments, before=(), ready=20, **popen):
        read_end, write_end = os.pipe()
        argv = [*before, SOCKSTALL, *map(str, arguments), "--ready-fd", str(write_end)]
        super().__init__(argv, pass_fds=[write_end], **popen)
        os.close(write_end)
        self.is_json = "-j" in arguments or "--json" in arguments
        self.first_byte = self._wait_ready(read_end, ready)

    def _wait_ready(self, fd, timeout):
        try:
            readable, _, _ = select.select([fd], [], [], timeout * PATIENCE)
            byte = os.read(fd, 10) if readable else b""
        finally:
            os.close(fd)
        if byte == b"\n":
            return time.time()
        code = self.end()
        raise AssertionError(f"--ready-fd got {byte!r}; exit {code}; {self.errors.decode()}")

    def records(self):
        with self._more:
            lines = list(self.lines)
        return [_parse_cached(line) for line in lines]

    def wait(self, timeout=10, **wanted):
        """The first record with these values."""

        def wanted_line(line):
            record = _parse_cached(line)
            fits = all(_fits(record.get(key), value) for key, value in wanted.items())
            return record if fits else None

        return self.wait_line(wanted_line, timeout, what=f"record with {wanted}")

    def stop(self, number=signal.SIGINT, expect=0):
        """End it and return everything it wrote, checked."""
        code = self.end(number)
        assert code == expect, (code, self.errors)
        return parse(b"".join(self.lines)) if self.is_json else b"".join(self.lines)


def _fits(value, wanted):
    return value in wanted if isinstance(wanted, (set, tuple)) else value == wanted


@functools.lru_cache(100000)
def _parse_cached(line):
    return parse_line(line)
