# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
The tables of the contract, as lists. A new command or option gets one line here; test_documents.py and
test_completions.py then name every document that does not have it yet.
"""

COMMANDS = [
    "services",
    "handshakes",
    "readers",
    "writers",
    "closing",
    "chains",
    "locks",
    "loops",
    "threads",
    "check",
    "replay",
    "schema",
    "end",
    "metrics",
    "explain",
    "help",
]

# Names that commands had before: they are taken, and completed.
ALIASES = {"epoll": "loops"}

# letter, name, argument
OPTIONS = [
    ("p", "pid", "PID[,PID...]"),
    ("c", "comm", "NAME[,NAME...]"),
    (None, "port", "PORT[,PORT...]"),
    (None, "peer", "ADDR[/LEN]"),
    (None, "netns", "all|self|NETNS"),
    (None, "cgroup", "PATH"),
    (None, "unit", "UNIT"),
    (None, "pod", "POD"),
    (None, "container", "NAME"),
    ("a", "all", None),
    (None, "interfaces", "epoll|all"),
    ("j", "json", None),
    (None, "otlp", None),
    (None, "watches", None),
    ("v", "verbose", None),
    (None, "stacks", None),
    (None, "no-stacks", None),
    (None, "no-fold", None),
    (None, "diff", "FILE"),
    (None, "hosts", "FILE"),
    (None, "no-color", None),
    (None, "exit-code", None),
    ("1", "once", None),
    ("i", "interval", "DUR"),
    (None, "at", "DUR"),
    ("d", "duration", "DUR"),
    ("m", "min-age", "DUR"),
    (None, "ready-fd", "N"),
    (None, "host", "NAME"),
    (None, "record", "FILE"),
    (None, "html", "FILE"),
    (None, "trace", "FILE"),
    (None, "textfile", "DIR"),
    (None, "force", None),
    (None, "btf", "FILE"),
    (None, "on-stall", "COND"),
    (None, "exec", "CMD"),
    (None, "exec-limit", "N"),
    (None, "shell", None),
    (None, "flight", "DUR"),
    (None, "dump-on", "COND"),
    (None, "dump-file", "FILE"),
    (None, "yes", None),
    (None, "how", "WAY"),
    (None, "keepalive", "DUR,DUR,N"),
    (None, "read-only", None),
    ("V", "version", None),
    (None, "help-agent", None),
    ("h", "help", None),
]

LONG = {f"--{name}" for _, name, _ in OPTIONS}
SHORT = {f"-{letter}" for letter, _, _ in OPTIONS if letter}

EXIT_CODES = ["0", "1", "2", "3", "10"]
