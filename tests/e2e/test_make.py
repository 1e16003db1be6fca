# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What `make run` and `make check` install, and how they get along with another apt. dpkg-query and apt-get are played."""

import os
import re
import subprocess

import pytest

import run

with open(os.path.join(run.ROOT, "Makefile"), encoding="utf-8") as makefile:
    MAKEFILE = makefile.read().replace("\\\n", " ")

# Its first UPDATES updates end with $SAID; what it was asked to install is in $LOG.
APT = """#!/bin/sh
echo "$*" >>"$LOG"
[ "$1" = update ] || exit 0
[ "$(grep -c '^update' "$LOG")" -le "$UPDATES" ] || exit 0
echo "$SAID" >&2
exit 100
"""
LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)"


def packages(name):
    return re.search(rf"^{name} := (.*)$", MAKEFILE, re.M).group(1).split()


@pytest.fixture
def apt(tmp_path):
    """Runs make where no package is installed, and returns what it printed and what apt-get was asked."""
    for name, text in ("dpkg-query", "#!/bin/sh\nexit 1\n"), ("apt-get", APT):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def make(*words, updates=0, said=LOCKED, code=0):
        log = tmp_path / "log"
        log.write_text("")
        played = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(log), "UPDATES": str(updates), "SAID": said}
        done = subprocess.run(
            ["make", "-s", "-C", run.ROOT, *words],
            env=os.environ | played,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done, log.read_text().splitlines()

    return make


def asked_for(lines):
    """The packages of the one install, and all its words."""
    install = [line.split() for line in lines if line.startswith("install ")]
    assert len(install) == 1, lines
    return [word for word in install[0][1:] if not word.startswith("-") and "=" not in word], install[0]


def test_run_installs_what_building_needs(apt):
    done, lines = apt("run", "ARGS=--version")
    wanted, words = asked_for(lines)
    assert wanted == packages("BUILD_PACKAGES")
    assert "DPkg::Lock::Timeout=600" in words, words
    assert done.stdout.splitlines()[-1].startswith("sockstall ")


def test_packages_are_all_unless_said(apt):
    _, lines = apt("packages")
    assert asked_for(lines)[0] == packages("BUILD_PACKAGES") + packages("TEST_PACKAGES")


def test_check_installs_what_tests_need():
    assert re.search(r"^check: packages$", MAKEFILE, re.M)


@pytest.mark.parametrize(
    "status, missing", [("ok installed", False), ("ok triggers-pending", False), ("ok unpacked", True)]
)
def test_what_is_installed(apt, tmp_path, status, missing):
    """What another apt is about to tell something is there; what it is about to configure is not."""
    (tmp_path / "dpkg-query").write_text(f"#!/bin/sh\necho install {status}\n")
    done, lines = apt("needed", "PACKAGES=one", code=2 if missing else 0)
    assert ("not installed: one" in done.stderr) == missing and not lines


def test_other_targets_only_say_what_is_missing(apt):
    done, lines = apt("needed", "PACKAGES=one two", code=2)
    assert done.stderr.splitlines()[0] == "sockstall: not installed: one two (INSTALL=1 installs what is missing)"
    assert not lines


def test_other_targets_install_if_they_are_told_to(apt):
    _, lines = apt("needed", "PACKAGES=one", "INSTALL=1", code=2)  # dpkg-query is played: it is still not there
    assert asked_for(lines)[0] == ["one"]


def test_it_waits_for_another_apt(apt):
    done, lines = apt("packages", "PACKAGES=one", updates=2)
    assert [line.split()[0] for line in lines] == ["update", "update", "update", "install"]
    assert done.stderr.count("sockstall: waiting for another apt, 600 s at most") == 1


def test_it_does_not_wait_for_ever(apt):
    done, lines = apt("packages", "PACKAGES=one", "APT_WAIT=1", updates=99)
    assert [line.split()[0] for line in lines].count("update") == 2
    assert LOCKED in done.stderr


def test_lists_that_cannot_be_updated(apt):
    """A foreign repository is broken: what is wanted may be had all the same."""
    done, lines = apt("packages", "PACKAGES=one", updates=99, said="E: The repository 'http://x y' is not signed.")
    assert [line.split()[0] for line in lines] == ["update", "install"]
    assert "is not signed" in done.stderr
    assert "sockstall: apt cannot update its lists; trying those that are there" in done.stderr
