"""Paper and ink."""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo import Encoding, parameter
from thermozoo.interfaces import Images, Labels, Random, Signals


@attrs.frozen
class Ink(Encoding):
    r"""Each unit is shown whether its pixel is paper or ink.

    .. math:: s_i = \tanh\left(k (p_i - \theta)\right)

    with p_i the pixels, of zero mean and unit variance, theta the threshold between paper and ink, and k the slope
    there. A unit that saturates then thresholds what other units sum to, where strokes that lie upon each other would
    add up to gray. As many units are needed as an image has pixels.

    References
    ----------
    N. Otsu, A threshold selection method from gray-level histograms, IEEE Trans. Syst. Man Cybern. 9, 62 (1979), for
    thresholds of gray levels.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import Ink
    >>> Ink().encode(np.array([[-0.4, 1.0, 2.5]]), np.array([0]), 3, random=None).round(3)
    array([[-0.993,  0.   ,  0.995]])
    """

    name = "ink"

    threshold: float = parameter(1.0, unit="1", doc="pixel that is half paper, half ink", symbol=r"\theta")
    slope: float = parameter(2.0, unit="1", above=0, doc="how sharply paper and ink are told apart", symbol="k")

    def units(self, images: Images, labels: Labels) -> int:
        """Return the number of pixels."""
        return int(images.shape[1])

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return paper and ink."""
        self.check_size(size, self.units(images, labels))
        return np.tanh(self.slope * (images - self.threshold))
