# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What is done on each release: see STEPS."""

import os
import re
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
# More than so many failures are no accident of a busy machine: then none is tried again.
MOST_RETRIED = 8


class Result:
    """What became of a step: how much passed, and what failed, a line each."""

    def __init__(self, name, is_vital=False):
        self.name, self.is_vital = name, is_vital
        self.passed, self.failures, self.retried, self.skipped = 0, [], [], []

    def check(self, good, why):
        if good:
            self.passed += 1
        else:
            self.failures.append(why)
        return good

    def command(self, inside, command, timeout=900):
        """One that must succeed. Its output; None: it did not."""
        good, said = inside.run(command, timeout)
        if self.check(good, f"{command}\n{last_lines(said)}"):
            return said
        return None

    def summary(self):
        return f"{self.passed} passed, {len(self.failures)} failed"


def last_lines(text, count=25):
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-count:])


def build(inside, suite):
    """Without a warning; of sid's compiler, which is newer than the sources, a warning may come."""
    result = Result("build", is_vital=True)
    result.command(inside, f"make -j$(nproc) {'' if suite == 'sid' else 'WERROR=1'} all man build/shim.so")
    return result


def run(inside, _suite):
    """It starts, and says of this kernel what it said on the machine's own release: that all programs can be used."""
    result = Result("run", is_vital=True)
    result.command(inside, "build/sockstall -1")
    table = result.command(inside, "build/sockstall check")
    if table is not None:
        refused = re.findall(r"^(\w+) +no ", table, re.M)
        result.check(not refused, f"check says no to {' '.join(refused)}")
    return result


def static(inside, _suite):
    result = Result("static")
    if result.command(inside, "make -j$(nproc) static") is not None:
        result.command(inside, "build/sockstall-static -1")
    return result


def unit(inside, _suite):
    result = Result("unit")
    good, said = inside.run("make -j$(nproc) unit", timeout=1200)
    counted = re.search(r"^unit tests: (\d+) passed", said, re.M)
    result.passed = int(counted.group(1)) if counted else 0
    failed = re.findall(r"^FAILED (.*)$", said, re.M)
    result.failures = list(dict.fromkeys(failed))
    if not good and not failed:
        result.failures.append(f"make unit\n{last_lines(said)}")
    if not result.passed and not result.failures:
        result.failures.append("no unit test ran")
    return result


def core_tests():
    with open(os.path.join(HERE, "core.list"), encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def _outcome(case):
    """passed, failed or skipped, and why."""
    for kind, name in ("failure", "failed"), ("error", "failed"), ("skipped", "skipped"):
        found = case.find(kind)
        if found is not None:
            return name, (found.get("message") or "").splitlines()[0][:300]
    return "passed", ""


def _pytest(inside, tests):
    """By the name that pytest takes: outcome and reason. None: it did not come to its end."""
    said_in = inside.path("build/e2e.xml")
    if os.path.exists(said_in):
        os.unlink(said_in)
    _, said = inside.run(
        "cd tests/e2e && SLOW=2 /usr/bin/python3 -m pytest -p no:cacheprovider -q -o junit_family=xunit1 "
        f"--junitxml=../../build/e2e.xml {' '.join(tests)}",
        timeout=1500,
    )
    if not os.path.exists(said_in):
        return None, said
    cases = xml.etree.ElementTree.parse(said_in).iter("testcase")
    return {f"{case.get('file')}::{case.get('name')}": _outcome(case) for case in cases}, said


def e2e(inside, _suite):
    """What failed runs once more: other programs run beside."""
    result = Result("e2e")
    found, said = _pytest(inside, core_tests())
    if not result.check(found, f"pytest did not come to its end\n{last_lines(said)}"):
        return result
    failed = [name for name, (outcome, _) in found.items() if outcome == "failed"]
    if failed and len(failed) <= MOST_RETRIED:
        again, _ = _pytest(inside, [f"'{name}'" for name in failed])
        result.retried = [name for name in failed if (again or {}).get(name, ("",))[0] == "passed"]
        found.update(again or {})
    for name, (outcome, why) in found.items():
        if outcome == "skipped":
            result.skipped.append(f"{name}: {why}")
        else:
            result.check(outcome == "passed", f"{name}: {why}")
    return result


def package(inside, _suite):
    """`make deb`; then it is installed, run and purged. Only a package in there needs it: nothing else is removed."""
    result = Result("package")
    if result.command(inside, "make deb", timeout=1200) is None:
        return result
    # One command: it is purged however the rest goes.
    said = result.command(
        inside,
        """
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y -q ./build/deb/sockstall_*.deb || exit 1
        dpkg -L sockstall >/tmp/files
        trap 'apt-get purge -y -q sockstall' EXIT
        for f in $(cat /tmp/files); do [ -e "$f" ] || { echo "$f is not there"; exit 1; }; done
        /usr/sbin/sockstall --version && /usr/sbin/sockstall -1 && /usr/sbin/sockstall check &&
        grep -q sockstall /usr/share/doc/sockstall/README.md && man -w sockstall || exit 1
        trap - EXIT
        apt-get purge -y -q sockstall || exit 1
        ! dpkg -s sockstall 2>/dev/null || { echo "still known to dpkg"; exit 1; }
        for f in $(cat /tmp/files); do [ -d "$f" ] || [ ! -e "$f" ] || { echo "$f is left"; exit 1; }; done
        for d in $(grep sockstall /tmp/files); do [ ! -e "$d" ] || { echo "$d is left"; exit 1; }; done
        """,
    )
    if said is not None:
        version = re.search(r"^VERSION := (\S+)", open(inside.path("Makefile"), encoding="utf-8").read(), re.M).group(1)
        result.check(f"\nsockstall {version} (libbpf " in said, f"it is not version {version}")
    return result


STEPS = {step.__name__: step for step in (build, run, static, unit, e2e, package)}


def wanted(names):
    """In this order; none named: all."""
    chosen = names.split()
    unknown = set(chosen) - set(STEPS)
    if unknown:
        raise SystemExit(f"check-distros: no step {' '.join(sorted(unknown))}; there are {' '.join(STEPS)}")
    return [step for name, step in STEPS.items() if not chosen or name in chosen]
