"""Binary features that the images are sums of."""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo import Encoding, option, parameter
from thermozoo.interfaces import Images, Labels, Random, Signals
from thermozoo_plugins.encodings.factors import binary_features
from thermozoo_plugins.encodings.ink import Ink
from thermozoo_plugins.settings import whole


@attrs.frozen
class BinaryFeatures(Encoding):
    r"""Features that an image has or has not, found so that signals are sums of them.

    .. math:: \min_{B = \pm 1,\; c,\; W}\; \lVert S_v - c - B W \rVert^2 + \lambda \lVert W \rVert^2,
        \qquad s_i = S B_i

    with S_v the signals of all images in the encoding that is to be explained (one row an image), B the features (one
    column a feature), W what each adds to the signals, c what all share, and lambda the ridge; on the copies of every
    feature's unit. B starts as the signs, about their medians, of the first principal components. Then c and W are
    solved for, and every feature of every image that lowers the error is flipped, in turn until nothing changes.
    Labels are not looked at: for features of one class, give its images alone.

    References
    ----------
    M. Slawski, M. Hein and P. Lutsik, Matrix factorization with binary components, NIPS (2013).

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import BinaryFeatures, Image
    >>> parts = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 1.0]])
    >>> has = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> features = BinaryFeatures(features=2, scale=1.0, of=Image())
    >>> features.encode(has @ parts, np.zeros(4, dtype=int), 2, random=None).astype(int)
    array([[ 1,  1],
           [-1,  1],
           [ 1, -1],
           [-1, -1]])
    """

    name = "binary-features"

    features: int = option(32, converter=whole("features"), doc="how many features are found")
    copies: int = option(1, converter=whole("copies"), doc="units of each feature")
    scale: float = parameter(3.0, unit="1", above=0, doc="modulus of a signal", symbol="S")
    ridge: float = parameter(
        0.5, unit="1", above=0, doc="weight of the squares of what features add", symbol=r"\lambda"
    )
    rounds: int = option(25, converter=whole("rounds"), doc="rounds after which the search ends in any case")
    of: Encoding = option(Ink(), doc="encoding whose signals the features are to explain")

    def units(self, images: Images, labels: Labels) -> int:
        """Return copies times features."""
        return self.features * self.copies

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the features of each image."""
        self.check_size(size, self.units(images, labels))
        shown = self.of.units(images, labels)
        signals = self.of.encode(images, labels, images.shape[1] if shown is None else shown, random)
        found = binary_features(signals, self.features, float(self.ridge), self.rounds)
        return self.scale * np.repeat(found, self.copies, axis=1)
