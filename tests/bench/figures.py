# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Figures: measured in turn (A B A B …), printed as rows, and kept for bench.json."""
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys

ROUNDS = int(os.environ.get("ROUNDS", "5"))


class Unavailable(Exception):
    """What was to be measured does not run here; says why."""


def versions(commands):
    """What was measured: the first line that each program prints of itself."""
    found = {}
    for name, argv in commands.items():
        if not shutil.which(argv[0]):
            continue
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        lines = done.stdout.strip().splitlines()
        found[name] = lines[0] if lines else "?"
    return found


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1])
    return {
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "cpus": os.cpu_count(),
        "cpu": models[0] if models else None,
        "memory_gib": round(memory / 2**20, 1),
    }


def spread(values):
    """The half of the values in the middle: from the first to the third quartile."""
    if len(values) < 2:
        return values[0], values[0]
    quartiles = statistics.quantiles(values, n=4, method="inclusive")
    return quartiles[0], quartiles[2]


def _show(value):
    if value is None:
        return "-"
    if value and abs(value) < 10:
        return f"{value:.3g}"
    return f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"


class Figures:
    def __init__(self, about):
        self.about = about
        self.rows = []

    def add(self, section, what, variant, unit, values, base=None, size=None, reason=None):
        """
        One figure: all that was measured of it, in the order of the rounds. `base` holds the values that it
        is compared with, of the same rounds: the ratio is the median of the rounds' ratios. `size` is how
        much there was of what the cost grows with.
        """
        row = {
            "section": section,
            "what": what,
            "variant": variant,
            "unit": unit,
            "size": size,
            "median": None,
            "low": None,
            "high": None,
            "ratio": None,
            "values": values,
            "reason": reason,
        }
        if values:
            low, high = spread(values)
            row.update(median=statistics.median(values), low=low, high=high)
        if values and base:
            ratios = [value / other for value, other in zip(values, base) if other]
            row["ratio"] = statistics.median(ratios) if ratios else None
        self.rows.append(row)
        self.print(row)
        return row

    def print(self, row):
        if row["median"] is None:
            shown = f"does not run here: {row['reason']}"
        else:
            shown = f"{_show(row['median']):>12} {row['unit']:<10} {_show(row['low'])} to {_show(row['high'])}"
            if row["ratio"] is not None:
                shown = f"{shown:<52} {row['ratio']:.3f} of the first"
        size = "" if row["size"] is None else f", {row['size']:,}"
        print(f"  {row['what'] + size:<44} {row['variant']:<28} {shown}", flush=True)

    def compare(self, section, what, unit, variants, rounds=None, size=None):
        """
        Measures each variant once a round, and compares all with the first. A variant is (name, function that
        returns the figure); one that is Unavailable is left out from then on.
        """
        values = {name: [] for name, _ in variants}
        reasons = {}
        for _ in range(rounds or ROUNDS):
            for name, measure in variants:
                if name in reasons:
                    continue
                try:
                    values[name].append(measure())
                except Unavailable as why:
                    reasons[name] = str(why)
                    values[name] = []
        base = values[variants[0][0]]
        for name, _ in variants:
            self.add(
                section,
                what,
                name,
                unit,
                values[name],
                None if name == variants[0][0] else base,
                size,
                reasons.get(name),
            )
        return values

    def write(self, path):
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump({"about": self.about, "figures": self.rows}, file, indent=1)
            file.write("\n")
        os.rename(path + ".new", path)
        print(f"written: {path}", file=sys.stderr)
