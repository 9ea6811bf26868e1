"""Heat and images against the bits of couplings: as they are stored after training, and as updates write them.

    python examples/precision.py [FILE.png]         half an hour; also prints the tables

The config is examples/precision.toml, the set-up of the paper in ten times longer steps, trained with an update at
every step. Updates that are stored one by one take a millisecond each, and are tried on fewer units: digits of 8 x 8
pixels and 64 hidden units, in these time steps and in the published ones. To be compared with Wang and Deng,
arXiv:2609.15439: 4 to 5 bits of storage keep the heat, 2 bits give the lowest heat and the worst images, and updates
need 16 bits.
"""

from __future__ import annotations

import sys
import time
import tomllib
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
from thermozoo.runs.imperfect import realised_program
from thermozoo.runs.metrics import generation_figures, outputs_of
from thermozoo.runs.training import train

CONFIG = Path(__file__).with_name("precision.toml")

#: The seeds of every row, and bits of storage; without an imperfection stands None.
SEEDS, STORAGE = (1, 2, 3), (2, 3, 4, 5, 6, 8, None)

#: Of updates, by time step: cycles of training, and bits.
UPDATES = {1e-2: (30, (8, 10, 12, 14, 16, None)), 1e-3: (10, (12, 14, 16, None))}

#: Pixels along a side and hidden units where updates are stored.
SIDE, HIDDEN = 8, 64

Rows = dict[int | None, list[tuple[float, float]]]

QUALITY, HEAT = "#0072B2", "#D55E00"


def machine_with(seed: int, dt: float | None = None, **imperfections: object) -> object:
    """Return the machine of the config with other imperfections; with a time step, the small one of updates."""
    tables = tomllib.loads(CONFIG.read_text("utf-8")) | {"seed": seed, "hardware": {"imperfections": imperfections}}
    if dt is not None:
        tables["computer"]["units"] = {"visible": SIDE**2, "hidden": HIDDEN}
        tables["data"]["side"] = SIDE
        tables["dynamics"]["dt"] = dt
        tables["training"]["cycles"], _ = UPDATES[dt]
    return assemble_machine(parse(tables, catalogue(), Origin("precision")))


def generated(machine: object, program: object, engine: object) -> tuple[float, float]:
    """Return the mean heat [kT] of the device that a program became, and the mean best correlation of its images."""
    config = machine.config
    law = attrs.evolve(machine.generating, computer=realised_program(config, program))
    made = generate(law, machine.generating, config.generation.samples, seed=config.seed, engine=engine)
    _, correlations = outputs_of(machine, made)
    figures = generation_figures(machine, made, correlations)
    return figures.heat_mean_kT, figures.mean_best_correlation


def storage() -> Rows:
    """Train a computer for each seed, and store it with few bits."""
    found: Rows = {bits: [] for bits in STORAGE}
    for seed in SEEDS:
        ideal = machine_with(seed)
        engine = engine_of(ideal)
        program = train(ideal, engine, "online").program
        for bits in STORAGE:
            few = {} if bits is None else {"storage": {"plugin": "storage-bits", "bits": bits}}
            found[bits].append(generated(machine_with(seed, **few), program, engine))
    return found


def updates(dt: float) -> Rows:
    """Train with updates of few bits; without, they are held in the precision of the states."""
    _, several = UPDATES[dt]
    found: Rows = {bits: [] for bits in several}
    for seed in SEEDS:
        for bits in several:
            few = {} if bits is None else {"updates": {"plugin": "update-bits", "bits": bits}}
            machine = machine_with(seed, dt, **few)
            engine = engine_of(machine)
            found[bits].append(generated(machine, train(machine, engine, "online").program, engine))
    return found


def table(title: str, found: Rows) -> str:
    """Return heat, correlation, and how far both are from those of the same seed as trained; with standard errors."""
    lines = [f"| {title} | heat [kT] | less ideal | best correlation | less ideal |", "|---|---|---|---|---|"]
    ideal = np.array(found[None])
    for bits, rows in found.items():
        values = np.array(rows)
        cells = []
        for column, digits in ((0, 1), (1, 4)):
            for one in (values[:, column], values[:, column] - ideal[:, column]):
                cells.append(f"{one.mean():.{digits}f} ± {one.std(ddof=1) / np.sqrt(len(one)):.{digits}f}")
        lines.append(f"| {'as trained' if bits is None else bits} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(panels: dict[str, Rows], path: Path) -> None:
    """Draw heat and correlation against bits, with those without an imperfection as dashed lines."""
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.4), layout="constrained")
    for ax, (title, found) in zip(axes, panels.items(), strict=True):
        bits = [one for one in found if one is not None]
        for other, column, color, name in ((ax, 0, HEAT, "heat [kT]"), (ax.twinx(), 1, QUALITY, "best correlation")):
            values = [np.array([row[column] for row in found[one]]) for one in bits]
            spread = [one.std(ddof=1) / np.sqrt(len(one)) for one in values]
            other.errorbar(bits, [one.mean() for one in values], spread, color=color, marker="o", ms=4, capsize=2)
            other.axhline(np.mean([row[column] for row in found[None]]), color=color, ls="--", lw=1)
            other.set_ylabel(name, color=color)
            other.tick_params(axis="y", colors=color)
            other.set_ylim(*((0, None) if column else (None, None)))
        ax.set_xlabel(title)
        ax.set_xticks(bits)
    figure.savefig(path, dpi=150)


def main(path: Path) -> None:
    """Compute, print, draw."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        panels = {"bits of storage": storage()}
        panels |= {f"bits of updates, time step {dt:g}": updates(dt) for dt in UPDATES}
    for title, found in panels.items():
        print(table(title, found))
    print(f"{time.perf_counter() - start:.0f} s")
    draw(panels, path)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "precision.png"))
