"""The figure of `docs/how-to/solve-a-linear-system.md`: error against time, overdamped beside underdamped.

python docs/figures/linear_error.py        writes linear-error.png beside this file, and prints the last points
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import xarray

from thermozoo.cli.app import run

TASKS = {"linear-system": "solution of A x = b", "inverse": "inverse of A"}
COLORS = {10: "C0", 1000: "C1"}

#: Relaxation and observation in time constants, by condition number.
TIMES = {10: (150, 1500), 1000: (8000, 8000)}


def settings(condition: int, inertia: bool) -> list[str]:
    """Return the settings of the law of motion: with inertia, the slowest mode is damped critically."""
    relaxation, duration = TIMES[condition]
    mass = condition / 4
    dt = mass**0.5 if inertia else 0.25
    law = ["dynamics.integrator='baoab'", f"dynamics.mass={mass}"] if inertia else []
    every = 1 if inertia else 5 if condition == 10 else 20
    return [
        *law,
        f"dynamics.dt={dt:.4g}",
        f"dynamics.duration={duration}",
        f"task.relaxation={relaxation / duration:g}",
        f"task.observe_every={every}",
        "task.chains=64",
        f"task.condition={condition}",
        "dynamics.engine='compiled'",
    ]


def observed(task: str, dimension: int, condition: int, inertia: bool) -> Any:
    """Return what a run leaves in samples.nc."""
    with tempfile.TemporaryDirectory() as folder:
        given = [f"task.dimension={dimension}", *settings(condition, inertia)]
        words = ["run", task, "--quiet", "--out", f"{folder}/run"]
        if run([*words, *(word for one in given for word in ("--set", one))]) != 0:
            raise SystemExit(1)
        with xarray.open_dataset(f"{folder}/run/samples.nc") as found:
            return found[["relative_error", "relative_error_expected"]].load()


def main() -> None:
    """Run all, and draw them."""
    plt.rcParams.update({"font.family": "sans-serif", "font.size": 9})
    figure, axes = plt.subplots(2, 2, figsize=(8.4, 6.4), sharex=True, sharey="row", constrained_layout=True)
    for row, task in zip(axes, TASKS, strict=True):
        for axis, dimension in zip(row, (8, 256), strict=True):
            axis.set_title(f"{TASKS[task]}, {dimension} dimensions", fontsize=9)
            for condition, color in COLORS.items():
                for inertia in (False, True):
                    found = observed(task, dimension, condition, inertia)
                    time = found["time"].values
                    error, expected = found["relative_error"].values, found["relative_error_expected"].values
                    label = f"condition {condition:,}, {'under' if inertia else 'over'}damped"
                    filled = "none" if inertia else color
                    axis.loglog(time, error, "s" if inertia else "o", color=color, mfc=filled, ms=3.5, label=label)
                    axis.loglog(time, expected, ":" if inertia else "-", color=color, lw=1.2)
                    print(f"{task} {dimension} {label}: {error[-1]:.2%}, error bars {expected[-1]:.2%}", flush=True)
            span = np.array([3.0, 8000.0])
            start = 0.5 * axis.get_ylim()[0] * (span[-1] / span[0]) ** 0.5
            axis.loglog(span, start * (span / span[0]) ** -0.5, "--", color="#6b6b6b", lw=1, label="slope \u22121/2")
    for axis in axes[:, 0]:
        axis.set_ylabel("relative error, from the digital answer")
    for axis in axes[-1]:
        axis.set_xlabel(r"time of observation [1/($\mu E_0$)]")
    axes[0, 1].legend(fontsize=7)
    figure.savefig(Path(__file__).with_name("linear-error.png"), dpi=130, metadata={"Software": None})


if __name__ == "__main__":
    main()
