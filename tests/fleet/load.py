# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Loads many records into DuckDB and PostgreSQL, and prints what that takes: load.py RECORDS. Ten hosts in a row: the processes of
each wait for a service of the next. The lines are as long as real ones: each has every key of its type.
"""

import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
# pylint: disable=wrong-import-position
import run
from engines import DUCKDB, MODULES, DuckDB, Postgres, example

HOSTS = 10
PROCESSES = 500
VIEWS = ["began_first", "stopped_answering_first", "ends_of_chains"]


def template(of, **keys):
    """A line of this type with all its keys, and %(key)s for what differs."""
    record = dict.fromkeys(run.properties()[of])
    record.update(v=1, type=of, **keys)
    return json.dumps(record).replace("%", "%%").replace('"<', "%(").replace('>"', ")s")


def write(path, host, count):
    """A listener, and then stalls that open and close in turn."""
    stall = template(
        "reader",
        time="<time>",
        event="<event>",
        id="<id>",
        since="2026-11-30T10:00:00.000000Z",
        age_s=31.2,
        verdict="awaiting_reply",
        severity=40,
        why="we sent 217 bytes 31.2 s ago, and the peer's kernel has acknowledged them, but no reply came",
        advice="look at the peer: it got the request",
        pid="<pid>",
        tid="<pid>",
        comm="java",
        cgroup="/system.slice/app.service",
        unit="app.service",
        title="/usr/bin/java -Xmx4g -jar /srv/app/app.jar --config /etc/app.conf",
        netns=4026531840,
        family="inet",
        local_addr=f"10.0.0.{host}",
        local_port=40000,
        peer_addr=f"10.0.0.{host + 1}",
        peer_port=80,
        syscall="recvfrom",
        kind="tcp",
        role="client",
    )
    listener = template(
        "listener",
        time="2026-11-30T10:00:00.000000Z",
        severity=0,
        verdict="ok",
        pid=1,
        comm="java",
        netns=4026531840,
        local_addr=f"10.0.0.{host}",
        local_port=80,
    )
    with open(path, "w", encoding="utf-8") as out:
        out.write(listener % {} + "\n")
        for number in range(count - 1):
            values = {
                "time": f'"2026-11-30T10:{number // 20000 % 60:02}:{number // 333 % 60:02}.{number % 1000000:06}Z"',
                "event": '"close"' if number % 2 else '"open"',
                "id": f'"reader:{number // 2}.4711:12"',
                "pid": number // 2 % PROCESSES + 1,
            }
            out.write(stall % values + "\n")


def took(what, began, records=None):
    seconds = time.monotonic() - began
    print(
        f"  {what}: {seconds:.1f} s" + (f", {records / seconds / 1000:.0f} thousand a second" if records else ""),
        flush=True,
    )


def ask(engine):
    for view in VIEWS:
        began = time.monotonic()
        rows = engine.query(f"SELECT * FROM {view} LIMIT 10")
        took(f"{view} ({len(rows)} rows)", began)


def duckdb(files, records):
    engine = DuckDB()
    began = time.monotonic()
    sql = f"SET VARIABLE files = '{files[0].parent}/*.jsonl';" + example("fleet-duckdb.sql")
    process = subprocess.Popen(
        ["node", DUCKDB, MODULES, engine.folder.name + "/db"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    process.stdin.write(sql.encode())
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    took("loaded", began, records)
    size = os.path.getsize(engine.folder.name + "/db")
    print(f"  memory {usage.ru_maxrss // 1024} MiB, CPU {usage.ru_utime + usage.ru_stime:.0f} s, file {size >> 20} MiB")
    ask(engine)
    engine.close()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"  memory of the questions {peak // 1024} MiB")


def postgres(files, records):
    engine = Postgres()
    began = time.monotonic()
    engine.load({path.stem: path for path in files})
    took("loaded", began, records)
    size = engine.query("SELECT pg_total_relation_size('sockstall') AS size")[0]["size"]
    print(f"  table {size >> 20} MiB")
    ask(engine)
    print(f"  memory of its largest process {engine.close() // 1024} MiB, shared_buffers included")


ENGINES = {"duckdb": duckdb, "postgres": postgres}


def main(records, *names):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sst-load-"))
    folder.chmod(0o755)
    try:
        files = [folder / f"host{host}.jsonl" for host in range(1, HOSTS + 1)]
        for host, path in enumerate(files, 1):
            write(path, host, records // HOSTS)
        size = sum(path.stat().st_size for path in files)
        print(f"{records} records of {HOSTS} hosts, {size >> 20} MiB, {os.cpu_count()} CPUs", flush=True)
        for name in names or ENGINES:
            print(name, flush=True)
            ENGINES[name](files, records)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
