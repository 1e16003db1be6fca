# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""nginx with two workers that inherit the master's listener."""

import os
import signal
import time

from child import wait_until
from loops import WARM_S, ask, awaits
from needs import where
from scenario import Healthy, Scenario, Truth, begins
from stage import PROGRAMS, PYTHON, children

PORT, UPSTREAM = 8080, 8081

CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes {workers};
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen {address}:{port} backlog={backlog} {listen};
        location / {{ return 200 "ok\\n"; }}
        location /up {{ proxy_pass http://{upstream}:{upstream_port}/; proxy_read_timeout 600s; }}
    }}
}}
"""


def start_nginx(stage, workers=1, backlog=16, listen="", upstream=None):
    upstream_addr, upstream_port = upstream or (stage.client_addr, UPSTREAM)
    path = stage.write(
        "nginx.conf",
        CONFIGURATION.format(
            folder=stage.folder,
            workers=workers,
            backlog=backlog,
            listen=listen,
            address=stage.server_addr,
            port=PORT,
            upstream=upstream_addr,
            upstream_port=upstream_port,
        ),
    )
    nginx = stage.start(stage.server, where("nginx"), "-c", path, "-p", stage.folder)
    stage.listening(stage.server, PORT)
    nginx.workers = wait_until(lambda: len(children(nginx.pid)) == workers and children(nginx.pid), 5, "workers")
    nginx.all = {nginx.pid, *nginx.workers}
    return nginx


def url(stage, path=""):
    return f"http://{stage.server_addr}:{PORT}/{path}"


def endpoint(stage, netns, *steps):
    """One end of a connection, from the end-to-end tests."""
    path = os.path.join(os.path.dirname(os.path.dirname(PROGRAMS)), "e2e", "stalls", "endpoint.py")
    return stage.start(netns, PYTHON, "-u", path, *steps)


def said(program, event):
    program.wait_line(lambda line: b'"%s"' % event.encode() in line, 5)


class NginxHealthy(Healthy):
    """Itself, as a proxy, and with connections that are idle."""

    name = "nginx"
    needs = ("nginx", "wrk")

    def prepare(self, stage):
        start_nginx(stage, workers=2, backlog=511)
        stage.python(stage.client, "web_server.py", stage.client_addr, UPSTREAM)
        stage.listening(stage.client, UPSTREAM)

    def load(self, stage):
        stage.start(stage.client, "wrk", "-t1", "-c8", "-d60s", url(stage))
        stage.start(stage.client, "wrk", "-t1", "-c4", "-d60s", url(stage, "up"))
        stage.start(stage.client, "wrk", "-t1", "-c4", "-d60s", "-H", "Connection: close", url(stage))


class NginxStopped(Scenario):
    """The only worker is stopped while clients go on to connect."""

    name = "nginx-worker-stopped"
    needs = ("nginx", "wrk")
    twin = NginxHealthy

    def prepare(self, stage):
        self.nginx = start_nginx(stage, backlog=16)

    def stall(self, stage):
        wrk = stage.start(stage.client, "wrk", "-t1", "-c4", "-d60s", url(stage))
        time.sleep(WARM_S)
        before = time.time()
        worker = self.nginx.workers[0]
        os.kill(worker, signal.SIGSTOP)
        stopped = before, time.time()
        wrk.end()
        late = stage.start(stage.client, "wrk", "-t1", "-c24", "-d60s", url(stage))
        wait_until(lambda: stage.accept_queue(stage.server, PORT) == 17, 5, "a full accept queue")
        filled = time.time()
        # One more than those that do not fit: wrk tries the address first.
        waiting = len(stage.client.run("ss", "-Htn", "state", "syn-sent").splitlines())
        owner = {"pid": lambda pid: pid in self.nginx.all, "comm": "nginx", "netns": stage.server.inode}
        full = {**owner, "accept_queue": 17, "accept_queue_max": 16}
        return [
            Truth(
                {"type": "loop", "pid": worker, "tid": worker},
                "stalled",
                {"now": "blocked", "now_in": begins("stopped"), "netns": stage.server.inode},
                stopped,
                once=0,
            ),
            Truth({"type": "listener", "local_port": PORT}, "accept_queue_full", full),
            Truth(
                {"type": "handshake", "local_port": PORT, "side": "server"},
                "not_accepted",
                {**full, "stage": "ACCEPT_QUEUE", "gives_up_s": None},
                (before, filled),
                least=17,
                most=17,
            ),
            Truth(
                {"type": "handshake", "side": "client", "pid": late.pid},
                "no_answer",
                {"stage": "SYN_SENT", "peer_port": PORT, "netns": stage.client.inode},
                (before, filled),
                least=waiting,
                most=waiting,
            ),
        ]

    def end(self, stage):
        os.kill(self.nginx.workers[0], signal.SIGCONT)


class NginxUpstream(Scenario):
    """The upstream accepts and never answers. nginx waits as it should; its client waits for nginx."""

    name = "nginx-upstream-mute"
    needs = ("nginx", "wrk")
    twin = NginxHealthy

    def prepare(self, stage):
        start_nginx(stage)
        stage.python(stage.client, "mute_server.py", stage.client_addr, UPSTREAM, 16)
        stage.listening(stage.client, UPSTREAM)

    def stall(self, stage):
        client, since = ask(stage, url(stage, "up"))
        return [awaits(stage, client, since)]


class NginxClientDead(Scenario):
    """A client dies in mid-handshake: nginx's machine sends its SYN-ACK again and again."""

    name = "nginx-client-dead"
    needs = ("nginx", "nft")
    twin = NginxHealthy

    def prepare(self, stage):
        self.nginx = start_nginx(stage, workers=2)
        stage.server.sysctl("net.ipv4.tcp_synack_retries", 3)

    def stall(self, stage):
        stage.client.drop("input", f"tcp sport {PORT}")
        stage.client.only_one("output", f"tcp dport {PORT}")  # until it is dead: a second SYN would push the timer
        before = time.time()
        client = endpoint(stage, stage.client, f"connect={stage.server_addr},{PORT}")
        half_open = ("ss", "-Htn", "state", "syn-recv", "sport", "=", f":{PORT}")
        wait_until(lambda: stage.server.run(*half_open), 5, "a half-open connection")
        since = before, time.time()
        client.end()

        def gives_up(timeout):
            wait_until(lambda: not stage.server.run(*half_open), timeout, "the end of the request")
            return time.time()

        return [
            Truth(
                {"type": "handshake", "local_port": PORT},
                "peer_silent",
                {
                    "pid": lambda pid: pid in self.nginx.all,
                    "comm": "nginx",
                    "side": "server",
                    "stage": "SYN_RECV",
                    "peer_addr": stage.client_addr,
                    "retransmits_max": 3,
                },
                since,
                predicts="gives_up_s",
                happens=gives_up,
            )
        ]


class NginxDeferred(Scenario):
    """
    `listen … deferred`, and a client that connects and sends nothing. nginx defers for one second only: then
    the connection is accepted, and has nginx's own timer.
    """

    name = "nginx-deferred"
    needs = ("nginx",)
    twin = NginxHealthy

    def prepare(self, stage):
        self.nginx = start_nginx(stage, listen="deferred")

    def stall(self, stage):
        client = endpoint(stage, stage.client, f"connect={stage.server_addr},{PORT}")
        said(client, "connected")
        stage.socket_of(stage.server, self.nginx.workers[0])
        return []


class NginxSlowClient(Scenario):
    """A client that never finishes its request: nginx has a timer for it, and no thread is blocked."""

    name = "nginx-slow-client"
    needs = ("nginx",)
    twin = NginxHealthy

    def prepare(self, stage):
        start_nginx(stage)

    def stall(self, stage):
        client = stage.python(stage.client, "idle_clients.py", stage.server_addr, PORT, 1, "half")
        client.wait_line(lambda line: line == b"connected\n", 5)
        return []


SCENARIOS = [NginxStopped, NginxUpstream, NginxClientDead, NginxDeferred, NginxSlowClient]
