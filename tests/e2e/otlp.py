# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A line of --otlp, checked against the text of opentelemetry/proto/logs/v1/logs.proto and of protobuf's JSON mapping, and taken
back to the record that -j writes. tests/fleet has the real messages.
"""

import json
import re

# What stands in these messages here, by name -> what checks it.
INTEGER = re.compile(r"0|-?[1-9]\d*")
CONVENTIONS = {
    "process.pid": "pid",
    "process.command": "comm",
    "process.title": "title",
    "container.id": "container",
    "container.name": "container_name",
    "container.image.name": "image",
    "k8s.pod.name": "pod",
    "k8s.namespace.name": "namespace",
    "network.local.address": "local_addr",
    "network.local.port": "local_port",
    "network.peer.address": "peer_addr",
    "network.peer.port": "peer_port",
}
LEVELS = ["INFO", "WARN", "ERROR", "FATAL"]


def refuse_duplicates(pairs):
    assert len(dict(pairs)) == len(pairs), f"a key stands twice: {pairs}"
    return dict(pairs)


def value_of(value):
    """AnyValue: exactly one member of its oneof."""
    ((kind, inner),) = value.items()
    if kind == "stringValue":
        assert isinstance(inner, str)
    elif kind == "boolValue":
        assert isinstance(inner, bool)
    elif kind == "intValue":  # int64: text
        assert isinstance(inner, str) and INTEGER.fullmatch(inner) and -(2**63) <= int(inner) < 2**63
        return int(inner)
    elif kind == "doubleValue":
        assert isinstance(inner, (int, float)) and not isinstance(inner, bool)
    elif kind == "arrayValue":
        assert set(inner) == {"values"}
        return [value_of(one) for one in inner["values"]]
    elif kind == "kvlistValue":
        assert set(inner) == {"values"}
        return attributes_of(inner["values"])
    else:
        raise AssertionError(f"no such kind of value: {value}")
    return inner


def attributes_of(pairs):
    """KeyValue, repeated: keys are unique."""
    assert all(set(pair) == {"key", "value"} for pair in pairs)
    return refuse_duplicates([(pair["key"], value_of(pair["value"])) for pair in pairs])


def log_of(line):
    """One line -> its resource's attributes, and the only LogRecord in it."""
    text = line.decode("utf-8", "strict")
    assert text.endswith("\n") and not re.search("[\0-\x1f]", text[:-1]), f"no whole line: {text!r}"
    data = json.loads(text, object_pairs_hook=refuse_duplicates)
    assert set(data) == {"resourceLogs"}
    (logs,) = data["resourceLogs"]
    assert set(logs) == {"resource", "scopeLogs"} and set(logs["resource"]) == {"attributes"}
    (scope,) = logs["scopeLogs"]
    assert set(scope) == {"scope", "logRecords"} and set(scope["scope"]) == {"name", "version"}
    (record,) = scope["logRecords"]
    return attributes_of(logs["resource"]["attributes"]), record


def severity_of(record):
    """As the man page has it."""
    if record["type"] == "lost":
        return 13
    level = (record.get("severity") or 0) // 10
    return 12 + level if level else 9


def parse_line(line):
    """(host, record): as -j has it, without the keys that are null there; time is in ns."""
    resource, log = log_of(line)
    assert resource["service.name"] == "sockstall" and re.fullmatch(r"\d+\.\d+\.\d+", resource["service.version"])
    assert set(resource) <= {"service.name", "service.version", "host.name"}
    assert set(log) == {
        "timeUnixNano",
        "observedTimeUnixNano",
        "severityNumber",
        "severityText",
        "eventName",
        "body",
        "attributes",
    }
    assert re.fullmatch(r"[1-9]\d{18}", log["timeUnixNano"]) and log["observedTimeUnixNano"] == log["timeUnixNano"]
    record = {}
    for name, value in attributes_of(log["attributes"]).items():
        own = re.fullmatch(r"sockstall\.(\w+)", name)
        record[own.group(1) if own else CONVENTIONS[name]] = value
    assert not set(record) & set(CONVENTIONS), "a convention's name is used where there is one"
    assert log["eventName"] == f"sockstall.{record['type']}"
    number = log["severityNumber"]
    assert isinstance(number, int) and number == severity_of(record), log
    level, step = divmod(number - 9, 4)
    assert log["severityText"] == LEVELS[level] + (str(step + 1) if step else "")
    record["time_ns"] = int(log["timeUnixNano"])
    body = value_of(log["body"])
    if body != record["type"]:
        record["why"] = body
    return resource.get("host.name"), record


def parse(output):
    return [parse_line(line) for line in output.splitlines(keepends=True)]
