#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Checks that includes in src/ run in one direction. The order stands in src/README.md, and is read from there.

layers.py [FOLDER]: checks FOLDER (default: src). Before that it checks itself, on small trees with one fault each.
"""

import pathlib
import re
import sys
import tempfile

MOST_FILES = 32  # of one kind (.c or .h) in a folder
MOST_LINES = 400  # of a file


def read_order(readme):
    """Ranks by folder, from the lines of the block that begins with ```order."""
    block = re.search(r"^```order\n(.*?)^```", readme.read_text(), re.M | re.S).group(1)
    ranks = {}
    for rank, line in enumerate(block.splitlines()):
        for folder in line.split("#")[0].split():
            ranks[folder.rstrip("/")] = rank
    return ranks


def includes(path):
    return re.findall(r'^#include "([^"]+)"', path.read_text(), re.M)


def rank_of(ranks, folder):
    return ranks.get(folder, ranks["include"] if folder == "." else None)


def check_file(root, ranks, path):
    """What is wrong with the includes of one file."""
    own = str(path.parent.relative_to(root))
    if own not in ranks:
        yield f"{path}: the folder {own} is not in the order of {root}/README.md"
        return
    for name in includes(path):
        folder = str(pathlib.PurePath(name).parent)
        rank = rank_of(ranks, folder)
        if rank is None:
            yield f"{path}: includes {name}, whose folder is not in the order"
        elif rank > ranks[own]:
            yield f"{path}: includes {name}, which stands above it"
        elif rank == ranks[own] and folder != own:
            yield f"{path}: includes {name}, which stands beside it"


def find_circle(graph, at, path, done):
    """The names on a circle that can be reached from `at`; or None."""
    if at in path:
        return path[path.index(at) :] + [at]
    if at in done:
        return None
    for after in graph.get(at, ()):
        circle = find_circle(graph, after, path + [at], done)
        if circle:
            return circle
    done.add(at)
    return None


def check_circles(root):
    graph = {str(path.relative_to(root)): includes(path) for path in root.rglob("*.h")}
    done = set()
    for name in sorted(graph):
        circle = find_circle(graph, name, [], done)
        if circle:
            yield "headers in a circle: " + " > ".join(circle)
            return


def check_sizes(root):
    folders = {path.parent for path in root.rglob("*.c")}
    for folder in sorted(folders):
        for kind in ("*.c", "*.h"):
            count = len(list(folder.glob(kind)))
            if count > MOST_FILES:
                yield f"{folder}: {count} files {kind}, more than {MOST_FILES}"
    for path in sorted(root.rglob("*.[ch]")):
        lines = len(path.read_text().splitlines())
        if lines > MOST_LINES:
            yield f"{path}: {lines} lines, more than {MOST_LINES}"


def check(root):
    ranks = read_order(root / "README.md")
    for path in sorted(root.rglob("*.[ch]")):
        yield from check_file(root, ranks, path)
    yield from check_circles(root)
    yield from check_sizes(root)


def check_self():
    """Each of these trees has one fault, or none."""
    trees = (
        (None, {"low/a.h": "", "high/b.c": '#include "low/a.h"\n'}),
        ("stands above", {"low/a.c": '#include "high/b.h"\n', "high/b.h": ""}),
        ("stands beside", {"left/a.c": '#include "right/b.h"\n', "right/b.h": ""}),
        ("in a circle", {"low/a.h": '#include "low/b.h"\n', "low/b.h": '#include "low/a.h"\n'}),
        ("not in the order", {"other/a.c": ""}),
        ("more than", {f"low/{n}.c": "" for n in range(MOST_FILES + 1)}),
        ("lines, more than", {"low/a.c": "\n" * (MOST_LINES + 1)}),
    )
    for fault, files in trees:
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            (root / "README.md").write_text("```order\ninclude\nlow\nleft right\nhigh\n```\n")
            for path, text in files.items():
                (root / path).parent.mkdir(exist_ok=True)
                (root / path).write_text(text)
            said = list(check(root))
        if bool(said) != bool(fault) or (fault and fault not in said[0]):
            sys.exit(f"layers.py: expected {fault}, got {said}")


def main():
    check_self()
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    said = list(check(root))
    print("\n".join(said), end="\n" if said else "")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
