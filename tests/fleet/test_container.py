# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The image of Containerfile, run as sockstall.daemonset.yml says: its capabilities, mounts and options, on a root that is read-only."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

import run
from child import PATIENCE, PYTHON, Child
from conftest import SHARE
from engines import MODULES
from test_unit_file import LISTEN

HERE = pathlib.Path(__file__).parent
CONTAINERFILE = SHARE / "examples" / "Containerfile"
DAEMONSET = SHARE / "examples" / "sockstall.daemonset.yml"


def instruction(name):
    return re.findall(rf"^{name} (.*)$", CONTAINERFILE.read_text(), re.M)


@pytest.fixture(scope="module")
def documents():
    """Checked against Kubernetes' own schema."""
    done = subprocess.run(
        ["node", HERE / "kubernetes.js", MODULES, DAEMONSET], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {one["kind"]: one for one in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def pod(documents):
    return documents["DaemonSet"]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Its root file system, unpacked: what a build makes of the instructions, with the folders that a runtime adds."""
    context, root = tmp_path_factory.mktemp("context"), tmp_path_factory.mktemp("root")
    subprocess.run(["make", "-s", "-C", run.ROOT, "static"], check=True, stdout=subprocess.DEVNULL)
    shutil.copy(run.ROOT + "/build/sockstall-static", context)
    assert instruction("FROM") == ["scratch"]
    for words in instruction("COPY"):
        source, target = words.split()
        (root / target[1:]).parent.mkdir(parents=True)
        shutil.copy(context / source, root / target[1:])
    for name in "proc", "sys", "dev":
        (root / name).mkdir()
    return root


def container(image, pod, words, without=()):
    """What to start so that it runs in such a container."""
    (one,) = pod["containers"]
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"]}
    mounts = []
    for volume in one["volumeMounts"]:
        assert volume["readOnly"]
        source, target = paths[volume["name"]], volume["mountPath"]
        if not target.startswith("/sys/"):
            (image / target[1:]).mkdir(parents=True, exist_ok=True)
        os.makedirs(source, exist_ok=True)  # DirectoryOrCreate
        mounts.append(f"{source}:{target}")
    capabilities = [name for name in one["securityContext"]["capabilities"]["add"] if name not in without]
    (program,) = json.loads(instruction("ENTRYPOINT")[0])
    argv = [PYTHON, HERE / "container.py", image, ",".join(capabilities), ",".join(mounts), program, *words]
    return [str(word) for word in argv]


def look(image, pod, *words, without=()):
    """One look at everything, as records."""
    argv = container(image, pod, ["-1", "-j", *map(str, words)], without)
    done = subprocess.run(argv, capture_output=True, timeout=30 * PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return run.parse(done.stdout), done.stderr


def test_it_asks_for_no_more_than_it_needs(documents, pod):
    (one,) = pod["containers"]
    rights = one["securityContext"]
    assert rights["capabilities"]["drop"] == ["ALL"] and rights["readOnlyRootFilesystem"] is True
    assert "privileged" not in rights and "allowPrivilegeEscalation" not in rights
    assert pod["hostPID"] is True and not {"hostNetwork", "hostIPC"} & set(pod)
    assert pod["automountServiceAccountToken"] is False
    labels = documents["DaemonSet"]["spec"]["template"]["metadata"]["labels"]
    assert documents["DaemonSet"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert documents["DaemonSet"]["metadata"]["namespace"] == documents["Namespace"]["metadata"]["name"]
    assert {mount["name"] for mount in one["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    # A socket below a mount can be written to, read-only or not: none of a runtime is there.
    assert {volume["hostPath"]["path"] for volume in pod["volumes"]} == {
        "/sys/kernel/tracing",
        "/run/containerd/io.containerd.runtime.v2.task",
    }


def test_its_capabilities_are_those_of_the_unit(pod):
    unit = (SHARE / "sockstall.service").read_text()
    wanted = re.search("^CapabilityBoundingSet=(.*)$", unit, re.M).group(1).replace("CAP_", "").split()
    found = pod["containers"][0]["securityContext"]["capabilities"]["add"]
    assert sorted(found) == sorted(wanted)
    assert f"--cap-add {','.join(found)} " in CONTAINERFILE.read_text()
    assert pod["containers"][0]["args"] == [*json.loads(instruction("CMD")[0]), "--host", "$(NODE)"]


def test_it_sees_what_is_stuck_on_the_node(incident, image, pod):
    """Every probe attaches."""
    records, errors = look(image, pod, "-m", "100ms", "--netns", incident.here.inode)
    assert errors == b"" and records[0]["probes_missing"] == "", records[0]
    found = {(record["type"], record["verdict"], record["pid"]) for record in run.findings(records)}
    assert ("reader", "awaiting_reply", incident.reader.pid) in found
    assert ("listener", "accept_queue_full", incident.server.pid) in found


def test_its_options_make_a_stream(incident, image, pod):
    options = [word.replace("$(NODE)", "node7") for word in pod["containers"][0]["args"]]
    argv = container(image, pod, [*options, "-m", "100ms", "-i", "200ms", "-d", "2s"])
    done = subprocess.run(argv, capture_output=True, timeout=30 * PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    records = run.parse(done.stdout)
    assert incident.reader.pid in {record.get("pid") for record in records}
    assert {record["host"] for record in records} == {"node7"}


@pytest.mark.parametrize("without", [[], ["SYS_PTRACE"], ["SYS_ADMIN"]])
def test_it_sees_what_other_users_have(incident, image, pod, without):
    """And does not, where one of these two is missing. BPF and PERFMON are in SYS_ADMIN, for the kernel; for a runtime's seccomp
    profile they are not."""
    other = Child([*incident.here.enter(), "setpriv", "--reuid=65534", "--clear-groups", PYTHON, "-c", LISTEN])
    try:
        other.wait_line(lambda line: line == b"listening\n", 10, what="a listener")
        words = ["-1", "-j", "handshakes", "--all", "--netns", incident.here.inode]
        done = subprocess.run(
            container(image, pod, words, without), capture_output=True, timeout=30 * PATIENCE, check=False
        )
    finally:
        other.end()
    records = run.parse(done.stdout) if done.returncode == 0 else []
    listeners = run.matching(records, type="listener", local_port=7007)
    assert [record["pid"] for record in listeners] == [other.pid] if not without else not listeners, done


def test_it_writes_nowhere(image, pod):
    argv = container(image, pod, ["-1", "--record", "/recording"])
    done = subprocess.run(argv, capture_output=True, timeout=30 * PATIENCE, check=False)
    assert done.returncode == 1 and b"Read-only file system" in done.stderr


def test_the_commands_in_the_comments_are_right():
    text = DAEMONSET.read_text() + CONTAINERFILE.read_text()
    (debug,) = re.findall(r"^#   (kubectl debug .*)$", text, re.M)
    words = shlex.split(debug)
    (program,) = json.loads(instruction("ENTRYPOINT")[0])
    assert words[words.index("--") + 1 :] == [program, "-1"]
