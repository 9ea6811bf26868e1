"""One trajectory: its states over time, and the heat that it released by term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from thermozoo.digits import tick_text
from thermozoo.errors import ShapeError
from thermozoo.plotting.ledger import line_styles
from thermozoo.plotting.style import GRAY, TIME_UNIT, finite_array, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_trajectory"]


@styled
def plot_trajectory(
    times: ArrayLike, states: ArrayLike, heat: Mapping[str, ArrayLike], *, parts: ArrayLike | None = None
) -> Figure:
    """Show states of units above the heat that their trajectory released so far, term by term.

    Parameters
    ----------
    times : (T,) array
        Times of the observations [1 / (mobility E0)].
    states : (T, N) array
        States of some units.
    heat : mapping of str to (T,) array
        Heat released so far by term [kT]; their sum is drawn as "total".
    parts : (T,) array of int, optional
        Which part of the trajectory an observation is of: a line stands where one ends, and heat begins anew.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If the arrays do not match, are empty or hold values that are not finite.
    """
    t = finite_array(times, "times of the trajectory", 1)
    x = finite_array(states, "states of the trajectory", 2)
    lines = {name: finite_array(values, f"heat of term {name!r}", 1) for name, values in heat.items()}
    if not lines or any(len(values) != len(t) for values in (x, *lines.values())):
        raise ShapeError(f"trajectory: expected states and at least one term of heat at {len(t)} times")
    of_part = np.zeros(len(t), np.int64) if parts is None else np.asarray(parts)
    lines["total"] = np.sum(list(lines.values()), axis=0)
    figure = new_figure(4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    styles = line_styles(lines)
    for part in np.unique(of_part):
        here = of_part == part
        above.plot(t[here], x[here], linewidth=0.7, color=GRAY if x.shape[1] > 1 else None, alpha=0.6)
        for name, values in lines.items():
            color, style = styles[name]
            below.plot(
                t[here],
                values[here],
                color=color,
                linestyle=style,
                linewidth=2.2 if name == "total" else 1.3,
                label=name if part == of_part[0] else None,
            )
        if part != of_part[0]:
            for axes in (above, below):
                axes.axvline(t[here][0], color=GRAY, linewidth=0.8, linestyle=":")
    below.axhline(0, color=GRAY, linewidth=0.8)
    above.set_ylabel(f"states of {x.shape[1]} unit{'s' if x.shape[1] > 1 else ''}")
    below.set_ylabel("heat so far [$kT$]")
    below.set_xlabel(f"time $t$ [{TIME_UNIT}]")
    below.yaxis.set_major_formatter(tick_text)
    below.legend(loc="upper left", ncols=3)
    return figure
