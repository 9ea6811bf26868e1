"""Couplings of hidden units to the visible layer: what each hidden unit looks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from thermozoo.errors import ShapeError
from thermozoo.plotting.grid import image_grid
from thermozoo.plotting.style import finite_array, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_couplings"]


@styled
def plot_couplings(
    weights: ArrayLike,
    hidden_indices: Sequence[int] | None = None,
    title: str | None = "Couplings of hidden units to the visible layer",
) -> Figure:
    """Show couplings of hidden units to all visible units, blue positive and red negative.

    Parameters
    ----------
    weights : (n, height, width) array
        Couplings J_ij [E0] of n hidden units i to the visible units j, arranged as the image is.
    hidden_indices : sequence of int, optional
        Numbers of the hidden units, written below their images.
    title : str, optional
        Written above the images.

    Returns
    -------
    matplotlib.figure.Figure
        Scaled symmetrically about zero, so that white is no coupling.

    Raises
    ------
    ShapeError
        If the arrays do not match, are empty or hold values that are not finite.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv 2506.15121, fig. 2c.
    """
    couplings = finite_array(weights, "weights of the coupling figure", 3)
    if hidden_indices is not None and len(hidden_indices) != len(couplings):
        raise ShapeError(
            f"coupling figure: {len(couplings)} images but {len(hidden_indices)} unit numbers; "
            "give one number an image."
        )
    # The strongest coupling in two hundred sets the scale: one outlier must not pale all others.
    bound = float(np.percentile(np.abs(couplings), 99.5)) or float(np.abs(couplings).max()) or 1.0
    unit = 10.0 ** math.floor(math.log10(bound)) / 10
    bound = math.ceil(bound / unit) * unit
    columns = min(len(couplings), max(4, math.ceil(math.sqrt(len(couplings)))))
    captions = None if hidden_indices is None else [f"unit {index}" for index in hidden_indices]
    return image_grid(
        couplings,
        columns,
        limits=(-bound, bound),
        colormap="RdBu",
        bar_label="coupling $J_{ij}$ [$E_0$]",
        title=title,
        below=captions,
    )
