"""What hidden units are shown for each image: the image at the left, beside it the signal of every unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from thermozoo.errors import ShapeError
from thermozoo.plotting.style import GRAY, PALETTE, WIDTH, finite_array, label_width, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_codes"]

#: Height of a row, gap between rows, room above all for a title, and below all [inch].
_ROW, _GAP, _TITLE, _BELOW = 0.34, 0.04, 0.3, 0.42


@styled
def plot_codes(
    images: ArrayLike,
    codes: ArrayLike,
    names: Sequence[str] | None = None,
    title: str | None = None,
    *,
    starts: Sequence[int] = (),
) -> Figure:
    """Show the code of each image: one row an image, one column a unit, light positive and dark negative.

    Parameters
    ----------
    images : (K, height, width) array
        The images, each in a gray scale of its own.
    codes : (K, units) array
        The signal of each unit for each image.
    names : sequence of str, optional
        What to write left of each image.
    title : str, optional
        Written above.
    starts : sequence of int, optional
        Where a level of the code begins, counted in units: a line is drawn there.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If the arrays do not match, are empty or hold values that are not finite.
    """
    pictures = finite_array(images, "images of the code figure", 3)
    signals = finite_array(codes, "codes of the code figure", 2)
    if len(pictures) != len(signals) or (names is not None and len(names) != len(pictures)):
        raise ShapeError(
            f"code figure: {len(pictures)} images, {len(signals)} codes and "
            f"{'no' if names is None else len(names)} names; give one code and one name an image."
        )
    rows, units = signals.shape
    above = _TITLE if title else 0.1
    height = above + rows * (_ROW + _GAP) - _GAP + _BELOW
    left = 0.15 + max((label_width(name) for name in names or ()), default=0.0)
    side = _ROW * min(2.0, pictures.shape[2] / pictures.shape[1])
    begin = left + side + 0.12
    width = WIDTH - begin - 0.15
    figure = new_figure(height, layout=None)
    # one pair of axes in inches holds all images, as in a grid of images
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))
    axes.set_axis_off()
    bound = float(np.abs(signals).max()) or 1.0
    for k in range(rows):
        low = height - above - k * (_ROW + _GAP) - _ROW
        axes.imshow(pictures[k], cmap="gray", aspect="auto", extent=(left, left + side, low, low + _ROW))
        axes.imshow(
            signals[k : k + 1],
            cmap="gray",
            vmin=-bound,
            vmax=bound,
            aspect="auto",
            extent=(begin, begin + width, low, low + _ROW),
        )
        if names is not None:
            axes.text(left - 0.07, low + _ROW / 2, names[k], ha="right", va="center")
    bottom, top = _BELOW, height - above
    axes.plot([begin, begin + width, begin + width, begin, begin], [bottom, bottom, top, top, bottom], GRAY, lw=0.5)
    for start in starts:
        at = begin + width * start / units
        axes.plot([at, at], [bottom - 0.06, top + 0.06], color=PALETTE["vermilion"], linewidth=1.0)
    for unit in sorted({1, units}):
        axes.text(begin + width * (unit - 0.5) / units, bottom - 0.08, f"{unit}", ha="center", va="top", fontsize=8)
    axes.text(begin + width / 2, bottom - 0.22, "unit of the group", ha="center", va="top")
    if title:
        axes.text(0.1, height - 0.06, title, va="top", fontsize=9.5)
    return figure
