# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Mosquitto, with subscribers that wait for news and publishers that are acknowledged, and MariaDB, with clients that ask and one that waits for
another's lock. The twins' subscribers get nothing for long, and acknowledge what they get.
"""

import os
import signal
import subprocess
import time

from needs import beside, where
from scenario import Healthy, Scenario, Truth

MQTT, MYSQL = 1883, 3306
WARM_S = 3

MOSQUITTO = """
listener {port} {address}
allow_anonymous true
"""

PUBLISH = "while sleep 0.3; do echo news; done | {pub} -h {server} -p {port} -q 1 -t {topic} -l"


def mosquitto(stage):
    path = stage.write("mosquitto.conf", MOSQUITTO.format(port=MQTT, address=stage.server_addr))
    broker = stage.start(stage.server, where("mosquitto"), "-c", path)
    stage.listening(stage.server, MQTT)
    return broker


def publish(stage, topic="news"):
    words = {"pub": where("mosquitto_pub"), "server": stage.server_addr, "port": MQTT, "topic": topic}
    return stage.start(stage.client, "sh", "-c", PUBLISH.format(**words))


def subscribe(stage, topic="news"):
    program = beside("mosquitto_pub", "mosquitto_sub")
    return stage.start(stage.client, program, "-h", stage.server_addr, "-p", MQTT, "-q", 1, "-t", topic)


class MosquittoHealthy(Healthy):
    name = "mosquitto"
    needs = ("mosquitto", "mosquitto_pub")

    def prepare(self, stage):
        mosquitto(stage)

    def load(self, stage):
        for topic in "news", "news", "nothing":
            subscribe(stage, topic)
        publish(stage)


class MosquittoStopped(Scenario):
    """Its publisher goes on sending; its subscribers are owed nothing."""

    name = "mosquitto-stopped"
    needs = ("mosquitto", "mosquitto_pub")
    twin = MosquittoHealthy
    patience = 40

    def prepare(self, stage):
        self.broker = mosquitto(stage)
        for topic in "news", "nothing":
            subscribe(stage, topic)
        publish(stage)
        time.sleep(WARM_S)

    def stall(self, stage):
        time.sleep(WARM_S)
        os.kill(self.broker.pid, signal.SIGSTOP)
        own = {"pid": self.broker.pid}
        return [
            Truth({"type": "reader", "local_port": MQTT, **own}, "not_read", {}, most=2),
            Truth({"type": "service", "local_port": MQTT, **own}, "not_answering", {"cause": "stopped"}, least=0),
            Truth({"type": "loop", **own}, "stalled", {}, least=0),
            Truth(
                {"type": "reader", "comm": {"mosquitto_pub", "mosquitto_sub"}}, "awaiting_reply", {}, least=0, most=2
            ),
            Truth({"type": "chain", **own}, "stopped", {}, least=0),
        ]


def mariadb(stage):
    data = stage.path("mysql", "mysql")
    options = [
        *("--no-defaults", f"--datadir={data}", "--user=mysql", f"--socket={stage.folder}/mysql.sock"),
        *("--skip-networking=0", f"--bind-address={stage.server_addr}", f"--port={MYSQL}", "--skip-grant-tables"),
        *("--innodb-lock-wait-timeout=600", f"--pid-file={data}/pid"),
    ]
    done = subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=mysql", "--skip-test-db"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    if done.returncode:
        raise RuntimeError(done.stdout.decode())
    os.chmod(stage.folder, 0o777)
    server = stage.start(stage.server, where("mariadbd"), *options)
    stage.listening(stage.server, MYSQL, timeout=40)
    return server


def ask(stage, statements):
    """The command-line client, which reads answers with a limit, and so waits in poll."""
    return stage.start(
        stage.client, where("mariadb"), "--no-defaults", "-h", stage.server_addr, "-P", MYSQL, "-n", "-e", statements
    )


class MariadbHealthy(Healthy):
    name = "mariadb"
    needs = ("mariadbd", "mariadb")

    def prepare(self, stage):
        mariadb(stage)

    def load(self, stage):
        loop = f"while :; do {where('mariadb')} --no-defaults -h {stage.server_addr} -P {MYSQL} -e 'select 1'; sleep 0.2; done"
        for _ in range(2):
            stage.start(stage.client, "sh", "-c", loop)


class MariadbLock(Scenario):
    """A client holds a named lock, and another asks for it."""

    name = "mariadb-lock"
    needs = ("mariadbd", "mariadb")
    twin = MariadbHealthy
    patience = 40

    def prepare(self, stage):
        self.server = mariadb(stage)

    def stall(self, stage):
        holder = ask(stage, "select get_lock('l', 600), sleep(600)")
        time.sleep(WARM_S)
        before = time.time()
        waiter = ask(stage, "select get_lock('l', 600)")
        time.sleep(1)
        return [
            Truth({"type": "reader", "pid": waiter.pid}, "awaiting_reply", {"peer_port": MYSQL}, (before, time.time())),
            Truth({"type": "reader", "pid": holder.pid}, "awaiting_reply", {"peer_port": MYSQL}),
            Truth({"type": "chain"}, "blocked", {"pid": self.server.pid}, least=0, passes=("waiting",)),
        ]


SCENARIOS = [MosquittoStopped, MariadbLock]
