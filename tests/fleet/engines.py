# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""DuckDB and PostgreSQL, with the table of src/share/examples/fleet.sql."""

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import run
from child import wait_until

EXAMPLES = pathlib.Path(run.ROOT) / "src" / "share" / "examples"
# tests/fleet/npm.sh makes it.
MODULES = pathlib.Path(os.environ.get("NPM_MODULES", run.ROOT + "/build/npm/node_modules"))
DUCKDB = pathlib.Path(__file__).with_name("duckdb.js")
POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")


def done(argv, **options):
    finished = subprocess.run([*map(str, argv)], capture_output=True, check=False, **options)
    assert finished.returncode == 0, finished.stderr.decode()
    return finished.stdout.decode()


def example(name):
    return (EXAMPLES / name).read_text()


class DuckDB:
    """No server: each call opens the file."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sst-")
        self.query(example("fleet.sql") + "SELECT 1;")

    def query(self, sql):
        text = done(["node", DUCKDB, MODULES, self.folder.name + "/db"], input=sql.encode())
        return [{key: self._value(value) for key, value in row.items()} for row in json.loads(text)]

    def _value(self, value):
        """64-bit integers come as text."""
        return int(value) if isinstance(value, str) and value.isdigit() else value

    def load(self, files):
        folder = next(iter(files.values())).parent
        self.query(f"SET VARIABLE files = '{folder}/*.jsonl';" + example("fleet-duckdb.sql"))

    def close(self):
        self.folder.cleanup()


class Postgres:
    """A server of its own, as the user that Debian makes for it, on a socket in its folder."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sst-", dir="/tmp")
        user = pwd.getpwnam("postgres")
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._own = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": self.folder}
        done([POSTGRES / "initdb", "-D", "data", "-A", "trust", "-E", "UTF8", "--no-sync"], **self._own)
        argv = [POSTGRES / "postgres", "-D", "data", "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        self.server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._own)
        wait_until(lambda: os.path.exists(self.folder + "/.s.PGSQL.5432") and self._is_ready(), 30, "PostgreSQL")
        self.psql("-f", EXAMPLES / "fleet.sql")

    def _is_ready(self):
        return subprocess.run([POSTGRES / "pg_isready", "-q", "-h", self.folder], check=False).returncode == 0

    def psql(self, *words, **options):
        argv = ["psql", "-X", "-q", "-h", self.folder, "-U", "postgres", "-v", "ON_ERROR_STOP=1", *words]
        return done(argv, env={**os.environ, "PGTZ": "UTC"}, **options)

    def query(self, sql):
        text = self.psql("-A", "-t", "-c", f"SELECT json_agg(answer) FROM ({sql}) AS answer")
        return json.loads(text) if text.strip() else []

    def load(self, files):
        for host, path in files.items():
            with open(path, "rb") as lines:
                self.psql("-v", f"host={host}", "-f", EXAMPLES / "fleet-postgres.sql", stdin=lines)

    def close(self):
        """The memory of its largest process, in KiB."""
        self.server.terminate()
        _, status, usage = os.wait4(self.server.pid, 0)
        self.server.returncode = os.waitstatus_to_exitcode(status)
        shutil.rmtree(self.folder)
        return usage.ru_maxrss
