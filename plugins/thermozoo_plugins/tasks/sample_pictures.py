"""The pictures of the task `sample`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo import Picture
from thermozoo_plugins.tasks.sample_figures import SampleFigures

__all__ = ["pictures_of"]

#: Units whose distributions are drawn, and how many autocorrelation times a curve shows.
_DRAWN, _TIMES = 6, 6.0


def pictures_of(figures: SampleFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the pictures by name."""
    found = {
        "equilibrium": Picture(
            lambda figure: _equilibrium(figure, figures, samples),
            "Distributions of states and of the energy, with a band of two standard errors, and autocorrelation over "
            "time: the energy in black, units in the colors of their distributions.",
        )
    }
    if len(figures.units) > 1:
        found["covariances"] = Picture(
            lambda figure: _covariances(figure, samples),
            "Correlation coefficients of the shown units; left of each row stands the unit's number.",
            height=3.6,
        )
    return found


def _equilibrium(figure: Any, figures: SampleFigures, samples: Any) -> None:
    states, energy, time = figure.subplots(1, 3)
    for k in range(1, min(len(figures.units), _DRAWN) + 1):
        _density(states, samples, k, f"unit {figures.units[k - 1]}")
    states.set_xlabel("state $x$")
    states.set_ylabel("probability density")
    if len(figures.units) > 1:
        states.legend(fontsize=7)
    _density(energy, samples, 0, "")
    energy.axvline(figures.energy_kT, color="#1a1a1a", linewidth=1.2)
    energy.set_xlabel("energy [$kT$]")
    energy.set_title(
        f"mean {figures.energy_kT:.4g} ± {figures.energy_se_kT:.2g} $kT$".replace("-", "\u2212"), fontsize=8.5
    )
    lag = samples["lag"].values
    last = int(np.searchsorted(lag, _TIMES * figures.autocorrelation_time_slowest)) if len(lag) > 1 else 1
    shown = slice(0, max(8, last))
    for k, curve in enumerate(samples["autocorrelation"].values[: _DRAWN + 1]):
        time.plot(lag[shown], curve[shown], color="#1a1a1a" if k == 0 else f"C{k - 1}", linewidth=2 if k == 0 else 1)
    time.axhline(0, color="#6b6b6b", linewidth=0.7)
    time.set_xlabel(r"lag [1/($\mu E_0$)]")
    time.set_title("autocorrelation", fontsize=8.5)


def _density(axes: Any, samples: Any, k: int, label: str) -> None:
    value, density, error = (samples[name].values[k] for name in ("value", "density", "density_se"))
    color = "#1a1a1a" if k == 0 else f"C{k - 1}"
    axes.plot(value, density, color=color, label=label, linewidth=1.2)
    axes.fill_between(value, density - 2 * error, density + 2 * error, color=color, alpha=0.25, linewidth=0)
    seen = np.flatnonzero(density > 1e-3 * density.max())
    axes.set_xlim(value[max(seen[0] - 1, 0)], value[min(seen[-1] + 1, len(value) - 1)])
    axes.set_ylim(0, None)


def _covariances(figure: Any, samples: Any) -> None:
    axes = figure.subplots()
    covariance = samples["covariance"].values
    scale = np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny))
    image = axes.imshow(covariance / np.outer(scale, scale), vmin=-1, vmax=1, cmap="RdBu_r")
    units = samples["unit_shown"].values
    axes.set_xticks(range(len(units)), units)
    axes.set_yticks(range(len(units)), units)
    axes.grid(False)
    figure.colorbar(image, label="correlation coefficient")
