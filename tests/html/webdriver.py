# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""As much of WebDriver (W3C) as the tests of pages need: a headless Chromium without a network."""

import base64
import http.client
import json
import subprocess
import tempfile

from child import SLOW, die_with_parent, wait_until
from netns import Namespace

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]
PORT = 9515


class Browser:
    """In a network namespace that leads nowhere, so that a page which asks for anything gets nothing. Spoken to from there."""

    def __init__(self, width, height, mobile=False, scheme="light"):
        self.profile = tempfile.TemporaryDirectory(prefix="sst-chromium-")
        self.net = Namespace()
        self.driver = subprocess.Popen(
            [*self.net.enter(), "chromedriver", f"--port={PORT}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        self.net.programs.append(_Owned(self.driver))
        wait_until(self._is_ready, 30, "chromedriver")
        flags = [
            *FLAGS,
            f"--user-data-dir={self.profile.name}",
            f"--window-size={width},{height}",
            f"--blink-settings=preferredColorScheme={1 if scheme == 'light' else 0}",
        ]
        options = {"args": flags, "binary": "/usr/bin/chromium"}
        if mobile:
            options["mobileEmulation"] = {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0}}
        wanted = {
            "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }
        }
        self.session = self._ask("POST", "/session", {"capabilities": wanted})["sessionId"]

    def _is_ready(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except (OSError, AssertionError):
            return False

    def _ask(self, method, path, body=None):
        """One request, sent from within the namespace."""
        script = (
            "import sys, http.client as h\nc = h.HTTPConnection('127.0.0.1', int(sys.argv[1]), timeout=120)\n"
            "b = sys.stdin.buffer.read()\nc.request(sys.argv[2], sys.argv[3], b or None)\n"
            "sys.stdout.buffer.write(c.getresponse().read())"
        )
        done = subprocess.run(
            [*self.net.enter(), "/usr/bin/python3", "-c", script, str(PORT), method, path],
            input=json.dumps(body).encode() if body is not None else b"",
            capture_output=True,
            timeout=150 * SLOW,
            check=False,
        )
        if done.returncode:
            raise OSError(done.stderr.decode()[-300:])
        value = json.loads(done.stdout)["value"]
        assert not (isinstance(value, dict) and value.get("error")), value
        return value

    def ask(self, method, path, **body):
        return self._ask(method, f"/session/{self.session}{path}", body if method == "POST" else None)

    def open(self, path):
        self.ask("POST", "/url", url=f"file://{path}")

    def script(self, text):
        return self.ask("POST", "/execute/sync", script=text, args=[])

    def type(self, selector, keys):
        found = self.ask("POST", "/element", using="css selector", value=selector)
        self.ask("POST", f"/element/{next(iter(found.values()))}/value", text=keys)

    def console(self):
        """What the page had to complain about."""
        return [
            one for one in self.ask("POST", "/se/log", type="browser") if not one["message"].startswith("chrome://")
        ]

    def requests(self):
        """
        Every address that was asked for, and not refused by the page's policy. What the browser shows before the page
        is its own affair.
        """
        events = [json.loads(one["message"])["message"] for one in self.ask("POST", "/se/log", type="performance")]
        refused = {
            one["params"]["requestId"]
            for one in events
            if one["method"] == "Network.loadingFailed" and one["params"].get("blockedReason") == "csp"
        }
        asked = [one["params"] for one in events if one["method"] == "Network.requestWillBeSent"]
        return [
            one["request"]["url"]
            for one in asked
            if one["requestId"] not in refused and not one["documentURL"].startswith("chrome://")
        ]

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def pdf(self):
        return base64.b64decode(self.ask("POST", "/print", background=True))

    def close(self):
        try:
            self.ask("DELETE", "")
        except (OSError, http.client.HTTPException, AssertionError):
            pass
        self.net.delete()
        self.profile.cleanup()


class _Owned:
    """What Namespace.delete() ends."""

    def __init__(self, process):
        self.process = process

    def end(self):
        self.process.terminate()
        self.process.wait(20 * SLOW)
