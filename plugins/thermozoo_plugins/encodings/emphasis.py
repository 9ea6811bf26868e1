"""Images that differ more from their mean than they do."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Encoding, option, parameter
from thermozoo.interfaces import Images, Labels, Random, Signals
from thermozoo_plugins.encodings.ink import Ink


@attrs.frozen
class Emphasis(Encoding):
    r"""What sets an image apart from the mean of all is shown so many times as strong.

    .. math:: s_i = \bar e_i + g\, (e_i - \bar e_i), \qquad \bar e_i = \langle e_i \rangle

    with e the signals of the encoding that is emphasized, their mean over all images, and g the gain. Units that
    saturate show large signals less than small ones, and couplings that estimate signals estimate them too near their
    mean: what a computer generates varies less than what it has learned. A gain above 1 makes up for it. The mean is
    that of all images that are encoded together: of one class, where each class has a program of its own.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning (Springer, 2006), section 3.1.5: estimates by least squares
    vary less than what they estimate.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import Emphasis, Image
    >>> images = np.array([[1.0, 0.0], [3.0, 0.0]])
    >>> Emphasis(gain=1.5, of=Image()).encode(images, np.zeros(2, dtype=int), 2, random=None)
    array([[0.5, 0. ],
           [3.5, 0. ]])
    """

    name = "emphasis"

    gain: float = parameter(1.2, unit="1", above=0, doc="how many times as strong differences are", symbol="g")
    of: Encoding = option(Ink(), doc="encoding that is emphasized")

    def units(self, images: Images, labels: Labels) -> int | None:
        """Return what the encoding that is emphasized needs."""
        return self.of.units(images, labels)

    def keep(self, images: Images, labels: Labels) -> npt.NDArray[np.int64]:
        """Return the images that the encoding that is emphasized keeps."""
        return self.of.keep(images, labels)

    def protocol_values(self, images: Images, labels: Labels, size: int) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return those of the encoding that is emphasized."""
        return self.of.protocol_values(images, labels, size)

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the signals, their differences from the mean emphasized."""
        signals = self.of.encode(images, labels, size, random)
        mean = signals.mean(axis=0)
        emphasized: Signals = mean + self.gain * (signals - mean)
        return emphasized
