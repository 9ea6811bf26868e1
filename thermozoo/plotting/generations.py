"""Generations over time: noise turns into images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from thermozoo.errors import ShapeError
from thermozoo.plotting.grid import image_grid, state_limits
from thermozoo.plotting.style import TIME_UNIT, finite_array, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_generations"]


@styled
def plot_generations(
    images: ArrayLike,
    times: ArrayLike,
    title: str = "Generation from noise",
    *,
    time_unit: str = TIME_UNIT,
) -> Figure:
    """Show the visible units of some samples, a row each, from noise to output.

    Parameters
    ----------
    images : (K, T, height, width) array
        States of the visible units [1] of K samples at T times.
    times : (T,) array
        Time since the couplings were switched on [`time_unit`].
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
    S. Whitelam, Generative thermodynamic computing, arXiv 2506.15121, fig. 2a.
    """
    states = finite_array(images, "images of the generation figure", 4)
    moments = finite_array(times, "times of the generation figure", 1)
    samples, count, height, width = states.shape
    if count != len(moments):
        raise ShapeError(
            f"generation figure: {count} images a sample but {len(moments)} times; give one time an image."
        )
    captions = [""] * (samples - 1) * count + [f"{moment:.3g}" for moment in moments]
    return image_grid(
        states.reshape(-1, height, width),
        count,
        limits=state_limits(states),
        title=title,
        below=captions,
        left=[f"sample {k + 1}" for k in range(samples)],
        axis_label=f"time $t$ since the couplings were switched on [{time_unit}]",
    )
