"""Training methods side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from thermozoo.digits import number_text, tick_text
from thermozoo.errors import ShapeError
from thermozoo.plotting.style import PALETTE, WIDTH, label_width, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_comparison"]

#: Key of a figure, key and name of its error bar where it has one, label.
_PANELS: tuple[tuple[str, str, str, str], ...] = (
    ("heat_mean_kT", "heat_std_kT", "standard deviation", "heat [$kT$]"),
    ("likelihood_gain_nats", "likelihood_gain_se", "standard error", "likelihood gain [nats]"),
    ("mean_best_correlation", "best_correlation_std", "standard deviation", "correlation"),
    ("seconds", "", "", "training time [s]"),
)

#: Size of the numbers above points, over that of other text; room between two panels [inch].
_NUMBER, _BETWEEN = 8 / 9, 0.2


@styled
def plot_comparison(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Show heat, likelihood gain, correlation and seconds of several methods, a panel each.

    Parameters
    ----------
    rows : sequence of mapping
        One a method: `method` (its name) and any of `heat_mean_kT` with `heat_std_kT` [kT],
        `likelihood_gain_nats` with `likelihood_gain_se` [nats], `mean_best_correlation` with
        `best_correlation_std` [1], `seconds` [s]. What is missing or None is left out.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If there is no row, a row has no method, or no row has a figure.
    """
    panels = [panel for panel in _PANELS if any(row.get(panel[0]) is not None for row in rows)]
    if not panels or any("method" not in row for row in rows):
        raise ShapeError(
            f"comparison figure: expected rows with 'method' and at least one of "
            f"{', '.join(panel[0] for panel in _PANELS)}, got keys "
            f"{[sorted(row) for row in rows]}; give one row a method."
        )
    figure = new_figure(1.0 + 0.42 * len(rows))
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    names = max(label_width(str(row["method"])) for row in rows)
    width = (WIDTH - names) / len(panels) - _BETWEEN
    for axes, panel in zip(grid, panels, strict=True):
        _draw_panel(axes, rows, panel, width)
    first = grid[0]
    first.set_yticks(range(len(rows)), [str(row["method"]) for row in rows])
    # The first method on top, and room for the number above its bar.
    first.set_ylim(len(rows) - 0.6, -0.65)
    return figure


def _draw_panel(
    axes: Axes,
    rows: Sequence[Mapping[str, Any]],
    panel: tuple[str, str, str, str],
    width: float,
) -> None:
    """Draw one figure of all methods, with its number written above each point, into about `width` [inch]."""
    key, error_key, meaning, label = panel
    colors = [PALETTE[name] for name in ("blue", "green", "orange", "vermilion", "purple")]
    values: list[float] = []
    errors = False
    for place, row in enumerate(rows):
        value = row.get(key)
        if value is None or not math.isfinite(value):
            continue
        error = row.get(error_key)
        errors |= error is not None
        axes.errorbar(
            [value],
            [place],
            xerr=None if error is None else [error],
            fmt="o",
            color=colors[place % len(colors)],
            capsize=2.5,
            markersize=5,
            elinewidth=1.2,
        )
        axes.annotate(
            number_text(value),
            (value, place),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=_NUMBER * 9,
        )
        values.append(float(value))
    if key == "seconds" and values and min(values) > 0 and max(values) > 20 * min(values):
        axes.set_xscale("log")
    # the number above the outermost point, which is centered on it, stays inside
    half = _NUMBER * max((label_width(number_text(value)) for value in values), default=0.0) / 2 + 0.06
    axes.margins(x=max(0.3, half / max(width - 2 * half, 0.1)))
    axes.set_xlabel(f"{label}\n± {meaning}" if errors else label)
    axes.xaxis.set_major_formatter(tick_text)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    if axes.get_xscale() == "linear":
        axes.locator_params(axis="x", nbins=3)
