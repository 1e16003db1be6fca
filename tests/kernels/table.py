# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What came back from the machines, as one table."""

import re


def _columns(series, rows, first):
    """Lines with a first column as wide as it needs, and one of 12 for each kernel."""
    width = max([len(first), *(len(name) for name, _ in rows)])
    yield first.ljust(width) + "".join(name.rjust(12) for name in series)
    for name, cells in rows:
        yield name.ljust(width) + "".join(str(cell).rjust(12) for cell in cells)


def tests(results):
    """Kernel by test."""
    series = list(results)
    by_test = {}
    for kernel, lines in results.items():
        for line in lines:
            if "test" not in line:
                continue
            outcomes = by_test.setdefault(line["test"], {})
            # A test that passed and then broke in taking down has failed.
            if outcomes.get(kernel) != "failed":
                outcomes[kernel] = line["outcome"]
    rows = [(test, [outcomes.get(kernel, "-") for kernel in series]) for test, outcomes in by_test.items()]
    rows.append(("passed", [_count(by_test, kernel, "passed") for kernel in series]))
    rows.append(("failed", [_count(by_test, kernel, "failed") for kernel in series]))
    rows.append(("skipped", [_count(by_test, kernel, "skipped") for kernel in series]))
    return _columns(series, rows, "TEST")


def _count(by_test, kernel, outcome):
    return sum(outcomes.get(kernel) == outcome for outcomes in by_test.values())


def reasons(results, outcome):
    """Why, for each that was skipped or failed."""
    for kernel, lines in results.items():
        for line in lines:
            if line.get("outcome") == outcome:
                yield f"{kernel} {line['test']}: {_last_line(line.get('reason', ''))}"


def _last_line(text):
    """Of a traceback the line that says what was wrong."""
    errors = re.findall(r"^E +(.*)", text, re.M)
    return (errors or text.strip().splitlines() or [""])[0][:300]


def _verified(line):
    """Instructions by program, from the table of `check`."""
    found = {}
    for row in line.get("check", "").splitlines():
        words = re.match(r"(\w+) +(yes|no|none) +(\d+|-) ", row)
        if words:
            found[words[1]] = words[3] if words[2] == "yes" else words[2]
    return found


def programs(results):
    """Kernel by program: instructions that the verifier processed, or that it has not this program."""
    series = list(results)
    by_kernel = {kernel: next((_verified(line) for line in lines if "check" in line), {})
                 for kernel, lines in results.items()}
    names = dict.fromkeys(name for found in by_kernel.values() for name in found)
    rows = [(name, [by_kernel[kernel].get(name, "-") for kernel in series]) for name in names]
    return _columns(series, rows, "PROGRAM (instructions verified)")


def refused(results):
    """Kernels and programs that should have loaded."""
    for kernel, lines in results.items():
        for line in lines:
            for name, state in _verified(line).items():
                if state == "no":
                    yield f"refused: {kernel}: {name}"
