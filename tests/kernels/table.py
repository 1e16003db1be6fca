# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What came back from the machines, as one table."""

import re

OUTCOMES = ("passed", "on retry", "failed", "skipped")


def _columns(series, rows, first):
    """Lines with a first column as wide as it needs, and one of 12 for each kernel."""
    width = max([len(first), *(len(name) for name, _ in rows)])
    yield first.ljust(width) + "".join(name.rjust(12) for name in series)
    for name, cells in rows:
        yield name.ljust(width) + "".join(str(cell).rjust(12) for cell in cells)


def _worst(lines):
    """Of one try: by test its last line, or the one in which it failed. It may pass, and then break in taking down."""
    by_test = {}
    for line in lines:
        if by_test.get(line["test"], {}).get("outcome") != "failed":
            by_test[line["test"]] = line
    return by_test


def _outcomes(lines):
    """By test: outcome and why. What failed first and then passed did so on retry; why is what it failed with."""
    lines = [line for line in lines if "test" in line]
    found = _worst(line for line in lines if not line.get("retry"))
    for test, line in _worst(line for line in lines if line.get("retry")).items():
        if line["outcome"] == "passed" and test in found:
            line = {**found[test], "outcome": "on retry"}
        found[test] = line
    return {test: (line["outcome"], line.get("reason", "")) for test, line in found.items()}


def _first(lines, key):
    return next((line[key] for line in lines if key in line), None)


def _release(lines):
    """The numbers of it alone."""
    return re.match(r"[\d.]*", _first(lines, "kernel") or "")[0].rstrip(".") or "-"


def tests(results):
    """Kernel by test."""
    series = list(results)
    outcomes = {kernel: _outcomes(lines) for kernel, lines in results.items()}
    names = dict.fromkeys(test for found in outcomes.values() for test in found)
    rows = [(test, [outcomes[kernel].get(test, ("-",))[0] for kernel in series]) for test in names]
    for outcome in OUTCOMES:
        rows.append((outcome, [sum(said == outcome for said, _ in outcomes[kernel].values()) for kernel in series]))
    rows.append(("minutes", [f"{_first(results[kernel], 'took') / 60:.1f}" for kernel in series]))
    rows.append(("release", [_release(results[kernel]) for kernel in series]))
    return _columns(series, rows, "TEST")


def reasons(results, outcome):
    """Why, for each that was skipped or failed, if only at first."""
    for kernel, lines in results.items():
        for test, (said, reason) in _outcomes(lines).items():
            if said == outcome:
                yield f"{kernel} {test}: {_last_line(reason)}"


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
    by_kernel = {
        kernel: next((_verified(line) for line in lines if "check" in line), {}) for kernel, lines in results.items()
    }
    names = dict.fromkeys(name for found in by_kernel.values() for name in found)
    rows = [(name, [by_kernel[kernel].get(name, "-") for kernel in series]) for name in names]
    return _columns(series, rows, "PROGRAM (instructions verified)")


def refused(results):
    """Kernels and programs that should have loaded. One that is locked down refuses all, and says so."""
    for kernel, lines in results.items():
        for line in lines:
            if "lockdown=confidentiality" in line.get("errors", ""):
                continue
            for name, state in _verified(line).items():
                if state == "no":
                    yield f"refused: {kernel}: {name}"
