#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""FOLDER: what a build with --coverage has run of src/, each file's lines and all of them, the least covered first."""

import collections
import json
import pathlib
import subprocess
import sys

lines = collections.defaultdict(dict)  # by source, whether each line was run, in the program or in a unit test
for notes in pathlib.Path(sys.argv[1]).rglob("*.gcno"):
    done = subprocess.run(
        ["gcov", "--json-format", "--stdout", str(notes)], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    for source in json.loads(done.stdout)["files"]:
        name = source["file"].removeprefix("./")
        if not name.startswith("src/"):
            continue
        for line in source["lines"]:
            number = line["line_number"]
            lines[name][number] = lines[name].get(number, False) or line["count"] > 0

covered = {name: sum(run.values()) for name, run in lines.items()}
for name in sorted(lines, key=lambda name: covered[name] / len(lines[name])):
    print(f"{100 * covered[name] / len(lines[name]):5.1f} %  {covered[name]:5} of {len(lines[name]):5}  {name}")
total, run = sum(map(len, lines.values())), sum(covered.values())
print(f"{100 * run / total:5.1f} %  {run:5} of {total:5}  lines of src")
