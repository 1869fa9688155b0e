"""Draw a table of growth: a small picture per measure, its figure against the size of the chain.

Runs by itself in an environment with matplotlib: python drawing.py growth.csv growth.png
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict

import matplotlib.pyplot as plt

COLUMNS = 4
WIDTH_INCHES, HEIGHT_INCHES = 3.6, 2.6
UNIT = re.compile(r"\bin (ms|s|MB)$|^bytes ")
"""What says in its name what it is counted in; all else is a rate."""


def main(table: str, picture: str) -> None:
    """Draw every measure that has a figure; both axes from what is measured, sizes by factors."""
    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    with open(table, encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            if line["median"]:
                curves[line["measure"]].append((int(line["events"]), float(line["median"])))
    rows = -(-len(curves) // COLUMNS)
    figure, places = plt.subplots(
        rows, COLUMNS, figsize=(COLUMNS * WIDTH_INCHES, rows * HEIGHT_INCHES), squeeze=False
    )
    for place in places.flat[len(curves) :]:
        place.axis("off")
    for place, (measure, curve) in zip(places.flat, curves.items(), strict=False):
        sizes, figures = zip(*sorted(curve), strict=True)
        place.plot(sizes, figures, marker="o")
        place.set_xscale("log")
        place.set_ylim(0, 1.1 * max(figures) or 1)
        place.set_xticks(sizes, [f"{size:,}" for size in sizes])
        place.minorticks_off()
        place.set_title(measure if UNIT.search(measure) else f"{measure}, per s", fontsize=8)
        place.tick_params(labelsize=7)
        place.grid(alpha=0.3)
    figure.suptitle("events in the chain, and the median of the rounds")
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
