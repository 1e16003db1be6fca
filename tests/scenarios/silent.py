# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Clients with an event loop, each with one connection on which its server has answered some requests, and then falls silent: by the
turns that looks have seen; by one look, most likely. The twins ask on, and are answered each time.
"""

import os
import time

from needs import beside, where
from scenario import Healthy, Scenario, Truth
from stage import PROGRAMS, compiled, java_class

PORT, PROXY = 8080, 8081
SILENT = "/wait/600"
ASKED = b"asked\n"
SLACK_S = 0.2  # between a program's word and what it is about, on a busy machine

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream server {{ server {server}:{port}; keepalive 4; }}
    server {{
        listen {address}:{proxy};
        location / {{
            proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 600s;
        }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
defaults
    mode http
    timeout connect 600s
    timeout client 600s
    timeout server 600s
    http-reuse always
listen web
    bind {address}:{proxy}
    server one {server}:{port}
"""


def url(stage):
    return f"http://{stage.server_addr}:{PORT}/"


def node(how):
    return lambda stage, *path: stage.start(
        stage.client, where("node"), os.path.join(PROGRAMS, "asks.js"), how, url(stage), *path
    )


def aiohttp(stage, *path):
    return stage.python(stage.client, "asks_aiohttp.py", url(stage), *path)


def go(stage, *path):
    program = compiled("asks", where("go"), "build", "-o", "$OUT", source="asks.go")
    return stage.start(stage.client, program, url(stage), *path)


def java(stage, *path):
    options = ("-XX:+UseSerialGC", "-Xmx64m", "-cp", java_class("Asks"), "Asks")
    return stage.start(stage.client, beside("java", "java"), *options, url(stage), *path)


def through_proxy(stage, *path):
    return stage.python(stage.client, "asks_requests.py", stage.client_addr, PROXY, *path)


def write_configuration(stage, name, text):
    places = {"server": stage.server_addr, "port": PORT, "address": stage.client_addr, "proxy": PROXY}
    return stage.write(name, text.format(folder=stage.folder, **places))


def start_nginx(stage):
    path = write_configuration(stage, "nginx.conf", NGINX)
    return stage.start(stage.client, where("nginx"), "-c", path, "-p", stage.folder)


def start_haproxy(stage):
    return stage.start(stage.client, where("haproxy"), "-db", "-f", write_configuration(stage, "haproxy.cfg", HAPROXY))


class Kind:
    """What both the scenario and its twin do first."""

    server, client, proxy = "asyncio_server.py", None, None

    def prepare(self, stage):
        if self.server.endswith(".js"):
            stage.start(stage.server, where("node"), os.path.join(PROGRAMS, self.server), stage.server_addr, PORT)
        else:
            stage.python(stage.server, self.server, stage.server_addr, PORT)
        stage.listening(stage.server, PORT)
        if self.proxy:
            self.waits = type(self).proxy(stage)
            stage.listening(stage.client, PROXY)


class Silent(Kind, Scenario):
    patience = 40
    at_once = 1  # whether one look finds it

    def stall(self, stage):
        client = type(self).client(stage, SILENT)
        before = client.wait_line(lambda line: line == ASKED and time.time(), 40) - SLACK_S
        since = before - SLACK_S, before + 2 * SLACK_S
        truths = [self.awaits(self.waits if self.proxy else client, since)]
        if self.proxy:
            who = {"type": "reader", "pid": client.pid, "tid": client.pid}
            truths.append(Truth(who, "awaiting_reply", {"peer_port": PROXY, "waiter": "thread"}, since))
        return truths

    def awaits(self, program, since):
        who = {"type": "reader", "pid": program.pid, "peer_port": PORT}
        return Truth(who, "awaiting_reply", {"waiter": "loop", "role": "client"}, since, once=self.at_once)


class Answered(Kind, Healthy):
    def load(self, stage):
        for _ in range(2):
            type(self).client(stage)


def scenario_of(name, needs, client, **more):
    """The scenario and its twin, of one kind of client."""
    common = {"client": client, "needs": needs, **more}
    twin = type("Answered", (Answered,), {"name": f"asks-{name}", **common})
    return type("Silent", (Silent,), {"name": f"silent-{name}", "twin": twin, "__doc__": __doc__, **common})


# Of HTTP/2 one look does not tell: its frames are many, and no question each.
SCENARIOS = [
    scenario_of("node", ("node",), node("http")),
    scenario_of("node-http2", ("node",), node("http2"), server="h2_server.js", at_once=0),
    scenario_of("aiohttp", ("aiohttp",), aiohttp),
    scenario_of("go", ("go",), go),
    scenario_of("java", ("java",), java),
    scenario_of("nginx", ("nginx",), through_proxy, proxy=start_nginx),
    scenario_of("haproxy", ("haproxy",), through_proxy, proxy=start_haproxy),
]
