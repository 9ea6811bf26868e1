"""The image itself."""

from __future__ import annotations

import attrs

from thermozoo import Encoding
from thermozoo.interfaces import Images, Labels, Random, Signals


@attrs.frozen
class Image(Encoding):
    r"""Each unit is shown its pixel of the image.

    .. math:: s_i = p_i

    with p_i the pixels, of zero mean and unit variance. As many units are needed as an image has pixels.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, section on noising.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import Image
    >>> images = np.array([[1.0, -1.0]])
    >>> Image().encode(images, np.array([0]), 2, random=None)
    array([[ 1., -1.]])
    """

    name = "image"

    def units(self, images: Images, labels: Labels) -> int:
        """Return the number of pixels."""
        return int(images.shape[1])

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the images."""
        self.check_size(size, self.units(images, labels))
        return images.copy()
