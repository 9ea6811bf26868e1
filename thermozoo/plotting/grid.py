"""A grid of small images with one color scale, which the image figures share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from thermozoo.plotting.style import GRAY, INK, WIDTH, label_width, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["image_grid", "state_limits"]

_GAP = 0.05
_BAR = 0.1


def state_limits(images: NDArray[np.float64]) -> tuple[float, float]:
    """Return the color limits of images: the central 99 % of all values, rounded outwards.

    One fluctuating unit in a thousand must not take the contrast of all others, hence the central
    99 %; the color bar shows by its pointed ends that values lie beyond.
    """
    low, high = (float(v) for v in np.percentile(images, [0.5, 99.5]))
    if high - low <= 1e-9 * max(abs(low), abs(high), 1.0):
        return low - 1.0, high + 1.0
    unit = 10.0 ** math.floor(math.log10(high - low)) / 10
    return math.floor(low / unit) * unit, math.ceil(high / unit) * unit


def _text_height(below: Sequence[str] | None, start: int, count: int) -> float:
    """Return the height [inch] that the texts below one row of images need."""
    texts = [text for text in (below or ())[start : start + count] if text]
    return 0.02 + 0.15 * max(text.count("\n") + 1 for text in texts) if texts else 0.0


def image_grid(
    images: NDArray[np.float64],
    columns: int,
    *,
    limits: tuple[float, float],
    colormap: str = "gray",
    bar_label: str = "state $x$",
    title: str | None = None,
    below: Sequence[str] | None = None,
    left: Sequence[str] | None = None,
    axis_label: str | None = None,
    cell: float | None = None,
) -> Figure:
    """Draw images of one scale in rows of `columns`, with a color bar at the right.

    Parameters
    ----------
    images : (n, height, width) array
        What is drawn, row by row.
    columns : int
        Images in a row.
    limits : (float, float)
        Values of the first and last color, the same for all images.
    colormap, bar_label : str
        A matplotlib color map, and what its bar is labelled with (with the unit).
    title : str, optional
        Written above the grid.
    below : sequence of str, optional
        A short text below each image.
    left : sequence of str, optional
        A text left of each row.
    axis_label : str, optional
        Written below the grid.
    cell : float, optional
        Width of an image [inch]; by default as wide as the figure allows, at most 1.1.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.patches import Rectangle

    count, pixel_rows, pixel_columns = images.shape
    rows = -(-count // columns)
    shape = pixel_rows / pixel_columns
    text_heights = [_text_height(below, row * columns, columns) for row in range(rows)]
    margin_left = 0.1 + (0.085 * max(len(text) for text in left) if left else 0.0)
    margin_right = 0.15 + _BAR + 0.75
    room = WIDTH - margin_left - margin_right
    cell = min(1.1, (room - _GAP * (columns - 1)) / columns) if cell is None else cell
    pitch = cell + _GAP
    grid_width = columns * pitch - _GAP
    grid_height = rows * (cell * shape + _GAP) - _GAP + sum(text_heights)
    # The bar spans the images, not the text below the last row.
    span = grid_height - text_heights[-1]
    bar_height = min(span, 3.2)
    # A label that is longer than the bar is high is not broken but written above it.
    above = label_width(bar_label) > 1.5 * bar_height
    top, bottom = (0.3 if title or above else 0.08), 0.08 + (0.17 if axis_label else 0.0)
    # A figure never gets wider than its content: a narrow grid is not lost in white.
    width = margin_left + grid_width + margin_right
    # ... nor so narrow that a text about the whole of it would be cut, or run into its neighbor.
    heading = label_width(title or "") + (margin_left + 0.1 + label_width(bar_label) if above else 0.0)
    missing = max(heading, label_width(axis_label or "")) + 0.2 - width
    if missing > 0:
        width += missing
        margin_left += missing / 2
    height = top + grid_height + bottom
    figure = new_figure(height, width=width, layout=None)

    low, high = limits
    # One pair of axes in inches holds all images: a pair each would take most of the drawing time.
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    for k in range(count):
        row, column = divmod(k, columns)
        x = margin_left + column * pitch
        y = height - top - row * (cell * shape + _GAP) - sum(text_heights[:row]) - cell * shape
        mappable = axes.imshow(
            images[k], cmap=colormap, vmin=low, vmax=high, aspect="auto", extent=(x, x + cell, y, y + cell * shape)
        )
        axes.add_patch(Rectangle((x, y), cell, cell * shape, fill=False, edgecolor=GRAY, linewidth=0.5))
        if below:
            axes.text(x + cell / 2, y - 0.035, below[k], ha="center", va="top", fontsize=8, linespacing=1.1)
        if left and column == 0:
            axes.text(x - 0.07, y + cell * shape / 2, left[row], ha="right", va="center")
    if title:
        figure.text(
            (0.1 if missing > 0 else margin_left) / width,
            1 - 0.06 / height,
            title,
            va="top",
            fontsize=9.5,
            color=INK,
        )
    if axis_label:
        center = 0.5 if missing > 0 else (margin_left + grid_width / 2) / width
        figure.text(center, 0.05 / height, axis_label, ha="center", va="bottom", color=INK)

    bar_bottom = height - top - (span + bar_height) / 2
    bar_axes = figure.add_axes(
        (
            (margin_left + grid_width + 0.15) / width,
            bar_bottom / height,
            _BAR / width,
            bar_height / height,
        )
    )
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[
        (int(images.min() < low), int(images.max() > high))
    ]
    bar = figure.colorbar(mappable, cax=bar_axes, extend=extend, extendfrac=0.06)
    if above:
        right = 1 - 0.05 / width
        figure.text(right, 1 - 0.06 / height, bar_label, ha="right", va="top", color=INK)
    else:
        bar.set_label(bar_label)
    middle = 0.0 if low < 0 < high else (low + high) / 2
    if bar_height < 1.2:
        # A single row: three numbers are what fits. The middle one gives way where it would touch
        # an end.
        near = min(middle - low, high - middle) / (high - low) * bar_height < 0.15
        bar.set_ticks([low, high] if near else [low, middle, high])
        bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}".replace("-", "\u2212"))
    bar.outline.set(linewidth=0.5, edgecolor=GRAY)
    bar.ax.tick_params(labelsize=8)
    bar.ax.grid(False)
    return figure
