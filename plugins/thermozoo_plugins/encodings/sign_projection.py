"""The signs of a random projection of the image."""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo import Encoding, parameter
from thermozoo.interfaces import Images, Labels, Random, Signals


@attrs.frozen
class SignProjection(Encoding):
    r"""Each unit is shown on which side of a random plane the image lies.

    .. math:: s_i = S\, \mathrm{sgn} \sum_j R_{ij} p_j, \qquad R_{ij} \sim N(0, 1)

    with p_j the pixels and R a matrix that is drawn once a run. Images at the angle theta to each other differ in
    theta / pi of the signs.

    References
    ----------
    M. S. Charikar, Similarity estimation techniques from rounding algorithms, Proc. STOC (2002).

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo.dynamics.counter_random import CounterRandom
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> from thermozoo_plugins.encodings import SignProjection
    >>> random = CounterRandom(NoiseKey(42).named("projection"), group=1)
    >>> signals = SignProjection(scale=2.0).encode(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([0, 1]), 3, random)
    >>> bool((signals[0] == -signals[1]).all())
    True
    """

    name = "sign-projection"

    scale: float = parameter(3.0, unit="1", above=0, doc="modulus of a signal", symbol="S")

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the signs."""
        return np.where(images @ random.normal(size, images.shape[1]).T < 0, -1.0, 1.0) * self.scale
