# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""To first answer: from exec to the last byte of a complete answer, with nothing prepared."""
import subprocess
import time

from beside import tracing
from figures import Unavailable

SECTION = "first"
ROUNDS = 10
PAUSE = 0.7  # the kernel lets go of tracepoints for a while; the next run is not to wait for that


def sockstall(program, *arguments):
    """ms to the end record: what comes after it is only the end of the process."""

    def measure():
        time.sleep(PAUSE)
        began = time.monotonic()
        with subprocess.Popen([program, *arguments, "-1", "-j"], stdout=subprocess.PIPE) as process:
            line = b"start"
            while line and b'"type":"end"' not in line:
                line = process.stdout.readline()
            took = time.monotonic() - began
        if not line:
            raise RuntimeError(f"sockstall {arguments} gave no answer")
        return took * 1e3

    return measure


def whole(argv, says=None):
    """ms to the end of the process, or to its saying something."""

    def measure():
        began = time.monotonic()
        try:
            with subprocess.Popen(tracing(argv), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
                said, line = b"", b"start"
                while line and not (says and says in line):
                    line = process.stdout.readline()
                    said += line
                took = time.monotonic() - began
                process.terminate()
        except FileNotFoundError:
            raise Unavailable(f"{argv[0]} is not installed") from None
        if says and not line:
            raise Unavailable(said.decode(errors="replace").strip().splitlines()[-1][:100] if said else "it ended")
        return took * 1e3

    return measure


def bench(figures, program):
    figures.compare(
        SECTION,
        "exec to complete answer",
        "ms",
        [
            ("sockstall handshakes -1", sockstall(program, "handshakes")),
            ("sockstall readers -1", sockstall(program, "readers")),
            ("sockstall -1", sockstall(program)),
            ("ss -tanpo", whole(["ss", "-tanpo"])),
            (
                "bpftrace, one tracepoint",
                whole(["bpftrace", "-e", "tracepoint:sock:inet_sock_set_state { @ = count(); } " "BEGIN { exit(); }"]),
            ),
            ("tcpstates (bcc), to attached", whole(["tcpstates-bpfcc"], says=b"SKADDR")),
        ],
        rounds=ROUNDS,
    )
