# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""promtool, node_exporter and Prometheus on what `sockstall metrics` writes; the alert rules and the dashboard."""

import json
import pathlib
import re
import subprocess
import urllib.parse

import pytest

import run
from child import PYTHON, wait_until
from conftest import SHARE
from netns import Namespace

RULES = SHARE / "sockstall.rules.yml"
DASHBOARD = SHARE / "sockstall.grafana.json"
TESTS = pathlib.Path(__file__).with_name("alerts.test.yml")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
# The file's comm label, as Prometheus has it in the end.
HOSTILE = 'e"v\\i\\x0a</l>'  # the name of conftest.py, as metrics write it: sockstall(8)


def promtool(*words, **options):
    return subprocess.run(
        ["promtool", *map(str, words)], capture_output=True, text=True, check=False, timeout=60, **options
    )


# The rules.


def test_the_rules_are_sound():
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0 and alerts() and f" {len(alerts())} rules" in done.stdout, done


def alerts():
    return re.findall(r"^      - alert: (\w+)", RULES.read_text(), re.M)


def test_names_and_pages():
    """Among the alerts of a fleet they say whose they are, and each leads to a page that is installed."""
    parts = re.split(r"^      - alert: ", RULES.read_text(), flags=re.M)[1:]
    assert all(name.startswith("Sockstall") for name in alerts()) and len(set(alerts())) == len(parts)
    for part in parts:
        (page, section) = re.search(r'runbook_url: "man:([a-z-]+)\((\d)\)"', part).groups()
        assert (SHARE / f"{page}.{section}.scd").exists(), part


def test_each_alert_fires_on_its_fault_alone():
    done = promtool("test", "rules", TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", alerts())
def test_the_tests_notice_an_alert_that_never_fires(alert, tmp_path):
    """And so they notice each of them, as it stands."""
    text = RULES.read_text()
    part = re.search(rf"      - alert: {alert}\n.*?(?=      - alert|\Z)", text, re.S).group(0)
    broken = re.sub(r"        for: \w+", "        for: 5h", part)
    assert broken != part
    (tmp_path / "rules.yml").write_text(text.replace(part, broken))
    tests = tmp_path / "tests.yml"
    tests.write_text(TESTS.read_text().replace("../../src/share/sockstall.rules.yml", "rules.yml"))
    assert promtool("test", "rules", tests).returncode == 1


# The dashboard.


def expressions():
    """Of the dashboard, with its variables filled in."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [one.replace("$instance", ".*").replace("$__rate_interval", "5s") for one in found]


def test_the_dashboard():
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 12
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    cells = [
        (x, y)
        for panel in panels
        for at in [panel["gridPos"]]
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(cells)) == len(cells), "panels lie over each other"
    sources = {panel["datasource"]["uid"] for panel in panels}
    assert sources == {"${datasource}"}, "bound to one installation's data source"
    assert not re.search(r"https?://", DASHBOARD.read_text())


def test_names_in_use_are_written(tmp_path):
    """By the dashboard and by the alerts."""
    assert run.sockstall("metrics", "--once", "--textfile", tmp_path).returncode == 0
    text = (tmp_path / "sockstall.prom").read_text()
    written = set(re.findall(r"^# TYPE (\w+)", text, re.M))
    used = set(re.findall(r"\bsockstall_\w+", " ".join(expressions()) + RULES.read_text()))
    assert {re.sub("_bucket$", "", name) for name in used} <= written
    known = {value for keys in run.properties().values() for value in keys.get("verdict", {}).get("enum", [])}
    for words in re.findall(r'verdict=~?"([^"]+)"', " ".join(expressions()) + RULES.read_text()):
        assert set(words.split("|")) <= known, words


# The file.


def test_promtool_likes_the_file(incident, open_folder):
    done = run.sockstall(
        "metrics", "--textfile", open_folder, "-m", "100ms", "-i", "200ms", "-d", "2s", "--netns", incident.here.inode
    )
    assert done.returncode == 0, done.stderr
    text = (open_folder / "sockstall.prom").read_text()
    assert 'comm="e\\"v\\\\i\\\\x0a</l>"' in text
    done = promtool("check", "metrics", input=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    broken = promtool("check", "metrics", input=text.replace('\\"v', '"v'))
    assert broken.returncode != 0, "it would not see a label that is not escaped"


# All together. Everything listens in a namespace of its own, on loopback.


class Fleet:
    def __init__(self, program, folder, textfiles):
        self.net = Namespace()
        enter = self.net.enter()
        # As an unprivileged user: what root writes must be readable.
        self.exporter = program(
            [
                *enter,
                *NOBODY,
                "prometheus-node-exporter",
                "--collector.disable-defaults",
                "--collector.textfile",
                f"--collector.textfile.directory={textfiles}",
                "--web.listen-address=127.0.0.1:9100",
            ]
        )
        config = folder / "prometheus.yml"
        config.write_text(
            f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{RULES}]\n"
            "scrape_configs: [{job_name: node, static_configs: [{targets: ['127.0.0.1:9100']}]}]\n"
        )
        self.server = program(
            [
                *enter,
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:9090",
                "--log.level=warn",
            ]
        )
        wait_until(lambda: self.get("http://127.0.0.1:9090/-/ready"), 30, "Prometheus")

    def get(self, url):
        """What is there, as text; None where nothing answers."""
        script = "import sys, urllib.request as u; sys.stdout.buffer.write(u.urlopen(sys.argv[1], timeout=5).read())"
        done = subprocess.run(
            [*self.net.enter(), PYTHON, "-c", script, url], capture_output=True, check=False, timeout=30
        )
        return done.stdout.decode() if done.returncode == 0 else None

    def api(self, path, **words):
        answer = json.loads(self.get(f"http://127.0.0.1:9090/api/v1/{path}?{urllib.parse.urlencode(words)}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression):
        """[(labels, value)]"""
        return [(one["metric"], float(one["value"][1])) for one in self.api("query", query=expression)["result"]]

    def close(self):
        self.net.delete()


@pytest.fixture
def fleet(program, open_folder, tmp_path):
    (open_folder / "textfiles").mkdir()
    fleet = Fleet(program, tmp_path, open_folder / "textfiles")
    yield fleet
    fleet.close()


def test_prometheus_scrapes_it(incident, fleet, stream, open_folder):
    stream(
        "metrics", "--textfile", open_folder / "textfiles", "-m", "100ms", "-i", "500ms", "--netns", incident.here.inode
    )

    def is_there():
        # Twice: rates need two values.
        found = fleet.query("count_over_time(sockstall_looks_total[1m])")
        return found and found[0][1] >= 3

    wait_until(is_there, 60, "the first scrapes")

    assert fleet.query("node_textfile_scrape_error")[0][1] == 0
    stuck = {
        (labels["comm"], labels["kind"], labels["verdict"]): value
        for labels, value in fleet.query("sockstall_process_stalls")
    }
    assert stuck[HOSTILE, "reader", "awaiting_reply"] == 1
    assert stuck["python3", "loop", "stalled"] == 1
    assert stuck["python3", "handshake", "not_accepted"] == 3
    assert ("python3", "listener", "accept_queue_full") in stuck
    filled = fleet.query('sockstall_listener_accept_queue{port="5004"} / sockstall_listener_accept_queue_limit')
    assert [value for _, value in filled] == [1]
    oldest = {labels["kind"]: value for labels, value in fleet.query("sockstall_oldest_stall_seconds")}
    assert oldest["reader"] > 0.1 and oldest["loop"] > 0.1
    assert len(fleet.query("sockstall_loop_lag_seconds_bucket")) >= 18
    kinds = fleet.api("metadata", metric="sockstall_loop_lag_seconds")["sockstall_loop_lag_seconds"]
    assert kinds[0]["type"] == "histogram" and kinds[0]["help"]

    for expression in expressions():
        fleet.query(expression)
    # Pending: they fire only after the time that their rules give a fault to go away by itself.
    pending = {one["labels"]["alertname"] for one in fleet.api("alerts")["alerts"]}
    assert {
        "SockstallNobodyGetsIn",
        "SockstallConnectionsAreNotAccepted",
        "SockstallAcceptQueueFillsUp",
        "SockstallEventLoopStandsStill",
    } <= pending
    assert not pending & {"SockstallSynFlood", "SockstallPeerIsDead", "SockstallIsSilent"}


def test_an_idle_host_alarms_nobody(fleet, stream, open_folder):
    """The healthy twin: nothing is stuck in its namespace."""
    quiet = Namespace()
    stream("metrics", "--textfile", open_folder / "textfiles", "-i", "500ms", "--netns", quiet.inode)
    wait_until(lambda: len(fleet.query("sockstall_info")) == 1, 60, "the first scrape")
    assert fleet.query("sum(sockstall_stalls)")[0][1] == 0
    assert fleet.query("count(sockstall_stalls)")[0][1] > 20
    alarmed = {one["labels"]["alertname"] for one in fleet.api("alerts")["alerts"]}
    assert {name for name in alarmed if not name.startswith("Sockstall")} == set()
    quiet.delete()
