# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Servers between a client and another server, which is stopped: Apache with a process for each request, Squid, Varnish, nginx, HAProxy.
What is wrong is at the end, and who is in between is not blamed.
"""

import os
import signal
import time

from apache import MODULES
from child import wait_until
from needs import where
from scenario import Healthy, Scenario, Truth
from stage import children

PORT, UPSTREAM = 8080, 8081
WARM_S = 2

PREFORK = """
ServerName here
Listen {address}:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
Mutex file:{folder}
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
ServerLimit 2
StartServers 2
MinSpareServers 1
MaxRequestWorkers 2
AcceptFilter http none
ProxyTimeout 600
ProxyPass / http://{upstream}:{upstream_port}/
User nobody
Group nogroup
"""

SQUID = """
http_port {address}:{port} accel defaultsite=here no-vhost
cache_peer {upstream} parent {upstream_port} 0 no-query originserver no-digest name=one
cache deny all
http_access allow all
pid_filename {folder}/squid.pid
access_log none
cache_log {folder}/cache.log
coredump_dir {folder}
read_timeout 600 seconds
pinger_enable off
"""

NGINX = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen {address}:{port};
        location / {{ proxy_pass http://{upstream}:{upstream_port}; proxy_read_timeout 600s; proxy_connect_timeout 600s; }}
    }}
}}
"""

HAPROXY = """
defaults
    mode http
    timeout connect 600s
    timeout client 600s
    timeout server 600s
listen web
    bind {address}:{port}
    server one {upstream}:{upstream_port}
"""

VARNISH = """
vcl 4.1;
backend one {{ .host = "{upstream}"; .port = "{upstream_port}"; .first_byte_timeout = 600s; .connect_timeout = 600s; }}
sub vcl_recv {{ return (pass); }}
"""


def places(stage):
    return {
        "address": stage.server_addr,
        "port": PORT,
        "folder": stage.folder,
        "modules": MODULES,
        "upstream": stage.client_addr,
        "upstream_port": UPSTREAM,
    }


def prefork(stage):
    path = stage.write("httpd.conf", PREFORK.format(**places(stage)))
    server = stage.start(stage.server, where("apache2"), "-DFOREGROUND", "-d", stage.folder, "-f", path)
    stage.listening(stage.server, PORT)
    return set(wait_until(lambda: len(children(server.pid)) == 2 and children(server.pid), 20, "children"))


def squid(stage):
    path = stage.write("squid.conf", SQUID.format(**places(stage)))
    os.chmod(stage.folder, 0o777)
    server = stage.start(stage.server, where("squid"), "--foreground", "-f", path)
    stage.listening(stage.server, PORT)
    return {server.pid, *children(server.pid)}


def nginx(stage):
    path = stage.write("nginx.conf", NGINX.format(**places(stage)))
    server = stage.start(stage.server, where("nginx"), "-c", path, "-p", stage.folder)
    stage.listening(stage.server, PORT)
    return set(wait_until(lambda: len(children(server.pid)) == 2 and children(server.pid), 20, "workers"))


def haproxy(stage):
    path = stage.write("haproxy.cfg", HAPROXY.format(**places(stage)))
    server = stage.start(stage.server, where("haproxy"), "-db", "-f", path)
    stage.listening(stage.server, PORT)
    return {server.pid}


def varnish(stage):
    path = stage.write("one.vcl", VARNISH.format(**places(stage)))
    listen = ("-a", f"{stage.server_addr}:{PORT}", "-f", path, "-n", stage.path("varnish"), "-s", "malloc,16m")
    server = stage.start(stage.server, where("varnishd"), "-j", "none", "-F", *listen, "-p", "thread_pool_min=5")
    stage.listening(stage.server, PORT, timeout=40)
    return {server.pid, *wait_until(lambda: children(server.pid), 20, "its child")}


class Web:
    """An HTTP server behind it, and blocking clients."""

    proxy = None

    def prepare(self, stage):
        self.behind = stage.python(stage.client, "web_server.py", stage.client_addr, UPSTREAM)
        stage.listening(stage.client, UPSTREAM)
        self.pids = type(self).proxy(stage)

    def ask(self, stage):
        return stage.python(stage.client, "web_client.py", f"http://{stage.server_addr}:{PORT}/", "again")


class Stuck(Web, Scenario):
    patience, count = 40, 3

    def stall(self, stage):
        clients = [self.ask(stage) for _ in range(self.count)]
        for one in clients:
            one.wait_line(lambda line: True, 20)
        time.sleep(WARM_S)
        os.kill(self.behind.pid, signal.SIGSTOP)
        own = {client.pid for client in clients}
        return [
            Truth({"type": "reader", "pid": own}, "awaiting_reply", {}, least=self.count, most=self.count),
            Truth({"type": "chain", "pid": self.behind.pid}, "stopped", {}, most=2, passes=("not_accepted",)),
            Truth({"type": "reader", "pid": self.pids}, "awaiting_reply", {}, least=0, most=9),
            Truth({"type": "reader", "local_port": UPSTREAM}, "not_read", {}, least=0, most=9),
            Truth({"type": "reader", "local_port": PORT}, "not_read", {}, least=0, most=9),
            Truth({"type": "service", "local_port": UPSTREAM}, "not_answering", {}, least=0, most=1),
            Truth({"type": "service", "local_port": PORT}, "not_answering", {}, least=0, most=1),
            Truth({"type": "handshake"}, "not_accepted", {}, least=0, most=9),
            Truth({"type": "listener", "pid": self.pids}, "not_accepting", {}, least=0, most=1),
            Truth({"type": "listener", "local_port": UPSTREAM}, "not_accepting", {}, least=0, most=1),
            Truth({"type": "loop", "pid": self.behind.pid}, "stalled", {}, least=0, most=9),
            # A child of Apache waits for its listener in epoll_wait, and for the other server in poll.
            Truth({"type": "loop", "pid": self.pids}, "stalled", {}, least=0, most=2),
        ]


class Load(Web, Healthy):
    def load(self, stage):
        for _ in range(3):
            self.ask(stage)


def scenario_of(name, proxy, *needs):
    common = {"proxy": staticmethod(proxy), "needs": needs or (name,)}
    twin = type("Load", (Load,), {"name": f"{name}-between", **common})
    return type("Stuck", (Stuck,), {"name": f"{name}-in-between", "twin": twin, **common})


SCENARIOS = [
    scenario_of("prefork", prefork),
    scenario_of("squid", squid),
    scenario_of("nginx-proxy", nginx, "nginx"),
    scenario_of("haproxy-proxy", haproxy, "haproxy"),
    scenario_of("varnish", varnish, "varnishd", "gcc"),
]
