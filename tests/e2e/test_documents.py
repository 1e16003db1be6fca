# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The contract, `--help`, the man page and the README say the same."""

import os
import re
import subprocess
import time

import pytest

import contract
import run
from child import PATIENCE, Stall
from scene import block, waiting_client
from zoo import Room

MANUAL = os.path.join(run.ROOT, "src", "share", "sockstall.8.scd")
README = os.path.join(run.ROOT, "README.md")
VERDICT_TITLES = {"handshake": "handshakes", "listener": "listeners", "reader": "readers", "loop": "loops",
                  "writer": "writers", "closing": "closing connections", "chain": "chains"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def part(title, level="#"):
    """What stands under a heading of the man page."""
    # In capitals: an example may begin with root's prompt.
    end = r"^# [A-Z]{2}|\Z" if level == "#" else r"^# [A-Z]{2}|^## |\Z"
    found = re.search(rf"^{level} {re.escape(title)}\n(.*?)(?={end})", read(MANUAL), re.M | re.S)
    assert found, f"no '{level} {title}' in {MANUAL}"
    return found.group(1)


def terms(text):
    """The bold words of the lines that a definition stands under."""
    lines = [line for line in text.splitlines() if line.startswith("*")]
    return [word for line in lines for word in re.findall(r"\*([^*]+)\*", line)]


def records():
    """Record type -> its properties."""
    return {one["properties"]["type"]["const"]: one["properties"] for one in run.schema()["oneOf"]}


def verdicts():
    return {kind: [value for value in properties["verdict"]["enum"] if value]
            for kind, properties in records().items() if "verdict" in properties}


def option_in(text):
    """(letter, name, argument) of `-i, --interval DUR` or `--port PORT`."""
    found = re.fullmatch(r"(?:-(\w), )?--([\w-]+)(?: (\S+))?", text)
    assert found, f"no option: {text!r}"
    return found.groups()


def help_options():
    text = run.sockstall("--help").stdout.decode()
    lines = re.findall(r"^  (?:-.|  )[, ] --.*", text, re.M)
    assert all(line[28] == " " for line in lines), "the texts of --help do not stand in one column"
    return [option_in(line[:28].strip()) for line in lines]


def manual_options():
    lines = [line for line in part("OPTIONS").splitlines() if line.startswith("*-")]
    return [option_in(re.sub(r"[*]|(?<= )_|_$", "", line)) for line in lines]


def test_options_of_help():
    assert help_options() == contract.OPTIONS


def test_options_of_the_man_page():
    assert manual_options() == contract.OPTIONS


def test_commands_of_help():
    text = run.sockstall("--help").stdout.decode().partition("Commands:\n")[2].partition("\n\n")[0]
    assert re.findall(r"^  ([a-z]\w*)", text, re.M) == contract.COMMANDS


def test_commands_of_the_man_page():
    assert terms(part("COMMANDS")) == contract.COMMANDS


def test_verdicts_of_the_man_page():
    for kind, wanted in verdicts().items():
        said = terms(part(f"Verdicts on {VERDICT_TITLES[kind]}", "##"))
        assert sorted(said) == sorted(wanted), kind


def test_verdicts_of_the_readme():
    text = read(README)
    missing = {name for names in verdicts().values() for name in names if f"`{name}`" not in text}
    assert not missing


def rule_tables():
    """The verdicts of each table of rules in the sources, in order, each once."""
    folder = os.path.join(run.ROOT, "src")
    text = "".join(read(os.path.join(folder, name)) for name in sorted(os.listdir(folder))
                   if re.fullmatch(r"verdict_\w+\.c", name))
    tables = re.findall(r"_rule \w*rules\[\] = \{\n(.*?)\n\};", text, re.M | re.S)
    return [list(dict.fromkeys(re.findall(r'^\t\{ .*?"(\w+)"', table, re.M))) for table in tables]


def test_tables_of_the_readme_are_those_of_the_sources():
    tables = re.findall(r"^\| verdict \|.*\n\|[ |-]+\n((?:\|.*\n)+)", read(README), re.M)
    shown = [re.findall(r"^\| `(\w+)`", table, re.M) for table in tables]
    assert sorted(shown) == sorted(rule_tables())
    assert sorted(map(sorted, shown)) == sorted(map(sorted, verdicts().values()))
    assert all(row.count("|") == 4 for table in tables for row in table.splitlines()), "each with evidence and advice"


def test_every_verdict_is_reached_by_a_test():
    """One that has to happen on a real kernel: a literal in an end-to-end test or a scenario."""
    folders = [os.path.dirname(os.path.abspath(__file__)), os.path.join(run.ROOT, "tests", "scenarios")]
    files = [os.path.join(folder, name) for folder in folders for name in os.listdir(folder)
             if name.endswith(".py") and name != os.path.basename(__file__)]
    text = "".join(map(read, files))
    missing = {name for names in verdicts().values() for name in names if f'"{name}"' not in text}
    assert not missing


def test_record_types_of_the_man_page():
    said = set(re.findall(r"_(\w+)_", part("All records", "##").partition("*type*")[2].partition("\n\n")[0]))
    assert said == set(records())


def test_keys_of_the_man_page():
    everywhere = set(terms(part("All records", "##")))
    stalls = set(terms(part("Stalls", "##")))
    missing, too_many = {}, {}
    for kind, properties in records().items():
        common = everywhere | (stalls if kind in VERDICT_TITLES else set())
        # Also those in running text ("it has *pid*, as above").
        own = set(re.findall(r"\*(\w+)\*", part(kind, "##")))
        missing[kind] = set(properties) - common - own
        too_many[kind] = own - set(properties)
    assert not any(missing.values()), missing
    assert not any(too_many.values()), too_many


def test_exit_codes_of_the_man_page():
    assert terms(part("EXIT STATUS")) == contract.EXIT_CODES


def test_the_man_page_is_well_formed():
    page = subprocess.run(["scdoc"], input=read(MANUAL).encode(), capture_output=True, check=True).stdout
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-"], input=page, capture_output=True,
                          env={**os.environ, "MANPAGER": "cat", "MANROFFSEQ": ""}, check=True)
    assert done.stderr == b""
    assert b"SYNOPSIS" in done.stdout


# The examples run as they stand, but for the process and the cgroup, which are this test's own.

def examples():
    blocks = re.findall(r"^```\n(.*?)^```", part("EXAMPLES"), re.M | re.S)
    return [re.sub(r"^[#$] ", "", block.replace("\\\\", "\\"), flags=re.M) for block in blocks]


def test_there_are_ten_examples():
    assert len(examples()) >= 10


@pytest.fixture
def example_folder(tmp_path):
    (tmp_path / "bin").mkdir()
    os.symlink(run.SOCKSTALL, tmp_path / "bin" / "sockstall")
    return tmp_path


@pytest.mark.parametrize("number", range(10))
def test_example(number, example_folder):
    script = examples()[number].replace("1234", str(os.getpid())).replace("/system.slice/nginx.service", "/")
    path = f"{example_folder / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", f"set -o pipefail\n{script}\nwait"], cwd=example_folder, timeout=60 * PATIENCE,
                          capture_output=True, env={**os.environ, "PATH": path})
    assert done.returncode == 0, (script, done)
    assert done.stderr == b"", script


def test_jq_lines_of_the_readme(example_folder):
    """Each gives something: there is a loop that turns, and a reader that could wait for ever."""
    lines = re.findall(r"^    (sockstall .*\| jq .*)$", read(README), re.M)
    assert len(lines) >= 3
    room = Room()
    try:
        block(waiting_client(room, 5301, room.link.right4))
        Stall(room.here, "loop.py").said("turned")
        time.sleep(1)  # the default --min-age
        for line in lines:
            done = subprocess.run(["bash", "-c", f"set -o pipefail\n{line}"], timeout=60 * PATIENCE, capture_output=True, check=False,
                                  env={**os.environ, "PATH": f"{example_folder / 'bin'}:{os.environ['PATH']}"})
            assert done.returncode == 0 and done.stdout and not done.stderr, (line, done)
    finally:
        room.close()


def test_examples_use_known_options():
    words = re.findall(r"(?<!\S)(--?[a-z0-9][\w-]*)", " ".join(re.sub(r"'[^']*'", "", text) for text in examples()))
    assert set(words) - {"-r", "-rs"} <= contract.LONG | contract.SHORT  # those two are jq's and read's
