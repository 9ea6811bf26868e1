"""One unit for each class."""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo import Encoding, parameter
from thermozoo.interfaces import Images, Labels, Random, Signals


@attrs.frozen
class OneHot(Encoding):
    r"""Of one unit for each class, that of the image's class is on.

    .. math:: s_c = \begin{cases} a & \text{if the image is of class } c \\ b & \text{otherwise} \end{cases}

    with a and b the signals of a unit that is on and off. Classes are taken in the order of their labels.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 4.1, where it is called 1-of-K.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import OneHot
    >>> OneHot(off=-1.0).encode(np.zeros((3, 2)), np.array([7, 4, 7]), 2, random=None)
    array([[-1.,  1.],
           [ 1., -1.],
           [-1.,  1.]])
    """

    name = "one-hot"
    by_label = True

    on: float = parameter(1.0, unit="1", doc="signal of the unit of the image's class", symbol="a")
    off: float = parameter(0.0, unit="1", doc="signal of every other unit", symbol="b")

    def units(self, images: Images, labels: Labels) -> int:
        """Return the number of classes."""
        return len(np.unique(labels))

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the signals of the classes' units."""
        self.check_size(size, self.units(images, labels))
        return np.where(labels[:, None] == np.unique(labels), self.on, self.off)
