# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Apache httpd with the event MPM. Its listeners have TCP_DEFER_ACCEPT for 30 seconds."""

import time

from needs import where
from nginx import endpoint, said
from scenario import Healthy, Scenario, Truth, between

PORT = 8080
MODULES = "/usr/lib/apache2/modules"

CONFIGURATION = """
ServerName here
Listen {address}:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
Mutex file:{folder}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
ServerLimit 2
StartServers 2
ThreadsPerChild 8
MaxRequestWorkers 16
DocumentRoot {folder}/web
User nobody
Group nogroup
"""


def start_apache(stage):
    stage.path("web")
    stage.write("web/index", "ok\n")
    path = stage.write(
        "httpd.conf", CONFIGURATION.format(address=stage.server_addr, port=PORT, folder=stage.folder, modules=MODULES)
    )
    apache = stage.start(stage.server, where("apache2"), "-DFOREGROUND", "-d", stage.folder, "-f", path)
    stage.listening(stage.server, PORT)
    return apache


class ApacheHealthy(Healthy):
    name = "apache"
    needs = ("apache2", "wrk")

    def prepare(self, stage):
        start_apache(stage)

    def load(self, stage):
        url = f"http://{stage.server_addr}:{PORT}/index"
        stage.start(stage.client, "wrk", "-t1", "-c4", "-d60s", url)
        stage.start(stage.client, "wrk", "-t1", "-c2", "-d60s", "-H", "Connection: close", url)


class ApacheDeferred(Scenario):
    """A client that connects and sends nothing: the kernel keeps it from Apache, half-open, though its ACK came."""

    name = "apache-deferred"
    needs = ("apache2",)
    twin = ApacheHealthy

    def prepare(self, stage):
        self.apache = start_apache(stage)

    def stall(self, stage):
        before = time.time()
        client = endpoint(stage, stage.client, f"connect={stage.server_addr},{PORT}")
        said(client, "connected")
        return [
            Truth(
                {"type": "handshake", "local_port": PORT},
                "deferred",
                {
                    "comm": "apache2",
                    "netns": stage.server.inode,
                    "side": "server",
                    "stage": "SYN_RECV",
                    "peer_addr": stage.client_addr,
                    "gives_up_s": between(0, 200),
                },
                (before, time.time()),
            )
        ]


SCENARIOS = [ApacheDeferred]
