"""Figures of a run against the keys that a sweep went over: lines, or a heat map of two keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from thermozoo.digits import number_text
from thermozoo.errors import ShapeError
from thermozoo.plotting.style import GRAY, PALETTE, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SweptAxis", "SweptFigure", "plot_sweep"]

#: Height of a panel [inch]; values that a map prints into its cells, at most; lines of a panel, at most.
_HEIGHT, _PRINTED, _LINES = 2.4, 48, 12

#: A ratio between the largest and the smallest value of an axis above which it is drawn logarithmically.
_DECADES = 30.0


@attrs.frozen(eq=False)
class SweptAxis:
    """A key that was swept.

    Parameters
    ----------
    key : str
        Its name.
    values : ndarray, shape (K,)
        Numbers, or text.
    """

    key: str
    values: NDArray[Any]

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return bool(np.issubdtype(self.values.dtype, np.number))

    @property
    def logarithmic(self) -> bool:
        """Whether its values are spread over decades."""
        return self.numeric and self.values.min() > 0 and float(self.values.max() / self.values.min()) > _DECADES

    @property
    def ticks(self) -> list[str]:
        """Its values in words."""
        return [number_text(float(v)) if self.numeric else str(v) for v in self.values]


@attrs.frozen(eq=False)
class SweptFigure:
    """A number that the runs report.

    Parameters
    ----------
    name : str
        Its key.
    values : ndarray, shape (K, ...)
        A value for each combination of the axes' values; NaN where there is none.
    errors : ndarray, same shape, optional
        Standard errors.
    """

    name: str
    values: NDArray[np.float64]
    errors: NDArray[np.float64] | None = None


@styled
def plot_sweep(axes: Sequence[SweptAxis], figures: Sequence[SweptFigure]) -> Figure:
    """Show figures against the keys that were swept, a panel each.

    Of one key they are lines with error bars, of two a heat map; of more, the last key is the abscissa, and each
    combination of the others a line.

    Parameters
    ----------
    axes : sequence of SweptAxis
        The keys, at least one.
    figures : sequence of SweptFigure
        The numbers, at least one.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If there is nothing to show, or a figure has not a value for each combination.
    """
    shape = tuple(len(one.values) for one in axes)
    if not axes or not figures or 0 in shape:
        raise ShapeError(f"a sweep: expected keys with values, and figures, got {len(axes)} and {len(figures)}")
    for one in figures:
        if one.values.shape != shape:
            raise ShapeError(
                f"{one.name}: expected a value for each combination, shape {shape}, got {one.values.shape}"
            )
    columns = 1 if len(figures) == 1 else 2
    rows = math.ceil(len(figures) / columns)
    figure = new_figure(_HEIGHT * rows + 0.3)
    panels = figure.subplots(rows, columns, squeeze=False)
    for k, panel in enumerate(panels.flat):
        if k >= len(figures):
            panel.set_axis_off()
        elif len(axes) == 2 and min(shape) > 1:
            _draw_map(panel, axes, figures[k], in_cells=columns == 1)
        else:
            _draw_lines(panel, axes, figures[k], legend=k == 0)
    return figure


def _draw_lines(panel: Axes, axes: Sequence[SweptAxis], figure: SweptFigure, *, legend: bool) -> None:
    *others, last = axes
    x = last.values.astype(np.float64) if last.numeric else np.arange(len(last.values), dtype=np.float64)
    order = np.argsort(x)
    colors = list(PALETTE.values())
    combinations = list(np.ndindex(*(len(one.values) for one in others)))
    for k, place in enumerate(combinations[:_LINES]):
        y = figure.values[place][order]
        bars = None if figure.errors is None else np.nan_to_num(figure.errors[place][order])
        told = ", ".join(f"{one.key.rpartition('.')[2]} = {one.ticks[j]}" for one, j in zip(others, place, strict=True))
        style = "-" if k < len(colors) else "--"
        panel.errorbar(
            x[order], y, bars, color=colors[k % len(colors)], marker="o", markersize=3.5, capsize=2,
            linestyle=style if last.numeric else "none", label=told or None,
        )  # fmt: skip
    if last.logarithmic:
        panel.set_xscale("log")
    if not last.numeric:
        panel.set_xticks(x, last.ticks, rotation=0 if sum(map(len, last.ticks)) < 30 else 20)
        panel.margins(x=0.15)
    panel.set_xlabel(last.key)
    panel.set_title(figure.name)
    if len(combinations) > 1 and legend:
        more = len(combinations) - _LINES
        panel.legend(title=f"and {more} more in the table" if more > 0 else None, fontsize=7)


def _draw_map(panel: Axes, axes: Sequence[SweptAxis], figure: SweptFigure, *, in_cells: bool) -> None:
    rows, columns = axes
    down, across = (np.argsort(one.values) if one.numeric else np.arange(len(one.values)) for one in axes)
    values = figure.values[np.ix_(down, across)]
    panel.grid(False)
    panel.set_facecolor("#eeeeee")  # of what is missing
    image = panel.imshow(values, aspect="auto", origin="lower", cmap="viridis")
    panel.figure.colorbar(image, ax=panel)
    panel.set_xticks(range(len(across)), [columns.ticks[k] for k in across], rotation=45 if len(across) > 6 else 0)
    panel.set_yticks(range(len(down)), [rows.ticks[k] for k in down])
    panel.set_xlabel(columns.key)
    panel.set_ylabel(rows.key)
    panel.set_title(figure.name)
    if values.size > _PRINTED or not np.isfinite(values).any():
        return
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    for (i, j), value in np.ndenumerate(values):
        text = number_text(float(value)) if math.isfinite(value) else "none"
        color = GRAY if not math.isfinite(value) else "white" if value < middle else "black"
        panel.text(j, i, text, ha="center", va="center", fontsize=7.5 if in_cells else 6.5, color=color)
