"""The middle of the image."""

from __future__ import annotations

import attrs

from thermozoo import Encoding
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Images, Labels, Random, Signals


@attrs.frozen
class Crop(Encoding):
    r"""Each unit is shown one of the middle pixels of the image.

    .. math:: s_i = p_{i + \lfloor (N_p - N) / 2 \rfloor}

    with p_j the N_p pixels in the order of rows, and N the units of the group, at most as many.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, section on noising.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import Crop
    >>> Crop().encode(np.array([[3.0, 1.0, -1.0, -3.0]]), np.array([0]), 2, random=None)
    array([[ 1., -1.]])
    """

    name = "crop"

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the middle pixels."""
        pixels = images.shape[1]
        if size > pixels:
            raise ShapeError(
                f"the encoding 'crop' takes the middle {size} pixels, but an image has only {pixels}: give the group "
                f"at most {pixels} units, or take 'wrap'"
            )
        start = (pixels - size) // 2
        return images[:, start : start + size].copy()
