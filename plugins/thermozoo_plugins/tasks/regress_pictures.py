"""The picture of the task `regress`: the function and its answers, and errors against time and size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermozoo import Picture
from thermozoo_plugins.tasks.regress_figures import RegressFigures

__all__ = ["pictures_of"]

#: Colors of one shot and of the mean of all.
_ONE, _MEAN = "C1", "C0"


def pictures_of(figures: RegressFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the pictures by name."""
    return {
        "answers": Picture(
            lambda figure: _draw(figure, figures, samples),
            f"Left: the function (black), single shots (dots), the mean of {figures.shots:,} (line) and their standard "
            "deviation about it (band), at inputs that nothing was trained on. Middle: root-mean-square errors when "
            "the output is read at other times; dotted: the time that the computer was trained for. Right: errors at "
            "that time by the number of hidden units; gray: the digital teacher. Dashed: the best constant.",
            height=3.0,
        )
    }


def _draw(figure: Any, figures: RegressFigures, samples: Any) -> None:
    answers, time, size = figure.subplots(1, 3)
    x, mean, spread = (samples[name].values for name in ("input", "mean", "spread"))
    for shot in samples["shot"].values:
        answers.plot(x, shot, ".", color=_ONE, markersize=2.2, alpha=0.6)
    answers.fill_between(x, mean - spread, mean + spread, color=_MEAN, alpha=0.15, linewidth=0)
    answers.plot(x, samples["function"].values, color="black", linewidth=1.2)
    answers.plot(x, mean, color=_MEAN, linewidth=1.4)
    answers.set_xlabel("input")
    answers.set_title("answers", fontsize=8.5)
    time.plot(figures.times, figures.rmse_at, color=_ONE, linewidth=1.2, label="one shot")
    time.plot(figures.times, figures.rmse_of_mean_at, color=_MEAN, linewidth=1.4, label=f"mean of {figures.shots:,}")
    time.axvline(figures.duration, color="0.4", linestyle=":", linewidth=1)
    time.set_xlabel(r"time of reading [1/($\mu E_0$)]")
    for values, errors, color in (
        (figures.rmse_by_size, figures.rmse_by_size_se, _ONE),
        (figures.rmse_of_mean_by_size, figures.rmse_of_mean_by_size_se, _MEAN),
    ):
        size.errorbar(figures.sizes, values, errors, fmt="o-", markersize=3, color=color, linewidth=1.2)
    size.plot(figures.sizes, figures.teacher_rmse_by_size, "-", color="0.6", linewidth=1)
    size.set_xscale("log")
    size.set_xticks(figures.sizes, [str(units) for units in figures.sizes])
    size.minorticks_off()
    size.set_xlabel("hidden units")
    for axes in (time, size):
        axes.axhline(figures.best_constant, color="0.4", linestyle="--", linewidth=1)
        axes.set_ylim(0, None)
        axes.set_title("root-mean-square error", fontsize=8.5)
    time.legend(fontsize=7, frameon=False)
