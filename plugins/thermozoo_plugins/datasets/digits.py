"""Handwritten digits that need no download."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Dataset, option
from thermozoo.errors import ParameterError

#: Pixels along a side of the images as they come, and as they are resized.
_OWN, _RESIZED = 8, 28


def _side(value: Any) -> int:
    if isinstance(value, bool) or value not in (_OWN, _RESIZED):
        raise ParameterError(f"side must be {_RESIZED}, or {_OWN} for images as they come, got {value!r}")
    return int(value)


@attrs.frozen
class Digits(Dataset):
    """The 1,797 handwritten digits that scikit-learn carries, resized from 8 x 8 to 28 x 28 pixels.

    Bicubic interpolation, clipped to the range 0..1 of the originals (interpolation overshoots at edges). With
    ``side = 8`` they are as they come.

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

    side: int = option(28, converter=_side, doc="pixels along a side: 28, or 8 as they come")

    def load(self) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.integer[Any]]]:
        """Return images in 0..1 of shape (1797, 28, 28), or (1797, 8, 8), and labels 0..9."""
        from scipy.ndimage import zoom
        from sklearn.datasets import load_digits

        bunch = load_digits()
        small = bunch.images / 16.0
        if self.side == _OWN:
            return small, bunch.target.astype(np.int64)
        # interpolation is linear and acts on rows and columns alike, so one matrix, that of one axis, does it for all
        rows = zoom(np.eye(8), (28 / 8, 1), order=3, mode="grid-constant", grid_mode=True)
        return np.clip(rows @ small @ rows.T, 0.0, 1.0), bunch.target.astype(np.int64)
