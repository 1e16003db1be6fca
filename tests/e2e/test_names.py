# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
What people call it: systemd's unit, and the names of pods and containers, from the files that runtimes keep. sockstall sees
such files in a mount namespace of its own; the machine's are left alone.
"""

import json
import os
import shlex
import subprocess
import sys

import pytest

import run
from cgroups import Cgroup, cgroup2
from child import wait_until
from netns import Link
from scene import MIN_AGE, Scene, block, waiting_client
from zoo import Room

CONTAINER = "0123456789abcdef" * 4
KUBERNETES = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/{}/config.json"
CRIO = "/run/containers/storage/overlay-containers/{}/userdata/config.json"
DOCKER = "/var/lib/docker/containers/{}/config.v2.json"
PODMAN = "/var/lib/containers/storage/overlay-containers/containers.json"

NAMES = ("pod", "namespace", "container_name", "image")

OCI = {
    "annotations": {
        "io.kubernetes.cri.container-name": "api",
        "io.kubernetes.cri.image-name": "registry.k8s.io/api:1.2",
        "io.kubernetes.cri.sandbox-name": "api-7c9d8-x2k4p",
        "io.kubernetes.cri.sandbox-namespace": "shop",
    }
}

# File, its content, and the names.
RUNTIMES = {
    "containerd": (KUBERNETES, OCI, ("api-7c9d8-x2k4p", "shop", "api", "registry.k8s.io/api:1.2")),
    "k3s": ("/run/k3s" + KUBERNETES[4:], OCI, ("api-7c9d8-x2k4p", "shop", "api", "registry.k8s.io/api:1.2")),
    "crio": (
        CRIO,
        {
            "annotations": {
                "io.kubernetes.container.name": "db",
                "io.kubernetes.pod.name": "db-0",
                "io.kubernetes.pod.namespace": "shop",
                "io.kubernetes.cri-o.ImageName": "quay.io/db:15",
            }
        },
        ("db-0", "shop", "db", "quay.io/db:15"),
    ),
    "docker": (
        DOCKER,
        {"Name": "/shop-web-1", "Config": {"Image": "nginx:1.27"}},
        (None, None, "shop-web-1", "nginx:1.27"),
    ),
    "podman": (
        PODMAN,
        [{"id": CONTAINER, "names": ["web"], "metadata": json.dumps({"image-name": "docker.io/library/nginx"})}],
        (None, None, "web", "docker.io/library/nginx"),
    ),
    "of another": (PODMAN, [{"id": "f" * 64, "names": ["other"]}], (None,) * 4),
    "nothing": (DOCKER, {}, (None,) * 4),
}


@pytest.fixture(scope="module")
def scene():
    scene = Scene()
    yield scene
    scene.close()


@pytest.fixture
def reader(scene, cgroup):
    """One that waits, in a container as its cgroup has it."""
    inner = cgroup.below(f"docker-{CONTAINER}.scope")
    inner.add(scene.v4.pid)
    return scene.v4


def with_file(path, text):
    """A command in front of sockstall: it sees this file, and of /run and /var/lib nothing else."""
    script = (
        "mount -t tmpfs none /run && mount -t tmpfs none /var/lib && "
        f"mkdir -p {shlex.quote(os.path.dirname(path))} && "
        f'printf %s "$0" > {shlex.quote(path)} && exec "$@"'
    )
    return ["unshare", "-m", "sh", "-c", script, text]


def names_of(record):
    return tuple(record[name] for name in NAMES)


@pytest.mark.parametrize("name", RUNTIMES)
def test_runtimes(reader, name):
    path, content, expected = RUNTIMES[name]
    before = with_file(path.format(CONTAINER), json.dumps(content))
    record = run.only(run.once("readers", *MIN_AGE, "-p", reader.pid, before=before), pid=reader.pid)
    assert names_of(record) == expected
    assert record["container"] == CONTAINER


def test_healthy_twin_has_no_container(scene, reader):
    path, content, _ = RUNTIMES["docker"]
    before = with_file(path.format(CONTAINER), json.dumps(content))
    record = run.only(run.once("readers", *MIN_AGE, "-p", scene.v6.pid, before=before), pid=scene.v6.pid)
    assert names_of(record) == (None,) * 4 and record["container"] is None


def test_unit(reader):
    record = run.only(run.once("readers", *MIN_AGE, "-p", reader.pid), pid=reader.pid)
    parts = [part for part in record["cgroup"].split("/") if part and not part.endswith(".slice")]
    assert record["unit"] == (parts[0] if parts[0].endswith((".service", ".scope")) else None)


def test_on_the_screen_and_in_a_recording(reader, tmp_path):
    path, content, expected = RUNTIMES["containerd"]
    before = with_file(path.format(CONTAINER), json.dumps(content))
    recording = tmp_path / "looks"
    done = run.sockstall("readers", "-1", *MIN_AGE, "-p", reader.pid, "--record", recording, before=before)
    assert done.returncode == 0, done.stderr
    assert expected[0].encode() in done.stdout and b"POD" in done.stdout
    # Without the files: the recording carries the names.
    again = run.parse(run.sockstall("replay", recording, "-j").stdout)
    assert names_of(run.only(again, pid=reader.pid)) == expected


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100000, '{"Name":"/%s"}' % ("x" * 90000)], ids=["empty", "cut", "deep", "long"]
)
def test_broken_files(reader, text):
    before = with_file(DOCKER.format(CONTAINER), text)
    record = run.only(run.once("readers", *MIN_AGE, "-p", reader.pid, before=before), pid=reader.pid)
    assert record["pod"] is None and (record["container_name"] is None or len(record["container_name"]) == 255)


def test_names_stay_text(reader):
    before = with_file(DOCKER.format(CONTAINER), json.dumps({"Name": "/a\x1b[2J\nb"}))
    done = run.sockstall("readers", "-1", *MIN_AGE, "-p", reader.pid, before=before)
    assert done.returncode == 0 and b"\x1b" not in done.stdout and len(done.stdout.splitlines()) <= 4


def test_files_that_do_not_answer(reader):
    """A pipe in the file's place is not waited for."""
    path = DOCKER.format(CONTAINER)
    script = (
        f"mount -t tmpfs none /var/lib && mkdir -p {os.path.dirname(path)} && "
        f'mkfifo {path} && sleep 60 > /dev/null 2> /dev/null <> {path} & while ! [ -p {path} ]; do :; done; exec "$@"'
    )
    before = ["unshare", "-m", "sh", "-c", script, "sh"]
    record = run.only(run.once("readers", *MIN_AGE, "-p", reader.pid, before=before), pid=reader.pid)
    assert names_of(record) == (None,) * 4


# Advice.


@pytest.mark.parametrize("name, safe", [("shop-web_1.2", True), ("a;b", False), ("-rm", False), ("a b", False)])
def test_advice_by_name(scene, cgroup, name, safe):
    cgroup.below(f"docker-{CONTAINER}.scope").add(scene.queue.pid)
    before = with_file(DOCKER.format(CONTAINER), json.dumps({"Name": "/" + name}))
    records = run.once("handshakes", *MIN_AGE, "-p", scene.queue.pid, before=before)
    (record,) = run.matching(records, type="handshake", pid=scene.queue.pid)
    assert record["container_name"] == name
    assert record["advice"].endswith(f"; see also docker logs {name}") == safe, record["advice"]
    assert safe or "see also" not in record["advice"]


def test_advice_without_a_name(scene, cgroup):
    cgroup.below("sst-none").add(scene.queue.pid)
    (record,) = run.matching(run.once("handshakes", *MIN_AGE, "-p", scene.queue.pid), type="handshake")
    assert record["unit"] or "see also" not in record["advice"]


# What a process says of itself.


def test_title(scene, tmp_path):
    with open(f"/proc/{scene.v4.pid}/cmdline", "rb") as file:
        said = file.read().rstrip(b"\0").replace(b"\0", b" ").decode()
    recording = tmp_path / "looks"
    record = run.only(run.once("readers", *MIN_AGE, "-p", scene.v4.pid, "--record", recording), pid=scene.v4.pid)
    assert record["title"] == said[:120] and "endpoint.py" in said
    again = run.parse(run.sockstall("replay", recording, "-j").stdout)
    assert run.only(again, pid=scene.v4.pid)["title"] == record["title"]
    page = tmp_path / "page.html"
    assert run.sockstall("replay", recording, "--html", page).returncode == 0
    assert "<dt>title</dt>" in page.read_text(encoding="utf-8")


def test_titles_in_a_stream(scene, stream):
    """From the first record on, and to the last."""
    live = stream("readers", "-j", *MIN_AGE, "-i", "200ms")
    for stall in (scene.v4, scene.v6):
        assert "endpoint.py" in live.wait(20, type="reader", event="open", pid=stall.pid)["title"]
    live.stop()


def test_a_title_is_text(stream):
    """Hostile and long."""
    script = "import socket; here, there = socket.socketpair(); print(flush=True); here.recv(1)"
    words = ["a\x1b[2J\nb", "\u202e", "x" * 200]
    process = subprocess.Popen([sys.executable, "-c", script, *words], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        live = stream("readers", "-j", "-a", *MIN_AGE, "-p", process.pid)
        title = live.wait(20, type="reader", pid=process.pid)["title"]
        said = " ".join([sys.executable, "-c", script, *words])
        assert title == said[:120]
        live.stop()
        for option in ("-j", "--no-fold"):
            done = run.sockstall("readers", "-1", "-a", option, *MIN_AGE, "-p", process.pid)
            assert b"\x1b" not in done.stdout and done.returncode == 0
    finally:
        process.kill()
        process.wait()


# What peers are called.


@pytest.fixture(scope="module")
def room():
    room = Room()
    yield room
    room.close()


def test_a_peer_in_a_container(room, cgroup):
    """Before it was in one, it had no name."""
    link = Link(room.here, room.there, 77)  # addresses that nobody else has
    client = block(waiting_client(room, 5311, link.right4))
    before = with_file(DOCKER.format(CONTAINER), json.dumps({"Name": "/shop-db-1"}))

    def name():
        record = run.only(run.once("-m", "0", "-p", client.pid, before=before), type="reader", pid=client.pid)
        assert record["peer_addr"] == link.right4
        return record["peer_name"]

    assert name() is None
    cgroup.below(f"docker-{CONTAINER}.scope").add(client.peer.pid)
    wait_until(lambda: name() == "shop-db-1", 20, "the name of the container")


def test_hosts(scene, tmp_path):
    reader, twin = scene.v4, scene.v6
    hosts, recording = tmp_path / "hosts", tmp_path / "looks"
    hosts.write_text(f"# of a test\n{scene.room.link.right4}\tdb db.example # more\n")
    done = run.sockstall("readers", "-1", "-j", *MIN_AGE, "--hosts", hosts, "--record", recording)
    records = run.parse(done.stdout)
    assert run.only(records, type="reader", pid=reader.pid)["peer_name"] == "db"
    assert run.only(records, type="reader", pid=twin.pid)["peer_name"] is None
    for option, name in ((("--hosts", hosts), "db"), ((), None)):
        records = run.parse(run.sockstall("replay", recording, "-j", *option).stdout)
        assert run.only(records, type="reader", pid=reader.pid)["peer_name"] == name
    done = run.sockstall("readers", "-1", *MIN_AGE, "--hosts", hosts, "-p", reader.pid)
    assert b"PEER NAME" in done.stdout and scene.room.link.right4.encode() in done.stdout
    done = run.sockstall("replay", recording, "--hosts", hosts, "-p", reader.pid, "--no-fold")
    assert f"{scene.room.link.right4}:5001 (db)".encode() in done.stdout


@pytest.mark.parametrize(
    "content, says",
    [
        (b"10.0.0.1 a\n10.0.0.2\n", "line 2: the address has no name"),
        (b"a 10.0.0.1\n", "line 1: it does not begin with an IPv4 or IPv6 address"),
        (b"10.0.0.1 " + b"a" * 254, "line 1: the name is too long"),
        (b"10.0.0.1 a\0", "it is no text"),
        (b"#" * (1 << 20) + b"\n", "it is larger than 1 MiB"),
        (None, "No such file or directory"),
    ],
    ids=["name", "address", "length", "bytes", "size", "file"],
)
def test_bad_hosts(tmp_path, content, says):
    path = tmp_path / "hosts"
    if content is not None:
        path.write_bytes(content)
    done = run.sockstall("-1", "--hosts", path)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.decode() == f"sockstall: --hosts {path}: {says}\n"


# Choosing by these names.


@pytest.mark.parametrize(
    "option, value, fits",
    [
        ("--pod", "api-7c9d8-x2k4p", True),
        ("--pod", "api", False),
        ("--container", "api", True),
        ("--container", CONTAINER[:12], True),
        ("--container", CONTAINER[:11], False),
        ("--container", "other", False),
    ],
)
def test_filters(reader, option, value, fits):
    path, content, _ = RUNTIMES["containerd"]
    before = with_file(path.format(CONTAINER), json.dumps(content))

    def found(*chosen):
        done = run.sockstall("readers", "-1", "-j", *MIN_AGE, *chosen, "--exit-code", before=before)
        records = run.matching(run.parse(done.stdout), type="reader", pid=reader.pid)
        return {record["container_name"] for record in records}, done.returncode

    wait_until(
        lambda: found("-p", reader.pid) == ({"api"}, 10), 10, "its names, which a busy machine may read too late"
    )
    if fits:
        wait_until(lambda: found(option, value) == ({"api"}, 10), 10, "it, by its name")
    else:
        assert found(option, value) == (set(), 3)


def test_a_unit_that_is_not_there():
    done = run.sockstall("-1", "--unit", "sst-no-such-unit", "--exit-code")
    assert done.returncode == 3
    assert done.stderr == b"sockstall: there is no process in the unit sst-no-such-unit now\n"


def test_by_unit(scene):
    mount = cgroup2()
    if not mount or not os.access(mount, os.W_OK):
        pytest.skip("no writable cgroup v2 hierarchy on this machine")
    unit = Cgroup(mount, f"/sst-{os.getpid()}.service")
    try:
        unit.add(scene.v4.pid)
        for name in unit.path[1:], unit.path[1:].removesuffix(".service"):
            records = run.matching(run.once("readers", *MIN_AGE, "--unit", name), type="reader")
            assert {(record["pid"], record["unit"]) for record in records} == {(scene.v4.pid, unit.path[1:])}
        assert run.sockstall("readers", "-1", "--unit", unit.path[1:-1], "--exit-code").returncode == 3
    finally:
        unit.delete()


def test_filters_of_a_replay(reader, tmp_path):
    path, content, _ = RUNTIMES["containerd"]
    before = with_file(path.format(CONTAINER), json.dumps(content))
    recording = tmp_path / "looks"

    def is_named():
        done = run.sockstall("readers", "-1", "-j", *MIN_AGE, "-p", reader.pid, "--record", recording, before=before)
        return run.only(run.parse(done.stdout), type="reader")["pod"]

    wait_until(is_named, 10, "the names, which a busy machine may read too late for a look")
    for option, value, fits in (
        ("--pod", "api-7c9d8-x2k4p", True),
        ("--pod", "api", False),
        ("--container", "api", True),
        ("--container", "other", False),
        ("--unit", "sst-no-such-unit", False),
    ):
        done = run.sockstall("replay", recording, "-j", option, value)
        assert bool(run.matching(run.parse(done.stdout), type="reader")) == fits, (option, value)


@pytest.mark.parametrize("option", ["--unit", "--pod", "--container"])
def test_empty_names(option):
    assert run.sockstall("-1", option, "").returncode == 2


def test_check_says_where_names_come_from():
    """Each runtime whose files are there; the others are none, and nothing is missed."""

    def sources(*made):
        script = 'mount -t tmpfs none /run && mkdir -p /run/empty $0 && exec "$@"'
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, " ".join(made), run.SOCKSTALL, "check", "-j"],
            capture_output=True,
            check=False,
        )
        records = map(run.parse_line, done.stdout.splitlines(keepends=True))
        return {record["name"]: record["state"] for record in run.matching(records, part="source")}

    assert set(sources().values()) <= {"none"} | {sources()["docker"], sources()["podman, its list"]}
    k3s = sources("/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io", "/run/systemd/system")
    assert {name for name, state in k3s.items() if state == "yes"} - {"docker", "podman, its list"} == {
        "k3s",
        "systemd",
    }
