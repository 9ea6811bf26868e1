"""The picture of the task `log-determinant`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo import Picture
from thermozoo_plugins.tasks.log_determinant_figures import LogDeterminantFigures

__all__ = ["pictures_of"]

#: Bins of work.
_BINS = 24


def pictures_of(figures: LogDeterminantFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the picture."""
    return {
        "work": Picture(
            lambda figure: _work(figure, figures, samples),
            "Left: distributions of the work of coupling, and of what uncoupling gives back, in the slowest duration "
            "(filled) and in the fastest; those of a duration cross at the free energy, that of the digital "
            "answer (line). Right: log determinants against the duration, with two standard errors, between the "
            "bounds of mean work (shaded), and the digital answer (line).",
        )
    }


def _work(figure: Any, figures: LogDeterminantFigures, samples: Any) -> None:
    left, right = figure.subplots(1, 2)
    exact = figures.reference["log_determinant"]
    forward, backward = samples["forward"].values, -samples["reverse"].values
    for work, color, name in ((forward, "C0", "coupling"), (backward, "C1", "uncoupling, given back")):
        filled = {"bins": _bins(forward[-1], backward[-1]), "density": True, "color": color}
        left.hist(work[-1], alpha=0.35, label=name, **filled)
        if len(work) > 1:
            outlined = filled | {"bins": _bins(forward[0], backward[0])}
            left.hist(work[0], histtype="step", linewidth=1.2, **outlined)
    left.axvline((exact - figures.uncoupled) / 2, color="#1a1a1a", linewidth=1)
    left.set_xlabel("work [$kT$]")
    left.set_ylabel("probability density")
    left.legend(fontsize=7)
    t = np.array(figures.durations)
    right.fill_between(t, figures.lower_by_duration, figures.upper_by_duration, color="#6b6b6b", alpha=0.15)
    right.axhline(exact, color="#1a1a1a", linewidth=1)
    drawn = (
        ("jarzynski", "C0", "coupling alone", 0.94),
        ("jarzynski_reverse", "C1", "uncoupling alone", 1.06),
        ("log_determinant", "#1a1a1a", "both directions", 1.0),
    )
    for name, color, label, aside in drawn:
        value, error = (np.array(getattr(figures, f"{name}_by_duration{end}")) for end in ("", "_se"))
        right.errorbar(t * aside, value, 2 * error, fmt="o", markersize=3, linewidth=1, color=color, label=label)
    right.set_xscale("log")
    right.set_xlabel(r"duration [1/($\mu E_0$)]")
    right.set_ylabel(r"$\ln\,\det A$")
    right.legend(fontsize=7)


def _bins(*works: Any) -> Any:
    """Return the ends of bins for the work of either direction, without its rarest values."""
    low, high = np.quantile(np.concatenate(works), [0.003, 0.997])
    room = 0.05 * (high - low) or 0.5  # where nothing is coupled, all work is zero
    return np.linspace(low - room, high + room, _BINS + 1)
