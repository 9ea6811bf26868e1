"""Quality of ten generated digits against what a recipe costs: windows, duration, scale and hidden units.

    python examples/image_quality.py [FILE.png]         about a minute; also prints the table

One of the four is changed at a time; the others stay as `RECIPE` has them. Embedded digits, 64 outputs each.
"""

from __future__ import annotations

import copy
import sys
import time
import warnings
from pathlib import Path

import attrs
import matplotlib
import numpy as np

matplotlib.use("agg")
import matplotlib.pyplot as plt

from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.engine import engine_of
from thermozoo.runs.generation import generate
from thermozoo.runs.metrics import generation_figures, outputs_of
from thermozoo.runs.training import train

RECIPE = {
    "seed": 1,
    "computer": {
        "temperature": 0.1,
        "trainable_biases": ["visible", "hidden"],
        "units": {"visible": 784, "hidden": "auto"},
        "connectivity": {"plugin": "bipartite", "within": ["hidden"]},
    },
    "dynamics": {"dt": 1e-2, "duration": 10.0},
    "data": {"plugin": "digits", "classes": list(range(10))},
    "encoding": {"hidden": {"plugin": "tree", "copies": 6, "scale": 3.0}},
    "noising": {"amplitude": 3.5, "fade": 0.5, "hidden": {"protocol": "hold-ramp", "amplitude": 3.0}},
    "training": {"windows": 24, "tolerance": 3e-3, "ridge": 0.05, "weights": {"hidden": 0.1}},
    "generation": {"samples": 64},
}

#: What is changed: title of the axis, its key, and the values; a logarithmic axis each.
SWEEPS = (
    ("time windows K", "training.windows", (3, 6, 12, 24, 48)),
    ("duration", "dynamics.duration", (2.5, 5.0, 10.0, 20.0)),
    ("scale of the hidden signals", "encoding.hidden.scale", (1.0, 2.0, 3.0, 4.5)),
    ("copies of each node of the tree", "encoding.hidden.copies", (1, 3, 6, 12)),
)

QUALITY, HEAT = "#0072B2", "#D55E00"

#: Ticks of the heat [kT].
HEATS = (2_000, 5_000, 10_000, 20_000, 40_000)


def changed(key, value):
    """Return the recipe with one key changed."""
    tables = copy.deepcopy(RECIPE)
    *path, last = key.split(".")
    table = tables
    for name in path:
        table = table[name]
    table[last] = value
    return tables


def measured(tables):
    """Return the correlation with the nearest digit and the heat [kT] of each output, and the hidden units."""
    machine = assemble_machine(parse(tables, catalogue(), Origin("recipe")))
    config, engine, untrained = machine.config, engine_of(machine), machine.dynamics
    program = train(machine, engine, config.training.method).program
    trained = attrs.evolve(untrained, computer=program)
    made = generate(trained, untrained, config.generation.samples, seed=config.seed, engine=engine)
    _, correlations = outputs_of(machine, made)
    figures = generation_figures(machine, made, correlations)
    print(
        f"    correlation {figures.mean_best_correlation:.3f}, inverted {figures.inverted}, "
        f"heat {figures.heat_mean_kT:,.0f} +- {figures.heat_std_kT:,.0f} kT, "
        f"{machine.computer.n - 784} hidden units",
        flush=True,
    )
    heat = made.ledger.total / machine.computer.temperature
    return np.abs(correlations).max(axis=1), heat


def band(axis, values, found, color, label):
    """Draw medians, and between which values nine of ten outputs lie."""
    low, middle, high = np.percentile(found, (5, 50, 95), axis=1)
    axis.fill_between(values, low, high, color=color, alpha=0.18, lw=0)
    axis.plot(values, middle, "o-", color=color, ms=4, lw=1.5, label=label)


def draw(found, path):
    """Draw a panel for each sweep: correlation above, heat below."""
    figure, axes = plt.subplots(2, len(SWEEPS), figsize=(10.4, 4.6), sharex="col", sharey="row", layout="constrained")
    for column, (title, _, values) in zip(axes.T, SWEEPS, strict=True):
        outputs = found[title]
        band(column[0], values, [one for one, _ in outputs], QUALITY, "correlation")
        band(column[1], values, [one for _, one in outputs], HEAT, "heat")
        column[1].set_xscale("log")
        column[1].set_yscale("log")
        column[1].set_xticks(values, [f"{value:g}" for value in values])
        column[1].set_yticks(HEATS, [f"{value:,}" for value in HEATS])
        column[1].minorticks_off()
        column[1].set_xlabel(title)
    axes[0, 0].set_ylabel("correlation with\nthe nearest digit")
    axes[1, 0].set_ylabel("heat [$k_BT$]")
    figure.savefig(path, dpi=130)


def main(path):
    """Measure all sweeps and draw them."""
    start = time.monotonic()
    found, known = {}, {}
    for title, key, values in SWEEPS:
        found[title] = []
        for value in values:
            print(f"{title} = {value:g}", flush=True)
            tables = changed(key, value)
            if repr(tables) not in known:  # the recipe itself lies on every axis
                known[repr(tables)] = measured(tables)
            found[title].append(known[repr(tables)])
    draw(found, path)
    print(f"{path}, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    warnings.simplefilter("default")
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "image-quality.png"))
