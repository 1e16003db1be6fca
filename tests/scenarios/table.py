# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The table of outcomes. Long cells are wrapped: it is read in a terminal."""

import textwrap

COLUMNS = (("scenario", 30), ("expected", 30), ("reported", 34), ("right", 7), ("extra findings", 14))


def line(cells):
    wrapped = [textwrap.wrap(str(cell), width) or [""] for cell, (_, width) in zip(cells, COLUMNS)]
    for at in range(max(map(len, wrapped))):
        row = (cell[at] if at < len(cell) else "" for cell in wrapped)
        print(" | ".join(f"{text:{width}}" for text, (_, width) in zip(row, COLUMNS)).rstrip(), flush=True)


def heading():
    line([title for title, _ in COLUMNS])
    print("-+-".join("-" * width for _, width in COLUMNS))


def row(outcome):
    if outcome.skipped:
        line([outcome.name, outcome.expected or "", f"skipped: {outcome.skipped}", "-", "-"])
        return
    line(
        [
            outcome.name,
            outcome.expected,
            outcome.reported,
            "no" if outcome.wrong else "yes",
            len(outcome.extra) or "none",
        ]
    )
    for words in outcome.wrong:
        print(f"    wrong: {words}", flush=True)
    for words in outcome.extra:
        print(f"    extra: {words}", flush=True)


def confusion(outcomes):
    """What was true, and what was reported: one count for each scenario and twin."""
    counts = {}
    for outcome in outcomes:
        truth = "healthy" if outcome.expected in ("nothing", "") else "stalled"
        if outcome.passed or (truth == "healthy" and outcome.reported == "nothing"):
            said = "as it is"
        else:
            said = "nothing" if outcome.reported == "nothing" else "otherwise"
        counts[truth, said] = counts.get((truth, said), 0) + 1
    reported = ("as it is", "otherwise", "nothing")
    print("\n| true | reported as it is | reported otherwise | nothing reported |\n| --- | --- | --- | --- |")
    for truth in ("stalled", "healthy"):
        print("| " + " | ".join([truth, *(str(counts.get((truth, said), 0)) for said in reported)]) + " |")
