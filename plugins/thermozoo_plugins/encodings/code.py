"""A random pattern for each image."""

from __future__ import annotations

import attrs

from thermozoo import Encoding, parameter
from thermozoo.interfaces import Images, Labels, Random, Signals


@attrs.frozen
class Code(Encoding):
    r"""Each image has a pattern of its own, drawn at random.

    .. math:: s_i = \pm S

    each sign as likely, for each unit and image. Two images share half of their signs, however alike they look.

    References
    ----------
    J. J. Hopfield, Neural networks and physical systems with emergent collective computational abilities, PNAS 79,
    2554 (1982), where memories are random patterns.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo.dynamics.counter_random import CounterRandom
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> from thermozoo_plugins.encodings import Code
    >>> random = CounterRandom(NoiseKey(42).named("projection"), group=1)
    >>> Code(scale=2.0).encode(np.array([[1.0, -1.0]]), np.array([0]), 6, random)
    array([[-2., -2., -2., -2., -2.,  2.]])
    """

    name = "code"

    scale: float = parameter(3.0, unit="1", above=0, doc="modulus of a signal", symbol="S")

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return a pattern for each image."""
        return self.scale * random.signs(len(images), size)
