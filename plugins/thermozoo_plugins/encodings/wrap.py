"""The image, over and over."""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo import Encoding
from thermozoo.interfaces import Images, Labels, Random, Signals


@attrs.frozen
class Wrap(Encoding):
    r"""Unit k is shown pixel k; after the last pixel comes the first again.

    .. math:: s_k = p_{k \bmod N_p}

    with p_j the N_p pixels in the order of rows.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, and the author's published listing.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import Wrap
    >>> Wrap().encode(np.array([[1.0, -1.0]]), np.array([0]), 3, random=None)
    array([[ 1., -1.,  1.]])
    """

    name = "wrap"

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the pixels."""
        return images[:, np.arange(size) % images.shape[1]]
