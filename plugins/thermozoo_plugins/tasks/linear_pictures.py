"""The picture of the tasks `linear-system` and `inverse`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo import Picture
from thermozoo_plugins.tasks.linear_figures import LinearFigures

__all__ = ["pictures_of"]

#: Entries that are drawn at most.
_DRAWN = 2000


def pictures_of(figures: LinearFigures, samples: Any, name: str) -> Mapping[str, Picture]:
    """Return the picture; `name` is that of the answer in the data set."""
    return {
        "error": Picture(
            lambda figure: _error(figure, figures, samples, name),
            "Left: relative error of the answer so far against time, as measured (dots) and as error bars say (line), "
            "beside a line of slope -1/2 (dashed). Right: entries of the answer with two standard errors over those of "
            "the digital answer.",
        )
    }


def _error(figure: Any, figures: LinearFigures, samples: Any, name: str) -> None:
    left, right = figure.subplots(1, 2)
    time, found, expected = (samples[key].values for key in ("time", "relative_error", "relative_error_expected"))
    left.loglog(time, found, "o", color="#1a1a1a", markersize=3, label="measured")
    left.loglog(time, expected, color="C0", label="error bars")
    guide = expected[-1] * np.sqrt(time[-1] / time)
    left.loglog(time, guide, "--", color="#6b6b6b", linewidth=1, label="slope \u22121/2")
    left.set_xlabel(r"time [1/($\mu E_0$)]")
    left.set_ylabel("relative error")
    left.legend(fontsize=7)
    answer, error, exact = (samples[key].values.ravel()[:_DRAWN] for key in (name, f"{name}_se", f"{name}_reference"))
    ends = [min(exact.min(), answer.min()), max(exact.max(), answer.max())]
    right.plot(ends, ends, color="#6b6b6b", linewidth=1)
    right.errorbar(exact, answer, yerr=2 * error, fmt="o", color="C0", markersize=3, linewidth=1)
    right.set_xlabel("digital answer")
    right.set_ylabel("answer of the computer")
    right.set_title(f"relative error {figures.relative_error:.2%}", fontsize=8.5)
