"""Heat ledger: which term of the energy paid for the heat, and when."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermozoo.digits import number_text, tick_text
from thermozoo.errors import ShapeError
from thermozoo.plotting.style import (
    GRAY,
    INK,
    PALETTE,
    TIME_UNIT,
    axes_of,
    finite_array,
    new_figure,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["line_styles", "plot_ledger"]

#: Color and line of the terms that every computer has; others take what is left. The line styles
#: tell them apart without color.
_STYLES = {
    "total": (INK, "-"),
    "on-site": (PALETTE["orange"], "--"),
    "coupling": (PALETTE["blue"], "-."),
    "bias": (PALETTE["green"], ":"),
    "switching": (PALETTE["vermilion"], (0, (5, 1, 1, 1, 1, 1))),
    "drive": (PALETTE["purple"], (0, (3, 1))),
}
_SPARE = (
    (PALETTE["sky"], (0, (8, 2))),
    (PALETTE["purple"], (0, (2, 2))),
    (PALETTE["vermilion"], (0, (10, 3, 2, 3))),
)


def line_styles(names: Iterable[str]) -> dict[str, tuple[str, Any]]:
    """Return color and line of each term of a ledger."""
    known = {name: _STYLES.get(name.replace("_", "-").lower()) for name in names}
    spare = itertools.cycle(_SPARE)
    return {name: style or next(spare) for name, style in known.items()}


@styled
def plot_ledger(
    times: ArrayLike,
    terms: Mapping[str, ArrayLike],
    *,
    spread: ArrayLike | None = None,
    time_unit: str = TIME_UNIT,
) -> Figure:
    """Show the mean heat released so far, term by term, with the total emphasized.

    With parameters that stay fixed the heat of a term until t is V_term(x(0)) - V_term(x(t)); work
    done by switching or driving the parameters enters as a term of its own, and the terms sum to
    the total.

    Parameters
    ----------
    times : (T,) array
        Time since the couplings were switched on [`time_unit`].
    terms : mapping of str to (T,) array
        Mean heat released until each time [kT], such as "on-site", "coupling", "bias",
        "switching". Their sum is drawn as "total", unless that is given.
    spread : (T,) array, optional
        Standard deviation of the total over samples [kT], drawn as a band.
    time_unit : str
        Unit of `times` as it is written on the axis.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If there is no term, the arrays do not match, are empty or hold values that are not finite.
    """
    t = finite_array(times, "times of the heat ledger", 1)
    lines = {name: finite_array(v, f"ledger term {name!r}", 1) for name, v in terms.items()}
    band = None if spread is None else finite_array(spread, "spread of the heat ledger", 1)
    lengths = {name: len(values) for name, values in lines.items() if len(values) != len(t)}
    if band is not None and len(band) != len(t):
        lengths["spread"] = len(band)
    if not lines or lengths:
        raise ShapeError(
            f"heat ledger: expected at least one term with {len(t)} values, one a time, got "
            f"{lengths or 'no term'}; give every term a value for every time."
        )
    if not any(name.lower() == "total" for name in lines):
        lines["total"] = np.sum(list(lines.values()), axis=0)

    figure = new_figure(3.2)
    axes = axes_of(figure)
    axes.axhline(0, color=GRAY, linewidth=0.8)
    styles = line_styles(lines)
    colors = {name: color for name, (color, _) in styles.items()}
    for name, values in lines.items():
        color, style = styles[name]
        total = name.lower() == "total"
        # a single generation has no spread: no band, and none in the legend
        if total and band is not None and band.any():
            axes.fill_between(
                t,
                values - band,
                values + band,
                color=INK,
                alpha=0.14,
                linewidth=0,
                label="total ± standard deviation of one generation",
            )
        axes.plot(
            t,
            values,
            color=color,
            linestyle=style,
            linewidth=2.4 if total else 1.5,
            marker="o" if len(t) == 1 else None,
            zorder=4 if total else 3,
        )
    axes.set_xlabel(f"time $t$ since the couplings were switched on [{time_unit}]")
    axes.set_ylabel("mean heat released until $t$ [$kT$]")
    axes.yaxis.set_major_formatter(tick_text)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left")
    # The lines end where their labels begin.
    axes.set_xlim(*((t[0], t[-1]) if t[-1] > t[0] else (None, t[-1])))
    _label_ends(axes, lines, colors, float(t[-1]))
    return figure


def _label_ends(
    axes: Axes,
    lines: Mapping[str, NDArray[np.float64]],
    colors: Mapping[str, str],
    end: float,
) -> None:
    """Write name and final heat of each line at its end, moved apart where two would overlap."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    order = sorted(lines, key=lambda name: float(lines[name][-1]))
    step = 0.085 * (high - low)
    wanted = np.array([float(lines[name][-1]) for name in order])
    # Labels in order with a distance of one step: the nearest such places are the running
    # extremes' mean.
    shifted = wanted - step * np.arange(len(order))
    upper = np.maximum.accumulate(shifted)
    lower = np.minimum.accumulate(shifted[::-1])[::-1]
    places = (upper + lower) / 2 + step * np.arange(len(order))
    for name, place in zip(order, places, strict=True):
        value = float(lines[name][-1])
        heading = name.replace("_", "-")
        axes.annotate(
            f"{heading}  {'+' if value > 0 else ''}{number_text(value)}",
            (end, value),
            xytext=(1.04, (place - low) / (high - low)),
            textcoords="axes fraction",
            va="center",
            fontweight="bold" if name.lower() == "total" else "normal",
            arrowprops={"arrowstyle": "-", "color": colors[name], "lw": 1.5, "shrinkA": 1, "relpos": (0, 0.5)},
            annotation_clip=False,
        )
