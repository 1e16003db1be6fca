#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
What a replay of three hosts as one takes: clients on web ask a proxy, that asks app, and that db, each over CONNECTIONS connections
that get no answer; each host is recorded for SECONDS, with chains in each look. Prints a row for each recording by itself and for all
together: time, the largest memory, bytes, how many chains and who is at their end.

	tests/bench/merge.py [CONNECTIONS [SECONDS]]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import run  # noqa: E402
from child import Child  # noqa: E402
from machines import Link, Machine, at_once  # noqa: E402

CONNECTIONS, SECONDS = map(int, (sys.argv[1:] + ["5000", "60"][len(sys.argv) - 1 :]))
PORT = 7001

# An event loop: each connection that comes makes it ask the next host once; it answers nobody.
RELAY = f"""
import resource, select, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, 2 * resource.getrlimit(resource.RLIMIT_NOFILE)[1:])
listener = socket.create_server(("", {PORT}), backlog=4096)
poll, kept = select.epoll(), []
poll.register(listener, select.EPOLLIN)
print("up", flush=True)
while True:
    for fd, events in poll.poll():
        if fd != listener.fileno():
            poll.unregister(fd)
            continue
        accepted = listener.accept()[0]
        kept.append(accepted)
        accepted.recv(1)
        if len(sys.argv) > 1:
            asked = socket.create_connection((sys.argv[1], {PORT}))
            asked.sendall(b"q")
            poll.register(asked, select.EPOLLIN)
            kept.append(asked)
"""
CLIENT = f"""
import resource, select, socket
resource.setrlimit(resource.RLIMIT_NOFILE, 2 * resource.getrlimit(resource.RLIMIT_NOFILE)[1:])
poll, kept = select.epoll(), []
for i in range({CONNECTIONS}):
    kept.append(socket.create_connection(("127.0.0.1", {PORT})))
    kept[-1].sendall(b"q")
    poll.register(kept[-1], select.EPOLLIN)
print("up", flush=True)
poll.poll()
"""


def start(machine, program, *words):
    child = Child([*machine.enter(), sys.executable, "-c", program, *words])
    child.wait_line(lambda line: line, 120)


def replay(name, *recordings):
    output = tempfile.TemporaryFile()
    process = subprocess.Popen([run.SOCKSTALL, "replay", *recordings, "-j"], stdout=output)
    _, status, usage = os.wait4(process.pid, 0)
    assert not status, status
    output.seek(0)
    records = [json.loads(line) for line in output]
    chains = {record["id"]: record for record in records if record["type"] == "chain"}
    ends = ", ".join(
        f"{chain['host']}/{chain['pid']} {chain['verdict']} ({chain['waiters']})" for chain in chains.values()
    )
    size = sum(os.stat(path).st_size for path in recordings) / 1e6
    time = usage.ru_utime + usage.ru_stime
    print(f"{name:8} {time:6.2f} s  {usage.ru_maxrss / 1024:6.1f} MiB  {size:6.1f} MB  ends: {ends or '-'}", flush=True)


def main():
    machines = web, app, db = [Machine(name) for name in ("web", "app", "db")]
    near, far = Link(web, app, 71), Link(app, db, 72)
    start(db, RELAY)
    start(app, RELAY, far.right4)
    start(web, RELAY, near.right4)
    start(web, CLIENT)
    with tempfile.TemporaryDirectory() as folder:
        options = ["chains", "-d", f"{SECONDS}s"]
        recordings = at_once(machines, *options, folder=pathlib.Path(folder))
        for machine, recording in zip(machines, recordings):
            replay(machine.host, recording)
        replay("together", *recordings)
    for machine in machines:
        machine.delete()


main()
