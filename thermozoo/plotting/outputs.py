"""Many images of one kind: outputs of the computer, or the prototypes it was trained on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from thermozoo.errors import ShapeError
from thermozoo.plotting.grid import image_grid, state_limits
from thermozoo.plotting.style import finite_array, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_outputs"]


@styled
def plot_outputs(
    images: ArrayLike,
    captions: Sequence[str] | None = None,
    title: str | None = None,
    *,
    label: str = "state $x$",
    note: str | None = None,
    columns: int | None = None,
    left: Sequence[str] | None = None,
    cell: float | None = None,
) -> Figure:
    """Show images in a grid.

    Parameters
    ----------
    images : (S, height, width) array
        States of the visible units [1], or images of zero mean and unit variance [1].
    captions : sequence of str, optional
        A short text below each image, such as the class of the nearest prototype.
    title : str, optional
        Written above the images.
    label : str
        What the color bar is labelled with, unit included.
    note : str, optional
        Written below the grid, such as what the captions say.
    columns : int, optional
        Images in a row; by default so many that the grid is as square as their number allows.
    left : sequence of str, optional
        A text left of each row, such as the class that it was asked for.
    cell : float, optional
        Width of an image [inch]; by default as wide as the figure allows.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If the arrays do not match, are empty or hold values that are not finite.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv 2506.15121, fig. 2b.
    """
    states = finite_array(images, "images of the output figure", 3)
    if captions is not None and len(captions) != len(states):
        raise ShapeError(
            f"output figure: {len(states)} images but {len(captions)} captions; give one caption "
            "an image or none at all."
        )
    if columns is None:
        columns = len(states) if len(states) <= 5 else min(10, math.ceil(math.sqrt(len(states))))
    rows = -(-len(states) // columns)
    if left is not None and len(left) != rows:
        raise ShapeError(f"output figure: {rows} rows but {len(left)} texts left of them; give one text a row.")
    return image_grid(
        states,
        columns,
        limits=state_limits(states),
        bar_label=label,
        title=title,
        below=captions,
        left=left,
        axis_label=note,
        cell=cell if cell is not None or left is not None else min(0.92, 4.9 / columns),
    )
