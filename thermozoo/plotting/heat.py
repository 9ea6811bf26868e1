"""Histogram of the heat that generations released."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermozoo.digits import number_text, tick_text
from thermozoo.plotting.style import (
    GRAY,
    INK,
    PALETTE,
    axes_of,
    finite_array,
    new_figure,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_heat"]


@styled
def plot_heat(heat_kT: ArrayLike, reference: tuple[str, float, float] | None = None) -> Figure:
    """Show the heat of every generation as a histogram with mean and standard deviation.

    Parameters
    ----------
    heat_kT : (S,) array
        Heat released by each of S generations [kT].
    reference : (str, float, float), optional
        A figure to compare with: its name, mean and standard deviation [kT].

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If the array is empty or holds values that are not finite.
    """
    from matplotlib.ticker import MaxNLocator

    heat = finite_array(heat_kT, "heat of the histogram", 1)
    mean = float(heat.mean())
    deviation = float(heat.std(ddof=1)) if len(heat) > 1 else 0.0

    figure = new_figure(2.9)
    axes = axes_of(figure)
    counts, _, _ = axes.hist(
        heat,
        bins=_bin_edges(heat),  # type: ignore[arg-type]
        color=PALETTE["sky"],
        edgecolor="white",
        linewidth=0.5,
    )
    top = float(np.max(counts))
    if len(heat) <= 60:
        # Few samples: show each, a histogram of them depends on where its bins begin.
        axes.plot(heat, np.full(len(heat), -0.03 * top), "|", color=GRAY, markersize=6)
    axes.axvline(mean, color=INK, linewidth=1.6)
    if deviation > 0:
        axes.errorbar([mean], [1.1 * top], xerr=[deviation], fmt="none", color=INK, elinewidth=1.2, capsize=3)
    # In the heading, where no bar can lie beneath.
    axes.set_title(_summary(mean, deviation, len(heat)), fontsize=9, linespacing=1.3)
    axes.set_ylim(-0.08 * top if len(heat) <= 60 else 0, 1.2 * top)
    if reference is not None:
        _draw_reference(axes, reference, 0.55 * top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True))
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= 1.12 * top])
    axes.xaxis.set_major_formatter(tick_text)
    axes.set_xlabel("heat $Q$ released by one generation [$kT$]")
    axes.set_ylabel("number of generations")
    axes.grid(False, axis="x")
    return figure


def _draw_reference(axes: Axes, reference: tuple[str, float, float], height: float) -> None:
    """Draw a figure to compare with as a point with its standard deviation, its name above."""
    name, mean, deviation = reference
    axes.errorbar(
        [mean],
        [height],
        xerr=[deviation],
        fmt="D",
        markersize=5,
        color=PALETTE["vermilion"],
        capsize=3,
    )
    axes.annotate(
        f"{name}\n{number_text(mean)} ± {number_text(deviation)} $kT$",
        (mean, height),
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        va="bottom",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
    )
    axes.margins(x=0.08)
    axes.autoscale_view(scaley=False)


def _bin_edges(heat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of at most 60 bins; equal values get one bin of a visible width."""
    low, high = float(heat.min()), float(heat.max())
    if high - low <= 1e-9 * max(abs(low), abs(high), 1.0):
        half = 0.02 * max(abs(low), 1.0)
        return np.array([low - half, low + half])
    edges = np.histogram_bin_edges(heat, bins="auto")
    return edges if len(edges) <= 61 else np.linspace(low, high, 61)


def _summary(mean: float, deviation: float, count: int) -> str:
    """Write mean and standard deviation, as far as the number of samples defines them."""
    if count == 1:
        return f"one generation: {number_text(mean)} $kT$"
    error = deviation / count**0.5
    return (
        f"mean {number_text(mean)} $kT$, standard deviation {number_text(deviation)} $kT$\n"
        f"{count:,} generations, standard error of the mean {number_text(error)} $kT$"
    )
