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

README = os.path.join(run.ROOT, "README.md")
SOURCES = os.path.join(run.ROOT, "src", "README.md")
STALLS = ["handshake", "listener", "reader", "writer", "closing", "chain", "loop", "service", "lock"]
TABLES = [*STALLS[:-2], "process", "service", "lock"]  # with verdicts
VERDICT_TITLES = {
    "handshake": "HANDSHAKES",
    "listener": "LISTENERS",
    "reader": "READERS",
    "loop": "LOOPS",
    "writer": "WRITERS",
    "closing": "CLOSING CONNECTIONS",
    "chain": "CHAINS",
    "process": "PROCESSES",
    "service": "SERVICES",
    "lock": "LOCKS",
}
COMMANDS, VERDICTS, RECORDS = "sockstall.8", "sockstall-verdicts.7", "sockstall-records.5"


@pytest.fixture(scope="module", autouse=True)
def made():
    """The man pages as they are made from their templates and the program's tables."""
    subprocess.run(["make", "-s", "-C", run.ROOT, "documents"], check=True, capture_output=True)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def page(name):
    return read(os.path.join(run.ROOT, "build", f"{name}.scd"))


def part(name, title, level="#"):
    """What stands under a heading of a man page."""
    # In capitals: an example may begin with root's prompt.
    end = r"^# [A-Z]{2}|\Z" if level == "#" else r"^# [A-Z]{2}|^## |\Z"
    found = re.search(rf"^{level} {re.escape(title)}\n(.*?)(?={end})", page(name), re.M | re.S)
    assert found, f"no '{level} {title}' in {name}"
    return found.group(1)


def terms(text):
    """The bold words of the lines that a definition stands under."""
    lines = [line for line in text.splitlines() if line.startswith("*")]
    return [word for line in lines for word in re.findall(r"\*([^*]+)\*", line)]


def keys(text):
    """Of lines like "*age_s* (seconds or null)"."""
    return re.findall(r"^\*(\w+)\* \([\w ,]+\)$", text, re.M)


def records():
    """Record type -> its properties."""
    return run.properties()


def verdicts():
    return {
        kind: [value for value in properties["verdict"]["enum"] if value]
        for kind, properties in records().items()
        if "verdict" in properties
    }


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
    lines = [line for line in part(COMMANDS, "OPTIONS").splitlines() if line.startswith("*-")]
    return [option_in(re.sub(r"[*]|(?<= )_|_$", "", line)) for line in lines]


def test_options_of_help():
    assert help_options() == contract.OPTIONS


def test_options_of_the_man_page():
    assert manual_options() == contract.OPTIONS


def test_commands_of_help():
    text = run.sockstall("--help").stdout.decode().partition("Commands:\n")[2].partition("\n\n")[0]
    assert re.findall(r"^  ([a-z]\w*)", text, re.M) == contract.COMMANDS


def test_commands_of_the_man_page():
    assert terms(part(COMMANDS, "COMMANDS")) == contract.COMMANDS


def test_verdicts_of_the_man_page():
    for kind, wanted in verdicts().items():
        said = re.findall(r"^\*(\w+)\*$", part(VERDICTS, VERDICT_TITLES[kind]), re.M)
        assert sorted(said) == sorted(wanted), kind


def explained(*words):
    done = run.sockstall("explain", *words)
    assert done.returncode == 0 and not done.stderr
    return done.stdout.decode()


def test_explain_lists_every_verdict():
    """Under its report, with a line each."""
    listed = {}
    for paragraph in explained().strip().split("\n\n"):
        report, *lines = paragraph.split("\n")
        listed[report] = [line.split()[0] for line in lines]
    assert {kind: sorted(names) for kind, names in listed.items()} == {
        kind: sorted(wanted) for kind, wanted in verdicts().items()
    }


def test_explain_says_what_the_man_page_says():
    """A verdict of one report, of all reports that have it, and all verdicts of a report."""
    for kind, wanted in verdicts().items():
        whole = explained(kind)
        page = re.sub(r"\\(.)", r"\1", part(VERDICTS, VERDICT_TITLES[kind]))
        for verdict in wanted:
            one = explained(f"{kind}.{verdict}")
            assert one in whole and one in explained(verdict)
            title, *rest = one.strip().split("\n")
            assert title.startswith(f"{kind}.{verdict}: ")
            assert all(line.strip() in page for line in rest if line.startswith("    ")), (kind, verdict)


def test_verdicts_of_the_man_page_are_explained():
    """What is wrong has a cause, and something to do about it; what is normal has neither."""
    for kind, names in verdicts().items():
        for name in names:
            text = re.search(rf"^\*{name}\*\n((?:\t.*\n|\n)+)", part(VERDICTS, VERDICT_TITLES[kind]), re.M).group(1)
            titles = re.findall(r"^\t_([\w ]+)_: .", text, re.M)
            normal = "only with --all" in text
            if titles[-1] == "Known for it":
                titles.pop()
            assert titles == ["Meaning", "Evidence"] + ([] if normal else ["Usual cause", "What to do"]), (kind, name)


def documents(template):
    """A template, with the parts that are made from the tables of the program."""
    return subprocess.run(
        [os.path.join(run.ROOT, "build", "documents"), "/dev/stdin"],
        input=template.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()


def test_tables_of_the_readme_are_those_of_the_rules():
    shown = re.findall(r"^\| verdict \|.*\n\|[ |-]+\n((?:\|.*\n)+)", read(README), re.M)
    assert shown == [documents(f"@verdict-rows {kind}@\n") for kind in TABLES]


def test_links_lead_somewhere():
    for name in (
        README,
        SOURCES,
        os.path.join(run.ROOT, "src", "share", "doc", "security.md"),
    ):
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", read(name)):
            assert os.path.exists(os.path.join(os.path.dirname(name), link)), (name, link)


def recipes():
    """Title, numbers of files and steps of each recipe in src/README.md."""
    text = read(SOURCES).split("## Recipes")[1]
    for title, rest, steps in re.findall(r"^\*\*(.+?)\*\*(.*)\n((?:(?:\d\.|   ).*\n?)+)", text, re.M):
        yield title, [int(n) for n in re.findall(r"\b\d+\b", rest)], re.split(r"^\d\. ", steps, flags=re.M)[1:]


def code_in(steps):
    """The files of the program that the steps name; not those of tests, nor those that `make` writes."""
    named = {name for step in steps if "Tests: " not in step for name in re.findall(r"`([^`\s]+\.(?:c|h|scd))`", step)}
    return {name for name in named if not name.startswith("tests/")}


def test_recipes_count_their_files():
    found = list(recipes())
    assert len(found) == 7
    for title, numbers, steps in found:
        assert len(code_in(steps)) in numbers, (title, sorted(code_in(steps)))


def test_recipes_name_files_that_exist():
    for title, _, steps in recipes():
        for name in code_in(steps):
            assert "X" in name or os.path.exists(os.path.join(os.path.dirname(SOURCES), name)), (title, name)


def test_the_readme_is_short():
    assert len(read(README).splitlines()) <= 250


def test_a_part_that_does_not_exist_is_an_error():
    for template in "@bogus@\n", "@record bogus@\n", "@verdicts bogus@\n":
        with pytest.raises(subprocess.CalledProcessError):
            documents(template)
    assert documents("a@b\n@\n@@\n") == "a@b\n@\n@@\n"


def test_every_verdict_is_reached_by_a_test():
    """One that has to happen on a real kernel: a literal in an end-to-end test or a scenario."""
    folders = [os.path.dirname(os.path.abspath(__file__)), os.path.join(run.ROOT, "tests", "scenarios")]
    files = [
        os.path.join(folder, name)
        for folder in folders
        for name in os.listdir(folder)
        if name.endswith(".py") and name != os.path.basename(__file__)
    ]
    text = "".join(map(read, files))
    missing = {name for names in verdicts().values() for name in names if f'"{name}"' not in text}
    assert not missing


def test_record_types_of_the_man_page():
    said = set(re.findall(r"_(\w+)_", part(RECORDS, "All records", "##").partition("*type*")[2].partition("\n\n")[0]))
    assert said == set(records())


def test_keys_of_the_man_page():
    everywhere, stalls = (set(keys(part(RECORDS, title, "##"))) for title in ("All records", "Stalls"))
    assert len(everywhere) == 3 and len(stalls) > 15
    for kind, properties in records().items():
        common = everywhere | (stalls if kind in STALLS else set())
        own = keys(part(RECORDS, kind, "##"))
        assert sorted(own) == sorted(set(properties) - common), kind


def test_null_of_the_man_page():
    for kind, properties in records().items():
        text = part(RECORDS, kind, "##") + part(RECORDS, "Stalls", "##") + part(RECORDS, "All records", "##")
        for key, schema in properties.items():
            shown = re.search(rf"^\*{key}\* \(([\w ,]+)\)$", text, re.M).group(1)
            assert shown.endswith(" or null") == ("null" in schema["type"]), (kind, key)


def test_exit_codes_of_the_man_page():
    assert terms(part(COMMANDS, "EXIT STATUS")) == contract.EXIT_CODES


@pytest.mark.parametrize("name", [COMMANDS, VERDICTS, RECORDS])
def test_the_man_page_is_well_formed(name):
    text = subprocess.run(["scdoc"], input=page(name).encode(), capture_output=True, check=True).stdout
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-"],
        input=text,
        capture_output=True,
        env={**os.environ, "MANPAGER": "cat", "MANROFFSEQ": ""},
        check=True,
    )
    assert done.stderr == b""
    assert b"SEE ALSO" in done.stdout and not re.search(rb"@[a-z ]+@", done.stdout), "no part is left out"


@pytest.mark.parametrize("command", contract.COMMANDS)
def test_help_of_a_command(command):
    """Both ways to ask; its options are a part of all, and its examples use no others."""
    done = run.sockstall(command, "--help")
    assert done.returncode == 0 and not done.stderr
    assert run.sockstall("help", command).stdout == done.stdout
    text = done.stdout.decode()
    assert text.startswith(f"Usage: sockstall {command}") and "--help" in text
    shown = {option_in(line[:28].strip()) for line in re.findall(r"^  (?:-.|  )[, ] --.*", text, re.M)}
    assert shown < set(contract.OPTIONS)
    examples = re.findall(r"^  sockstall (.*)", text.partition("Examples:\n")[2], re.M)
    assert len(examples) == 2
    words = set(re.findall(r"(?<!\S)(--?[a-z0-9][\w-]*)", " ".join(examples)))
    assert words <= {f"--{name}" for _, name, _ in shown} | {f"-{letter}" for letter, _, _ in shown}


# The examples run as they stand, but for the process and the cgroup, which are this test's own.


def examples(name=COMMANDS):
    blocks = re.findall(r"^```\n(.*?)^```", part(name, "EXAMPLES"), re.M | re.S)
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
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail\n{script}\nwait"],
        cwd=example_folder,
        timeout=60 * PATIENCE,
        capture_output=True,
        env={**os.environ, "PATH": path},
    )
    assert done.returncode == 0, (script, done)
    assert done.stderr == b"", script


def test_jq_lines_of_the_man_page(example_folder):
    """Each gives something: there is a loop that turns, and a reader that could wait for ever."""
    lines = [line.strip() for line in examples(RECORDS) if "FILE" not in line]
    assert len(lines) >= 3
    room = Room()
    try:
        block(waiting_client(room, 5301, room.link.right4))
        Stall(room.here, "loop.py").said("turned")
        time.sleep(1)  # the default --min-age
        for line in lines:
            done = subprocess.run(
                ["bash", "-c", f"set -o pipefail\n{line}"],
                timeout=60 * PATIENCE,
                capture_output=True,
                check=False,
                env={**os.environ, "PATH": f"{example_folder / 'bin'}:{os.environ['PATH']}"},
            )
            assert done.returncode == 0 and done.stdout and not done.stderr, (line, done)
    finally:
        room.close()


def test_examples_use_known_options():
    words = re.findall(r"(?<!\S)(--?[a-z0-9][\w-]*)", " ".join(re.sub(r"'[^']*'", "", text) for text in examples()))
    assert set(words) - {"-r", "-rs"} <= contract.LONG | contract.SHORT  # those two are jq's and read's
