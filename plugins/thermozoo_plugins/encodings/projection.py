"""A random projection of the image."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Encoding
from thermozoo.interfaces import Images, Labels, Random, Signals


@attrs.frozen
class Projection(Encoding):
    r"""Each unit is shown a random projection of the image.

    .. math:: s_i = \frac{1}{\sqrt{N_p}} \sum_j R_{ij} p_j, \qquad R_{ij} \sim N(0, 1)

    with p_j the N_p pixels and R a matrix that is drawn once a run. Signals of two images are as alike as the images
    are, so units that are shown projections tell images apart no better than the image does.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, section on noising.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo.dynamics.counter_random import CounterRandom
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> from thermozoo_plugins.encodings import Projection
    >>> random = CounterRandom(NoiseKey(42).named("projection"), group=1)
    >>> Projection().encode(np.array([[1.0, -1.0]]), np.array([0]), 3, random).shape
    (1, 3)
    """

    name = "projection"

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the projections."""
        pixels = images.shape[1]
        matrix: npt.NDArray[np.float64] = random.normal(size, pixels) / np.sqrt(pixels)
        return images @ matrix.T
