"""Tasks with one fault each."""

from __future__ import annotations

import itertools
from typing import Annotated

import attrs
import numpy as np
import xarray
from wrong_subjects import DOC, Wrong

from thermozoo import Account, Key, Phase, Picture, Task

_CALLS = itertools.count()


@attrs.frozen(kw_only=True)
class Square:
    """The figures of all of them."""

    square: Annotated[float, Key("mean square of the states")]


@attrs.frozen(kw_only=True)
class Silent:
    """Figures of which nobody knows what they mean."""

    square: float


def task(title, *, figures=Square, result=lambda run, x: float((x**2).mean()), told=None, shown=None, **more):
    """Return a task that is sound but for what is given."""

    def relax(run, progress):
        x = run.simulate(np.zeros((20, 2)), run.config.steps, stream=0, progress=progress).final.astype(float)
        run.figures = figures(square=result(run, x))
        if more.get("samples", True):
            run.samples = xarray.Dataset({"state": (("trajectory", "unit"), x)})

    class Made(Task):
        __doc__ = DOC
        name = title.replace(" ", "-")

        def phases(self, config):
            work = more.get("work", lambda run: config.steps)
            seconds = more.get("seconds", lambda of: 0.0)
            return [Phase("relaxation", "relaxation", relax, seconds, work=work)]

        def account(self, found):
            return told(found) if told else Account("It is done.")

        def pictures(self, found, samples):
            return shown or {"states": Picture(lambda figure: figure.subplots(), "Nothing.")}

    Made.figures = figures
    return attrs.frozen(Made)


def _drawing_nothing(figure):
    raise RuntimeError("no ink")


def _hoarding(run, x):
    held = np.ones(2**20)  # 8 MiB
    return float((x**2).mean() * held[0])


TASKS = [
    Wrong(
        "a picture that cannot be drawn",
        "small-run",
        task("undrawn", shown={"states": Picture(_drawing_nothing, "Nothing.")}),
    ),
    Wrong("a figure that is no number", "figures", task("infinite", result=lambda run, x: float("inf"))),
    Wrong("figures without a meaning", "figures", task("silent", figures=Silent)),
    Wrong("an answer that is no sentence", "page", task("mumbling", told=lambda found: Account("0.3"))),
    Wrong(
        "a picture without a caption",
        "page",
        task("uncaptioned", shown={"states": Picture(lambda figure: figure.subplots(), "")}),
    ),
    Wrong("half of the work stated", "honest-work", task("hasty", work=lambda run: run.config.steps // 2)),
    Wrong(
        "pieces of an estimate that are not stated",
        "estimate",
        task("unforeseen", seconds=lambda of: of.simulation(20, 200)),
    ),
    Wrong("8 MiB that no phase states", "honest-bytes", task("hoarding", result=_hoarding)),
    Wrong("a number of the process", "same-seed", task("counting", result=lambda run, x: float(next(_CALLS)))),
    Wrong("no noise of the seed", "other-seed", task("deaf", result=lambda run, x: 0.5, samples=False)),
]
