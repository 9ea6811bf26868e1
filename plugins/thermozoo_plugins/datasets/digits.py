"""Handwritten digits that need no download."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Dataset


@attrs.frozen
class Digits(Dataset):
    """The 1,797 handwritten digits that scikit-learn carries, resized from 8 x 8 to 28 x 28 pixels.

    Bicubic interpolation, clipped to the range 0..1 of the originals (interpolation overshoots at edges).

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical recognition of handwritten digits, UCI machine learning repository (1998).

    Examples
    --------
    >>> from thermozoo_plugins.datasets import Digits
    >>> images, labels = Digits().load()
    >>> images.shape, labels[:3].tolist()
    ((1797, 28, 28), [0, 1, 2])
    """

    name = "digits"

    def load(self) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.integer[Any]]]:
        """Return images in 0..1 of shape (1797, 28, 28) and labels 0..9."""
        from scipy.ndimage import zoom
        from sklearn.datasets import load_digits

        bunch = load_digits()
        small = bunch.images / 16.0
        # interpolation is linear and acts on rows and columns alike, so one matrix, that of one axis, does it for all
        rows = zoom(np.eye(8), (28 / 8, 1), order=3, mode="grid-constant", grid_mode=True)
        return np.clip(rows @ small @ rows.T, 0.0, 1.0), bunch.target.astype(np.int64)
