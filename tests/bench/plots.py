#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Draws bench.json.

usage: plots.py bench.json FOLDER       writes FOLDER/*.svg and README.md, and copies the figures beside them

What grows with something is drawn over it, on logarithmic axes, with the slope: 1 is linear. The rest are bars. The page
holds all plots, and the slopes in words.
"""
import json
import math
import os
import shutil
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update(
    {"svg.fonttype": "none", "svg.hashsalt": "sockstall", "font.family": "sans-serif", "font.size": 9}
)
from matplotlib import pyplot  # noqa: E402  (the backend must be chosen first)


def groups(figures):
    """What was compared, in the order of the bench: {(section, what, unit): rows}."""
    found = {}
    for row in figures:
        if row.get("median") is not None:
            found.setdefault((row["section"], row["what"], row["unit"]), []).append(row)
    return found


def slope(points):
    """Of the last two sizes: what counts where it is large. Cost grows with size to this power."""
    (x1, y1), (x2, y2) = points[-2:]
    return math.log(y2 / y1) / math.log(x2 / x1)


def each(points, unit):
    """What one more of them costs, by the largest two."""
    (x1, y1), (x2, y2) = points[-2:]
    per_ns = {"ms": 1e6}.get(unit, 1)
    return (y2 - y1) / (x2 - x1) * per_ns


def by_variant(rows):
    """{variant: its points, by size}, in the order of the bench."""
    found = {}
    for row in rows:
        found.setdefault(row["variant"], []).append((row["size"], row["median"]))
    return {variant: sorted(points) for variant, points in found.items()}


def in_words(points):
    """What the last slope says of how the cost grows."""
    power = slope(points)
    if power < 0.25:
        return "does not grow"
    if power < 0.8:
        return "grows slower: a fixed part still counts"
    return "linear" if power < 1.2 else "grows faster than linear"


def draw_growth(what, unit, rows, path):
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for variant, points in by_variant(rows).items():
        label = variant
        if len(points) > 1:
            label += f": slope {slope(points):.2f}, {each(points, unit):,.0f} ns each"
        axes.plot(*zip(*points), marker="o", markersize=3, label=label)
    axes.set(xscale="log", yscale="log", xlabel=what, ylabel=unit, title=f"Cost over {what}")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=7)
    save(figure, path)


def draw_bars(what, unit, rows, path):
    figure, axes = pyplot.subplots(figsize=(7, 0.8 + 0.4 * len(rows)))
    names, values = [row["variant"] for row in rows], [row["median"] for row in rows]
    colors = ["#36c" if "sockstall" in name else "#888" if not i else "#bbb" for i, name in enumerate(names)]
    bars = axes.barh(names, values, color=colors)
    if min(values) > 0 and max(values) > 20 * min(values):
        axes.set_xscale("log")
    axes.errorbar(
        values,
        range(len(rows)),
        fmt="none",
        ecolor="black",
        elinewidth=0.8,
        xerr=[[row["median"] - row["low"] for row in rows], [row["high"] - row["median"] for row in rows]],
    )
    for bar, row in zip(bars, rows):
        ratio = f"  ({row['ratio']:.2f})" if row["ratio"] is not None else ""
        axes.text(
            bar.get_width(),
            bar.get_y() + bar.get_height() / 2,
            f"  {row['median']:,.4g}{ratio}",
            va="center",
            fontsize=7,
        )
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set(xlabel=unit, title=what)
    save(figure, path)


def save(figure, path):
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    print(path)


def file_name(section, what):
    words = "".join(c if c.isalnum() else " " for c in what).split()
    return "-".join([section, *words[:12]]).lower() + ".svg"


MADE = "<!-- made by `make plots` from here on -->"


class Page:
    """README.md of the folder, from MADE on: every plot, and under those of growth what is linear in what."""

    def __init__(self, about):
        self.lines = [
            MADE,
            "",
            "## All figures, drawn",
            "",
            "Made by `make plots` from the figures of `make bench` (bench.json, beside this page). Medians, with the middle half",
            "of the rounds; in brackets the ratio to the first line.",
            "",
            f"Linux {about['kernel']}, {about['architecture']}, {about['cpus']} CPUs ({about['cpu']}), "
            f"{about['memory_gib']} GiB; {about['rounds']} rounds.",
            "",
        ]
        self.lines += [f"- {name}: {version}" for name, version in about["versions"].items()]

    def plot(self, what, path):
        name = os.path.basename(path)
        self.lines += ["", f"## {what}", "", f"![{what}]({name})"]

    def slopes(self, what, unit, rows):
        table = [(variant, points) for variant, points in by_variant(rows).items() if len(points) > 1]
        if table:
            self.lines += ["", f"| {unit} over {what} | slope | of it | one more costs |", "| --- | --- | --- | --- |"]
        self.lines += [
            f"| {variant} | {slope(points):.2f} | {in_words(points)} | {each(points, unit):,.0f} ns |"
            for variant, points in table
        ]

    def write(self, folder):
        """What stands above is written by hand, and stays."""
        path = os.path.join(folder, "README.md")
        above = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                above = file.read().partition(MADE)[0]
        with open(path, "w", encoding="utf-8") as file:
            file.write(above + "\n".join(self.lines) + "\n")


def main():
    source, folder = sys.argv[1:3]
    with open(source, encoding="utf-8") as file:
        bench = json.load(file)
    os.makedirs(folder, exist_ok=True)
    page = Page(bench["about"])
    for (section, what, unit), rows in groups(bench["figures"]).items():
        path = os.path.join(folder, file_name(section, what))
        growth = rows[0]["size"] is not None
        if not growth and len(rows) < 2:
            continue
        (draw_growth if growth else draw_bars)(what, unit, rows, path)
        page.plot(f"{'cost over ' if growth else ''}{what}", path)
        if growth:
            page.slopes(what, unit, rows)
    page.write(folder)
    copy = os.path.join(folder, "bench.json")
    if os.path.abspath(source) != os.path.abspath(copy):
        shutil.copy(source, copy)


main()
