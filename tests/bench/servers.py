# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Real servers under load: requests a second with sockstall's overview beside them, and with other tools."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import churn
import waits
from beside import (
    CLIENT_CPU,
    SERVER_CPU,
    Helper,
    Sockstall,
    bpftrace,
    end,
    nothing,
    perf_trace,
    pinned,
    strace,
    wait_port,
)
from figures import Unavailable

SECTION = "servers"
SECONDS = float(os.environ.get("SERVER_SECONDS", "2"))
HTTP, REDIS, MEMCACHED = 18080, 16379, 11311
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
keepalive_requests 100000000;
server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ return 200 "hello\\n"; }} }} }}
"""


def need(*programs):
    path = os.environ["PATH"] + ":/usr/sbin"
    for program in programs:
        if not shutil.which(program, path=path):
            raise Unavailable(f"{program} is not installed")


@contextlib.contextmanager
def server(argv, port, **options):
    process = subprocess.Popen(
        pinned(SERVER_CPU, argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )
    try:
        wait_port(port)
        yield process
    finally:
        end(process)


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.contextmanager
def nginx():
    """The pids of those who do the work."""
    need("nginx")
    with tempfile.TemporaryDirectory(prefix="sockstall-") as folder:
        os.chmod(folder, 0o755)
        conf = pathlib.Path(folder, "conf")
        conf.write_text(NGINX.format(folder=folder, port=HTTP), encoding="utf-8")
        with server(["/usr/sbin/nginx", "-c", conf, "-e", f"{folder}/error"], HTTP) as process:
            yield children(process.pid)


@contextlib.contextmanager
def redis():
    need("redis-server")
    argv = ["redis-server", "--port", REDIS, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory(prefix="sockstall-") as folder, server(argv, REDIS, cwd=folder) as process:
        yield [process.pid]


@contextlib.contextmanager
def memcached():
    need("memcached")
    argv = ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", MEMCACHED, "-t", "1", "-U", "0"]
    with server(argv, MEMCACHED) as process:
        yield [process.pid]


def run(argv):
    done = subprocess.run(
        pinned(CLIENT_CPU, argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{argv[0]}: {done.stderr.strip()[-200:]}")
    return done.stdout


def wrk(*more):
    need("wrk")
    said = run(["wrk", "-t", "1", "-c", "32", "-d", f"{SECONDS:.0f}s", *more, f"http://127.0.0.1:{HTTP}/"])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def redis_benchmark():
    need("redis-benchmark")
    said = run(
        [
            "redis-benchmark",
            "-h",
            "127.0.0.1",
            "-p",
            REDIS,
            "-t",
            "get",
            "-c",
            "50",
            "-n",
            int(60000 * SECONDS),
            "--csv",
        ]
    )
    return float(re.search(r'^"GET","([\d.]+)"', said, re.M)[1])


def memcslap():
    """Gets a second: how many were asked for, by the time that passed."""
    need("memcslap")
    count = int(20000 * SECONDS)
    began = time.monotonic()
    run(
        [
            "memcslap",
            "--quiet",
            f"--servers=127.0.0.1:{MEMCACHED}",
            "--test=get",
            "--concurrency=4",
            f"--execute-number={count // 4}",
            "--initial-load=1000",
        ]
    )
    return count / (time.monotonic() - began)


@contextlib.contextmanager
def empty_programs(empty):
    """Wherever the overview has its own: the least that tracing there can cost."""
    with Helper(empty, *waits.WAITS), Helper(empty, "raw", *churn.TRACEPOINTS):
        yield


def beside(start, load):
    """The load's figure, with that beside the server."""

    def measure():
        with start():
            return load()

    return measure


def bench(figures, program, empty):
    cases = (
        ("nginx, keep-alive", nginx, wrk),
        ("nginx, a connection a request", nginx, lambda: wrk("-H", "Connection: close")),
        ("Redis, GET", redis, redis_benchmark),
        ("memcached, get", memcached, memcslap),
    )
    for what, start, load in cases:
        try:
            with start() as pids:
                figures.compare(
                    SECTION,
                    what,
                    "requests/s",
                    [
                        ("bare", beside(nothing, load)),
                        ("empty programs", beside(lambda: empty_programs(empty), load)),
                        ("sockstall", beside(lambda: Sockstall(program, "-i", "1s"), load)),
                        ("bpftrace histogram by tid", beside(bpftrace, load)),
                        ("perf trace -s", beside(lambda pids=pids: perf_trace(*pids), load)),
                        ("strace -c", beside(lambda pids=pids: strace(*pids), load)),
                    ],
                )
        except Unavailable as why:
            figures.add(SECTION, what, "bare", "requests/s", [], reason=str(why))
