"""The figure of `docs/explanation/engines.md`: how states and couplings lie in memory in the two layouts.

python docs/figures/engine_layouts.py        writes engine-layouts.svg beside this file
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

STATE, SUM, COUPLING, LINES = "#8ecae6", "#f4a259", "#b7b7a4", "#5b5b5b"


def cells(axis: Any, left: float, top: float, rows: int, columns: int, color: str, marked: Any = ()) -> None:
    """Draw an array of numbers; the cells of `marked` (row, column) are dark."""
    for r in range(rows):
        for c in range(columns):
            alpha = 1.0 if (r, c) in marked else 0.4
            axis.add_patch(Rectangle((left + c, top - r - 1), 1, 1, fc=color, ec="white", lw=0.8, alpha=alpha))
    axis.add_patch(Rectangle((left, top - rows), columns, rows, fill=False, ec=LINES, lw=1.0))


def note(axis: Any, x: float, y: float, text: str, **options: Any) -> None:
    """Write a few words."""
    axis.text(x, y, text, **{"ha": "center", "va": "center", "fontsize": 9, "color": "#222222", **options})


def batch_layout(axis: Any) -> None:
    """One number of J, spread, times a line of the same unit of 16 trajectories."""
    axis.set_title("batch layout: one unit of 16 trajectories in a line", fontsize=10.5)
    cells(axis, 0, 8, 6, 8, COUPLING, {(r, 3) for r in range(6)})
    cells(axis, 11, 9, 8, 8, STATE, {(3, m) for m in range(8)})
    cells(axis, 22, 8, 6, 8, SUM, {(r, m) for r in range(6) for m in range(8)})
    note(axis, 4, 9.9, "tile of J\n16 rows × 256 columns")
    note(axis, 15, 9.9, "states")
    note(axis, 26, 9.9, "sums, in registers\n16 lines")
    note(axis, 9.5, 5, "×", fontsize=14)
    note(axis, 20.5, 5, "→", fontsize=14)
    note(axis, 3.5, 1.5, "column k")
    note(axis, 15, 0.5, "trajectory m →")
    note(axis, 10.4, 5, "unit k →", rotation=90, va="center", fontsize=8)
    note(axis, 21.4, 5, "row r →", rotation=90, fontsize=8)


def unit_layout(axis: Any) -> None:
    """A line of J's rows times one number of the only trajectory, spread."""
    axis.set_title("unit layout: 16 units of one trajectory in a line", fontsize=10.5)
    cells(axis, 0, 9, 8, 8, COUPLING, {(3, u) for u in range(8)})
    cells(axis, 11, 9, 8, 1, STATE, {(3, 0)})
    cells(axis, 15, 5.5, 1, 8, SUM, {(0, u) for u in range(8)})
    note(axis, 4, 9.9, "tile of J, transposed\nall columns × 64 units")
    note(axis, 11.5, 9.9, "states")
    note(axis, 19, 7.0, "sums, in registers\n4 lines")
    note(axis, 9.5, 5, "×", fontsize=14)
    note(axis, 13.5, 5, "→", fontsize=14)
    note(axis, 4, 0.5, "row u →")
    note(axis, -0.7, 5, "column k →", rotation=90, fontsize=8)


def main() -> None:
    """Draw both layouts one above the other."""
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "thermozoo", "font.family": "sans-serif"})
    figure, axes = plt.subplots(2, 1, figsize=(7.2, 5.6), constrained_layout=True)
    for axis, draw in zip(axes, (batch_layout, unit_layout), strict=True):
        draw(axis)
        axis.set(xlim=(-1.5, 31), ylim=(0, 10.8), aspect="equal")
        axis.axis("off")
    path = Path(__file__).with_name("engine-layouts.svg")
    figure.savefig(path, metadata={"Date": None})
    path.write_text("\n".join(line.rstrip() for line in path.read_text("utf-8").splitlines()) + "\n", "utf-8")


if __name__ == "__main__":
    main()
