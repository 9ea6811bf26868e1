"""The pictures of the task `anneal`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo import Picture
from thermozoo_plugins.tasks.anneal_figures import AnnealFigures

__all__ = ["MOST_DRAWN", "pictures_of"]

#: Variables of the largest problem whose answer is drawn, and its couplings; of larger ones it is not kept beside them.
MOST_DRAWN = (4096, 60_000)

_GRAY, _LIGHT = "#6b6b6b", "#d9d9d9"


def pictures_of(figures: AnnealFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the pictures by name."""
    known = "the line is what is known" if figures.reference else "the line is the best of them"
    coldest = " at the coldest rung" if figures.acceptance is not None else ""
    found = {
        "annealing": Picture(
            lambda figure: _annealing(figure, figures, samples),
            f"Left: energy of the spins{coldest} against sweeps, mean of all reads with its standard deviation "
            f"(band), the lowest of them, and the lowest so far; {known}. Right: distribution of the lowest energies "
            "of reads.",
        )
    }
    if samples is not None and "side" in samples:
        found["cut"] = Picture(
            lambda figure: _lattice(figure, samples),
            "The best state on its lattice. Left: its spins. Right: where it agrees with the planted one, and "
            "where it is reversed (dark); red bonds are those that are unsatisfied.",
        )
    elif samples is not None and "pair" in samples:
        found["cut"] = Picture(
            lambda figure: _sides(figure, figures, samples),
            "The couplings of the problem, variables in the order of their spins in the best state: what lies off the "
            "two squares is cut. Blue couplings favor opposite spins, red ones equal ones.",
        )
    return found


def _annealing(figure: Any, figures: AnnealFigures, samples: Any) -> None:
    time, reads = figure.subplots(1, 2, width_ratios=(3, 2))
    sweeps, mean, std = (samples[name].values for name in ("sweep", "energy_mean", "energy_std"))
    time.fill_between(sweeps, mean - std, mean + std, color="C0", alpha=0.25, linewidth=0)
    time.plot(sweeps, mean, color="C0", label="mean of reads")
    time.plot(sweeps, samples["energy_least"].values, color="C1", linewidth=1, label="lowest of reads")
    time.plot(sweeps, samples["energy_so_far"].values, color="C2", linewidth=1.2, label="lowest so far")
    label = figures.target_source if len(figures.target_source) < 32 else "known"
    time.axhline(figures.target, color=_GRAY, linewidth=1, label=label)
    time.set_xlabel("sweeps" if figures.acceptance is None else "sweeps at each rung")
    time.set_ylabel("energy of the spins")
    time.legend(fontsize=7)
    energies = samples["energy"].values
    bins = min(30, max(6, len(np.unique(energies))))
    low, high = min(energies.min(), figures.target), max(energies.max(), figures.target)
    pad = 0.04 * (high - low) or 0.5
    reads.hist(energies, bins=np.linspace(low - pad, high + pad, bins + 1), color="C0")
    reads.axvline(figures.target, color=_GRAY, linewidth=1)
    reads.set_xlabel("lowest energy of a read")
    reads.set_ylabel("reads")


def _best(samples: Any) -> Any:
    return samples["state"].values[int(samples["energy"].values.argmin())]


def _lattice(figure: Any, samples: Any) -> None:
    """Draw the spins, and where they agree with the planted ones, up to a reversal of all."""
    spins, agreement = figure.subplots(1, 2)
    side, best = int(samples["side"]), _best(samples)
    spins.imshow(best.reshape(side, side), cmap="gray", vmin=-2, vmax=2, interpolation="nearest")
    planted = samples["planted"].values
    same = best * planted
    same = same if same.sum() >= 0 else -same
    agreement.imshow(same.reshape(side, side), cmap="gray", vmin=-4, vmax=1.5, interpolation="nearest")
    pairs, strengths = samples["pair"].values, samples["strength"].values
    wrong = pairs[strengths * best[pairs[:, 0]] * best[pairs[:, 1]] > 0]
    rows, columns = wrong // side, wrong % side
    near = (np.abs(np.diff(rows, axis=1)) + np.abs(np.diff(columns, axis=1)) == 1)[:, 0]  # others go around
    # a bond that is unsatisfied is crossed by a line between its units
    for (r0, r1), (c0, c1) in zip(rows[near], columns[near], strict=True):
        x, y = (c0 + c1) / 2, (r0 + r1) / 2
        across = ([x, x], [y - 0.5, y + 0.5]) if r0 == r1 else ([x - 0.5, x + 0.5], [y, y])
        agreement.plot(*across, color="#c1272d", linewidth=1)
    spins.set_title("best state", fontsize=9)
    agreement.set_title("agreement with the planted state", fontsize=9)
    for axes in (spins, agreement):
        axes.set_xticks([])
        axes.set_yticks([])


def _sides(figure: Any, figures: AnnealFigures, samples: Any) -> None:
    """Draw the matrix of couplings, in the order of spins."""
    axes = figure.subplots()
    best = _best(samples)
    order = np.argsort(-best, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    i, j = place[samples["pair"].values].T
    strengths = np.tile(samples["strength"].values, 2)
    most = float(np.abs(strengths).max()) or 1.0
    size = max(0.3, min(60.0, 9e4 / figures.variables**2))
    axes.scatter(
        np.concatenate([j, i]), np.concatenate([i, j]), c=strengths, cmap="RdBu", vmin=-most, vmax=most, s=size,
        marker="s", linewidths=0,
    )  # fmt: skip
    border = int((best > 0).sum()) - 0.5
    axes.axhline(border, color=_GRAY, linewidth=0.8)
    axes.axvline(border, color=_GRAY, linewidth=0.8)
    axes.set_xlim(-0.5, len(best) - 0.5)
    axes.set_ylim(len(best) - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_facecolor("white")
    axes.set_xlabel("variables, spin 1 first")
    axes.set_ylabel("variables, spin 1 first")
