#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Draws bench.json.

usage: plots.py bench.json FOLDER       writes FOLDER/*.svg and copies the figures beside them

What grows with something is drawn over it, on logarithmic axes, with the slope: 1 is linear. The rest are bars.
"""
import json
import math
import os
import shutil
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sockstall", "font.family": "sans-serif",
                            "font.size": 9})
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


def draw_growth(what, unit, rows, path):
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for variant in dict.fromkeys(row["variant"] for row in rows):
        points = sorted((row["size"], row["median"]) for row in rows if row["variant"] == variant)
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
    bars = axes.barh(names, values, color=["#888"] + ["#36c" if "sockstall" in name else "#bbb" for name in names[1:]])
    axes.errorbar(values, range(len(rows)), fmt="none", ecolor="black", elinewidth=0.8, xerr=[
        [row["median"] - row["low"] for row in rows], [row["high"] - row["median"] for row in rows]])
    for bar, row in zip(bars, rows):
        ratio = f"  ({row['ratio']:.2f})" if row["ratio"] is not None else ""
        axes.text(bar.get_width(), bar.get_y() + bar.get_height() / 2, f"  {row['median']:,.4g}{ratio}", va="center",
                  fontsize=7)
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
    return "-".join([section, *words[:6]]).lower() + ".svg"


def main():
    source, folder = sys.argv[1:3]
    with open(source, encoding="utf-8") as file:
        figures = json.load(file)["figures"]
    os.makedirs(folder, exist_ok=True)
    for (section, what, unit), rows in groups(figures).items():
        path = os.path.join(folder, file_name(section, what))
        if rows[0]["size"] is not None:
            draw_growth(what, unit, rows, path)
        elif len(rows) > 1:
            draw_bars(what, unit, rows, path)
    copy = os.path.join(folder, "bench.json")
    if os.path.abspath(source) != os.path.abspath(copy):
        shutil.copy(source, copy)


main()
