# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Daemons with a process for each client: rsync, whose process is stopped while it takes a file, and Dovecot, whose process is stopped
before a command comes. The twins copy slowly, and have clients that wait for news (IMAP's IDLE).
"""

import os
import signal
import time

from child import wait_until
from needs import where
from scenario import Healthy, Scenario, Truth
from stage import asleep, pids

RSYNC, IMAP = 8730, 8143
SIZE = 64 << 20

MODULE = """
use chroot = no
pid file = {folder}/pid
log file = {folder}/log
[files]
path = {folder}/to
read only = no
uid = root
gid = root
"""

DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = {address}
protocols = imap
ssl = no
disable_plaintext_auth = no
default_internal_user = root
default_login_user = nobody
default_internal_group = root
first_valid_uid = 0
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={folder}/mail
}}
mail_location = maildir:~/Maildir
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


class Copied:
    def prepare(self, stage):
        for folder in "from", "to", "back":
            stage.path(folder)
        with open(os.path.join(stage.folder, "from", "file"), "wb") as file:
            file.write(os.urandom(SIZE))
        path = stage.write("rsyncd.conf", MODULE.format(folder=stage.folder))
        words = ("--daemon", "--no-detach", f"--config={path}", f"--address={stage.server_addr}", f"--port={RSYNC}")
        self.server = stage.start(stage.server, where("rsync"), *words)
        stage.listening(stage.server, RSYNC)

    @staticmethod
    def copy(stage, here, there, *more):
        return stage.start(stage.client, where("rsync"), *more, "--whole-file", here, there)

    @staticmethod
    def url(stage):
        return f"rsync://{stage.server_addr}:{RSYNC}/files/"

    def upload(self, stage, *more):
        return self.copy(stage, os.path.join(stage.folder, "from", "file"), self.url(stage), *more)


class RsyncHealthy(Copied, Healthy):
    name = "rsync"
    needs = ("rsync",)

    def prepare(self, stage):
        super().prepare(stage)
        self.upload(stage).join(40)

    def load(self, stage):
        self.upload(stage, "--bwlimit=500", "--ignore-times")
        self.copy(stage, self.url(stage), os.path.join(stage.folder, "back"), "--bwlimit=500", "-r")


class RsyncStopped(Copied, Scenario):
    """It has said how much it takes, and takes nothing: the window is closed."""

    name = "rsync-stopped"
    needs = ("rsync",)
    twin = RsyncHealthy
    patience = 60

    def stall(self, stage):
        client = self.upload(stage, "--bwlimit=8000")
        target = os.path.join(stage.folder, "to")
        wait_until(
            lambda: sum(entry.stat().st_size for entry in os.scandir(target)) > SIZE // 16, 40, "a part of the file"
        )
        own = set(pids(stage.server)) - {self.server.pid}
        for pid in own:
            os.kill(pid, signal.SIGSTOP)
        return [
            Truth({"type": "writer", "pid": client.pid}, "window_zero", {"peer_port": RSYNC}),
            Truth({"type": "reader", "pid": own}, "not_read", {"local_port": RSYNC}, least=0, most=2),
            Truth({"type": "chain", "pid": own}, "stopped", {}, least=0),
            Truth({"type": "service", "local_port": RSYNC}, "not_answering", {}, least=0),
        ]


class Mail:
    def prepare(self, stage):
        os.chmod(stage.folder, 0o777)
        os.chmod(stage.path("mail"), 0o777)
        text = DOVECOT.format(folder=stage.folder, address=stage.server_addr, port=IMAP)
        self.server = stage.start(stage.server, where("dovecot"), "-F", "-c", stage.write("dovecot.conf", text))
        stage.listening(stage.server, IMAP)

    @staticmethod
    def client(stage, *how):
        client = stage.python(stage.client, "imap_client.py", stage.server_addr, IMAP, *how)
        client.wait_line(lambda line: line == b"ready\n", 40)
        return client

    @staticmethod
    def processes(stage):
        """Those that serve IMAP."""
        found = set()
        for pid in pids(stage.server):
            with open(f"/proc/{pid}/comm") as file:
                if file.read() == "imap\n":
                    found.add(pid)
        return found


class DovecotHealthy(Mail, Healthy):
    name = "dovecot"
    needs = ("dovecot",)

    def load(self, stage):
        for how in "idle", "again", "silent":
            self.client(stage, how)


class DovecotStopped(Mail, Scenario):
    name = "dovecot-stopped"
    needs = ("dovecot",)
    twin = DovecotHealthy
    patience = 40

    def stall(self, stage):
        client = self.client(stage, "told")
        own = self.processes(stage)
        for pid in own:
            os.kill(pid, signal.SIGSTOP)
        before = time.time()
        client.tell("ask")
        asleep(client.pid, "recvfrom", "read", timeout=20)
        return [
            Truth({"type": "reader", "pid": client.pid}, "awaiting_reply", {"peer_port": IMAP}, (before, time.time())),
            Truth({"type": "chain", "pid": own}, "stopped", {"waiters": 1}),
            Truth({"type": "reader", "pid": own}, "not_read", {"local_port": IMAP}, least=0, most=1),
            Truth({"type": "service", "local_port": IMAP}, "not_answering", {}, least=0),
            Truth({"type": "loop", "pid": own}, "stalled", {}, least=0),
        ]


SCENARIOS = [RsyncStopped, DovecotStopped]
