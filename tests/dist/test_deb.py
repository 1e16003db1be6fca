# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The package that `make deb` built: installed, upgraded and purged in a root folder of its own."""

import gzip
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {
    "usr/sbin/sockstall",
    "usr/share/man/man8/sockstall.8.gz",
    "usr/share/man/man7/sockstall-verdicts.7.gz",
    "usr/share/man/man5/sockstall-records.5.gz",
    "usr/share/bash-completion/completions/sockstall",
    "usr/share/zsh/vendor-completions/_sockstall",
    "usr/share/fish/vendor_completions.d/sockstall.fish",
    "usr/share/doc/sockstall/changelog.gz",
    "usr/share/doc/sockstall/copyright",
    "usr/share/doc/sockstall/README.md",
    "usr/share/doc/sockstall/RESULTS.md",
    "usr/share/doc/sockstall/SKILL.md",
    "usr/share/doc/sockstall/security.md",
}
FILES |= {
    f"usr/share/doc/sockstall/costs/{path.name}"
    for path in (ROOT / "tests/bench/docs").iterdir()
    if path.suffix in (".md", ".svg")
}
FILES |= {
    f"usr/share/doc/sockstall/examples/{name}"
    for name in (
        "sockstall.service",
        "sockstall-metrics.service",
        "sockstall.rules.yml",
        "sockstall.grafana.json",
        "rsyslog.conf",
        "syslog-ng.conf",
        "incident.sql",
        "fleet.sql",
        "fleet-duckdb.sql",
        "fleet-postgres.sql",
        "Containerfile",
        "sockstall.daemonset.yml",
        "sockstall-nats.py",
    )
}


def command(*argv, **options):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def deb():
    found = list((ROOT / "build/deb").glob("sockstall_*.deb"))
    assert len(found) == 1, "run make deb"
    return found[0]


@pytest.fixture(scope="module")
def newer(deb, tmp_path_factory):
    """The same with a higher version, without one of its files and with another one."""
    folder = tmp_path_factory.mktemp("newer")
    command("dpkg-deb", "-R", deb, folder / "tree")
    control = folder / "tree/DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+next", control.read_text(), flags=re.M))
    (folder / "tree/DEBIAN/md5sums").unlink()
    os.rename(folder / "tree/usr/share/fish/vendor_completions.d/sockstall.fish",
              folder / "tree/usr/share/fish/vendor_completions.d/other.fish")
    command("dpkg-deb", "-b", folder / "tree", folder / "newer.deb")
    return folder / "newer.deb"


class Root:
    """An empty installation of dpkg."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "var/lib/dpkg/info").mkdir(parents=True)
        (folder / "var/lib/dpkg/updates").mkdir()
        (folder / "var/lib/dpkg/status").touch()
        (folder / "var/lib/dpkg/triggers").mkdir()
        (folder / "var/log").mkdir()

    def dpkg(self, *words):
        # Its libraries are not installed there, and no script of a package runs: it has none.
        return command("dpkg", f"--root={self.folder}", "--force-depends", "--force-script-chrootless",
                       "--path-include=*", "--log=/dev/null", *words)

    def files(self):
        """All but dpkg's own book-keeping."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
                if not path.is_relative_to(self.folder / "var/lib/dpkg")}

    def book(self):
        return {path.name for path in (self.folder / "var/lib/dpkg/info").iterdir() if path.name != "format"}


@pytest.fixture
def root(tmp_path):
    return Root(tmp_path)


def plain(root):
    return {path for path in root.files() if not (root.folder / path).is_dir()}


def test_install_upgrade_purge(root, deb, newer):
    before = root.files()
    root.dpkg("-i", deb)
    assert plain(root) == FILES
    root.dpkg("-i", newer)
    assert plain(root) == FILES - {"usr/share/fish/vendor_completions.d/sockstall.fish"} | {
        "usr/share/fish/vendor_completions.d/other.fish"}
    assert "+next" in root.dpkg("-s", "sockstall")
    root.dpkg("--purge", "sockstall")
    assert root.files() == before
    assert root.book() == set()


def test_remove_leaves_as_little_as_purge(root, deb):
    before = root.files()
    root.dpkg("-i", deb)
    root.dpkg("--remove", "sockstall")
    assert root.files() == before, "it has no configuration that could stay"


def test_it_has_no_maintainer_scripts(deb, tmp_path):
    command("dpkg-deb", "-e", deb, tmp_path)
    assert set(os.listdir(tmp_path)) == {"control", "md5sums"}


def test_lintian_knows_no_errors(deb):
    said = command("lintian", "--allow-root", "--fail-on", "error,warning", *deb.parent.glob("*.changes"))
    assert said == ""


def test_the_installed_program_runs(root, deb):
    root.dpkg("-i", deb)
    program = root.folder / "usr/sbin/sockstall"
    assert command(program, "--version").split()[1] == _makefile("VERSION")
    page = gzip.decompress((root.folder / "usr/share/man/man8/sockstall.8.gz").read_bytes())
    assert b"sockstall" in page
    unit = (root.folder / "usr/share/doc/sockstall/examples/sockstall.service").read_text()
    assert "ExecStart=/usr/sbin/sockstall " in unit


def _makefile(variable):
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    return re.search(rf"^{variable} := (.*)$", text, re.M).group(1).strip()


def test_links_of_the_readme_lead_to_what_is_installed(root, deb):
    root.dpkg("-i", deb)
    folder = root.folder / "usr/share/doc/sockstall"
    pages = "".join((folder / name).read_text() for name in ("README.md", "security.md", "RESULTS.md"))
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", pages)
    assert links
    assert [link for link in links if not (folder / link).exists()] == []


def test_the_changelog_has_the_version():
    first = (ROOT / "debian/changelog").read_text().splitlines()[0]
    assert first.startswith(f"sockstall ({_makefile('VERSION')}) ")


def test_build_depends_are_those_of_the_makefile():
    control = (ROOT / "debian/control").read_text()
    said = re.search(r"^Build-Depends:\n((?: .*\n)+)", control, re.M).group(1)
    names = {line.strip(" ,").split(" ")[0] for line in said.splitlines()}
    essential = {"gcc", "make", "libc6-dev", "linux-libc-dev"}  # build-essential has them
    assert names == set(_makefile("BUILD_PACKAGES").split()) - essential | {"debhelper-compat"}
