"""A random pattern for each class."""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo import Encoding, parameter
from thermozoo.interfaces import Images, Labels, Random, Signals


@attrs.frozen
class ClassCode(Encoding):
    r"""Each class has a pattern of its own, drawn at random, which all of its images share.

    .. math:: s_i = \pm S

    each sign as likely, for each unit and class. Classes are taken in the order of their labels.

    References
    ----------
    T. G. Dietterich and G. Bakiri, Solving multiclass learning problems via error-correcting output codes, J.
    Artificial Intelligence Research 2, 263 (1995).

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo.dynamics.counter_random import CounterRandom
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> from thermozoo_plugins.encodings import ClassCode
    >>> random = CounterRandom(NoiseKey(42).named("projection"), group=1)
    >>> ClassCode(scale=2.0).encode(np.zeros((3, 2)), np.array([7, 4, 7]), 4, random)
    array([[-2., -2.,  2.,  2.],
           [-2., -2., -2., -2.],
           [-2., -2.,  2.,  2.]])
    """

    name = "class-code"
    by_label = True

    scale: float = parameter(3.0, unit="1", above=0, doc="modulus of a signal", symbol="S")

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the pattern of each image's class."""
        classes, own = np.unique(labels, return_inverse=True)
        return self.scale * random.signs(len(classes), size)[own]
