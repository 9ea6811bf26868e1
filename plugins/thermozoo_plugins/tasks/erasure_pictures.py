"""The pictures of the task `erasure`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo import Picture
from thermozoo_plugins.tasks.erasure_figures import ErasureFigures
from thermozoo_plugins.tasks.erasure_fit import fit

__all__ = ["pictures_of"]

#: Bins of the heat's distribution.
_BINS = 40

#: Height to which an energy is drawn, and how far one lies below the one before, in barriers.
_HEIGHT, _APART = 2.1, 1.3


def pictures_of(figures: ErasureFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the pictures by name."""
    return {
        "erasure": Picture(
            lambda figure: _erasure(figure, figures, samples),
            "Left: mean work against the duration, with two standard errors; Landauer's bound as a line, the bound at "
            "the share that is erased as crosses, and the fit. Right: distributions of the heat that a bit releases.",
        ),
        "cycle": Picture(
            lambda figure: _cycle(figure, samples),
            "Left: stiffness and tilt over an erasure. Right: the energy at the beginning of every stage and in the "
            "end, one above the other.",
        ),
    }


def _erasure(figure: Any, figures: ErasureFigures, samples: Any) -> None:
    work, heat = figure.subplots(1, 2)
    t = np.array(figures.durations)
    mean, error = np.array(figures.work_by_duration_kT), np.array(figures.work_by_duration_se_kT)
    work.axhline(math.log(2), color="#6b6b6b", linewidth=1)
    work.annotate("ln 2", (t[-1], math.log(2)), xytext=(0, -9), textcoords="offset points", fontsize=8, ha="right")
    if figures.fitted and figures.limit_kT is not None:
        first = len(t) - figures.fitted
        (a, b), _ = fit(t[first:], mean[first:], error[first:], math.log(2))
        fine = np.geomspace(t[first], t[-1], 200)
        work.plot(fine, math.log(2) + a / fine + b / fine**2, color="C1", label=f"ln 2 + {a:.2f} / t + …")
    work.errorbar(t, mean, 2 * error, fmt="o", markersize=3.5, color="C0", label="mean work")
    work.plot(t, figures.bound_by_duration_kT, "x", markersize=4, color="#6b6b6b", label="least by the second law")
    work.set_xscale("log", base=2)
    work.set_xticks(t, [f"{one:g}" for one in t])
    work.set_xlabel("duration $t$")
    work.set_ylabel("work [$kT$]")
    work.set_ylim(0, None)
    work.legend(fontsize=7)
    released = samples["heat"].values
    shown = sorted({0, len(t) // 2, len(t) - 1})
    low, high = np.quantile(released[shown], [0.001, 0.999])
    for k in shown:
        label = f"t = {t[k]:g}, {figures.success_by_duration[k]:.2%} erased"
        heat.hist(
            released[k], bins=np.linspace(low, high, _BINS + 1), density=True, histtype="step", color=f"C{k % 10}",
            linewidth=1.3, label=label,
        )  # fmt: skip
    heat.axvline(math.log(2), color="#6b6b6b", linewidth=1)
    heat.set_xlabel("heat of a bit [$kT$]")
    heat.set_ylabel("probability density")
    heat.legend(fontsize=7)


def _cycle(figure: Any, samples: Any) -> None:
    time, energy = figure.subplots(1, 2)
    part, stiffness, tilt = (samples[name].values for name in ("part", "stiffness", "tilt"))
    time.plot(part, stiffness, color="C0", label="$J_2$")
    time.plot(part, tilt, color="C1", label="$h$")
    time.set_xlabel("part of the duration")
    time.set_ylabel("parameter [energy]")
    time.legend(fontsize=7)
    quartic = float(samples["quartic"])
    x = np.linspace(-1.6, 1.6, 301) * math.sqrt(-stiffness[0] / (2 * quartic))
    barrier = stiffness[0] ** 2 / (4 * quartic)
    for k, (J2, h) in enumerate(zip(stiffness, tilt, strict=True)):
        potential = J2 * x**2 + quartic * x**4 + h * x
        height = potential - potential.min()
        height[height > _HEIGHT * barrier] = np.nan
        energy.plot(x, height - _APART * k * barrier, color=f"C{k}", linewidth=1.3, label=f"{part[k]:.3g}")
    energy.legend(fontsize=7, title="part", title_fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    energy.set_xlabel("state $x$")
    energy.set_ylabel("energy")
    energy.set_yticks([])
