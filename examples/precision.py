"""Heat and images against the bits of couplings: as they are stored after training, and as updates write them.

    python examples/precision.py [FILE.png]         up to half an hour on two cores; also prints the table

The config is examples/precision.toml, the set-up of the paper in ten times longer steps, trained with an update at
every step. Updates that are stored one by one take long, and are tried with fewer hidden units and cycles. To be
compared with Wang and Deng, arXiv:2609.15439: 4 to 5 bits of storage keep the heat, 2 bits give the lowest heat and
the worst images, and updates need 16 bits.
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

#: Bits of storage and of updates, and the seeds of each; without an imperfection stands None.
STORAGE, UPDATES = (2, 3, 4, 5, 6, 8, None), (8, 10, 12, 14, 16, None)
SEEDS, SEEDS_OF_UPDATES = (1, 2, 3), (1,)

#: What is smaller where updates are stored.
SMALLER = {"hidden": 64, "cycles": 30}

QUALITY, HEAT = "#0072B2", "#D55E00"


def machine_with(seed: int, small: bool = False, **imperfections: object) -> object:
    """Return the machine of the config with other imperfections."""
    tables = tomllib.loads(CONFIG.read_text("utf-8")) | {"seed": seed, "hardware": {"imperfections": imperfections}}
    if small:
        tables["computer"]["units"]["hidden"] = SMALLER["hidden"]
        tables["training"]["cycles"] = SMALLER["cycles"]
    return assemble_machine(parse(tables, catalogue(), Origin("precision")))


def generated(machine: object, program: object, engine: object) -> tuple[float, float]:
    """Return the mean heat [kT] of the device that a program became, and the mean best correlation of its images."""
    config = machine.config
    law = attrs.evolve(machine.generating, computer=realised_program(config, program))
    made = generate(law, machine.generating, config.generation.samples, seed=config.seed, engine=engine)
    _, correlations = outputs_of(machine, made)
    figures = generation_figures(machine, made, correlations)
    return figures.heat_mean_kT, figures.mean_best_correlation


def storage() -> dict[int | None, list[tuple[float, float]]]:
    """Train a computer for each seed, and store it with few bits."""
    found: dict[int | None, list[tuple[float, float]]] = {bits: [] for bits in STORAGE}
    for seed in SEEDS:
        ideal = machine_with(seed)
        engine = engine_of(ideal)
        program = train(ideal, engine, "online").program
        for bits in STORAGE:
            few = {} if bits is None else {"storage": {"plugin": "storage-bits", "bits": bits}}
            found[bits].append(generated(machine_with(seed, **few), program, engine))
    return found


def updates() -> dict[int | None, list[tuple[float, float]]]:
    """Train with updates of few bits; without, they are held in the precision of the states."""
    found: dict[int | None, list[tuple[float, float]]] = {bits: [] for bits in UPDATES}
    for seed in SEEDS_OF_UPDATES:
        for bits in UPDATES:
            few = {} if bits is None else {"updates": {"plugin": "update-bits", "bits": bits}}
            machine = machine_with(seed, small=True, **few)
            engine = engine_of(machine)
            found[bits].append(generated(machine, train(machine, engine, "online").program, engine))
    return found


def draw(panels: dict[str, dict[int | None, list[tuple[float, float]]]], path: Path) -> None:
    """Draw heat and correlation against bits, with those without an imperfection as dashed lines."""
    figure, axes = plt.subplots(1, len(panels), figsize=(9, 3.4), layout="constrained")
    for ax, (title, found) in zip(axes, panels.items(), strict=True):
        bits = [one for one in found if one is not None]
        for other, column, color, name in ((ax, 0, HEAT, "heat [kT]"), (ax.twinx(), 1, QUALITY, "best correlation")):
            values = [np.array([row[column] for row in found[one]]) for one in bits]
            spread = [one.std(ddof=1) / np.sqrt(len(one)) if len(one) > 1 else 0.0 for one in values]
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
        panels = {"bits of storage": storage(), "bits of updates": updates()}
    for title, found in panels.items():
        print(f"| {title} | heat [kT] | best correlation |\n|---|---|---|")
        for bits, rows in found.items():
            heat, quality = (np.mean([row[column] for row in rows]) for column in (0, 1))
            print(f"| {'ideal' if bits is None else bits} | {heat:.0f} | {quality:.3f} |")
    print(f"{time.perf_counter() - start:.0f} s")
    draw(panels, path)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "precision.png"))
