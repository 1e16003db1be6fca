# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""sshd and ssh, which wait in poll."""

import os
import subprocess
import time

from child import wait_until
from needs import beside, where
from scenario import Healthy, Scenario, Truth
from stage import children

PORT = 2222
BEGINS_S = 1  # until it has loaded its keys, and reads

# The home is another one, for the shell reads what lies in root's.
CONFIGURATION = """
ListenAddress {address}:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
SetEnv HOME={folder}
"""


def make_key(stage, name):
    path = os.path.join(stage.folder, name)
    subprocess.run([beside("ssh", "ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def privilege_separation_folder(stage):
    """The service makes it at its start; it is empty."""
    if not os.path.isdir("/run/sshd"):
        os.mkdir("/run/sshd", 0o755)
        stage.at_end.append(lambda: os.rmdir("/run/sshd"))


def start_sshd(stage):
    privilege_separation_folder(stage)
    make_key(stage, "host")
    stage.key = make_key(stage, "user")
    path = stage.write("sshd_config", CONFIGURATION.format(address=stage.server_addr, port=PORT, folder=stage.folder))
    sshd = stage.start(stage.server, where("sshd"), "-D", "-e", "-f", path)
    stage.listening(stage.server, PORT)
    return sshd


def ssh_words(stage):
    return [
        where("ssh"),
        "-F",
        "none",
        "-i",
        stage.key,
        "-p",
        str(PORT),
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "BatchMode=yes",
        f"root@{stage.server_addr}",
    ]


class SshdHealthy(Healthy):
    """Logins one after the other, a session that talks, and one that is idle."""

    name = "sshd"
    needs = ("sshd", "ssh")

    def prepare(self, stage):
        start_sshd(stage)

    def load(self, stage):
        login = " ".join(ssh_words(stage)) + " true 2>/dev/null"
        logins = stage.start(stage.client, "sh", "-c", f"while {login}; do echo in; done")
        stage.start(stage.client, *ssh_words(stage), "while sleep 0.1; do date; done")
        stage.start(stage.client, *ssh_words(stage), "cat")
        logins.wait_line(lambda line: line == b"in\n", 60)


class SshdVanished(Scenario):
    """The client's machine vanishes in an idle session: sshd waits in poll, and keepalive, in two hours, ends it."""

    name = "sshd-client-vanished"
    needs = ("sshd", "ssh")
    twin = SshdHealthy

    def prepare(self, stage):
        self.sshd = start_sshd(stage)

    def stall(self, stage):
        client = stage.start(stage.client, *ssh_words(stage), "echo here; exec cat")
        client.wait_line(lambda line: line == b"here\n", 60)
        stage.link.cut()
        return []


class SshdNoLogin(Scenario):
    """Someone connects and sends nothing, not even a banner: sshd itself ends that after two minutes, by an alarm."""

    name = "sshd-no-login"
    needs = ("sshd", "ssh")
    twin = SshdHealthy

    def prepare(self, stage):
        self.sshd = start_sshd(stage)

    def stall(self, stage):
        before = time.time()
        client = stage.python(stage.client, "idle_clients.py", stage.server_addr, PORT, 1, "nothing")
        client.wait_line(lambda line: line == b"connected\n", 5)
        (one,) = wait_until(lambda: children(self.sshd.pid), 5, "the connection's process")
        return [
            Truth(
                {"type": "reader", "pid": one},
                "no_request",
                {
                    "netns": stage.server.inode,
                    "kind": "tcp",
                    "role": "server",
                    "local_addr": stage.server_addr,
                    "local_port": PORT,
                    "peer_addr": stage.client_addr,
                },
                (before, time.time() + BEGINS_S),
            )
        ]


SCENARIOS = [SshdVanished, SshdNoLogin]
