"""Noising of one image: the figure that shows what training learns to undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from thermozoo.errors import ShapeError
from thermozoo.plotting.grid import image_grid, state_limits
from thermozoo.plotting.style import TIME_UNIT, finite_array, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_noising"]


@styled
def plot_noising(
    images: ArrayLike,
    times: ArrayLike,
    title: str = "Noising of one image",
    *,
    time_unit: str = TIME_UNIT,
) -> Figure:
    """Show the visible units while the imposed image fades into thermal noise.

    Parameters
    ----------
    images : (T, height, width) array
        States of the visible units [1] of one noising trajectory.
    times : (T,) array
        When they were taken [`time_unit`].
    title : str
        Written above the images.
    time_unit : str
        Unit of `times` as it is written on the axis.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ShapeError
        If the arrays do not match, are empty or hold values that are not finite.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv 2506.15121, fig. 1.
    """
    states = finite_array(images, "images of the noising figure", 3)
    moments = finite_array(times, "times of the noising figure", 1)
    if len(states) != len(moments):
        raise ShapeError(f"noising figure: {len(states)} images but {len(moments)} times; give one time an image.")
    rows = -(-len(states) // 12)
    return image_grid(
        states,
        -(-len(states) // rows),
        limits=state_limits(states),
        title=title,
        below=[f"{moment:.3g}" for moment in moments],
        axis_label=f"time $t$ [{time_unit}]",
    )
