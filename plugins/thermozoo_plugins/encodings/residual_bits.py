"""What is an image's own, beside the leaf of its class's tree."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Encoding, option, parameter
from thermozoo.errors import DataError
from thermozoo.interfaces import Images, Labels, Random, Signals
from thermozoo_plugins.encodings.halving import levels_of_images
from thermozoo_plugins.encodings.principal import principal_directions
from thermozoo_plugins.settings import whole


@attrs.frozen
class ResidualBits(Encoding):
    r"""For each class, the signs of the strongest components of what the leaves of its tree do not say.

    .. math:: s_{ck} = \begin{cases}
        S\, \mathrm{sgn}(y_k - \mathrm{median}\; y_k) & \text{if the image is of class } c \\
        -S & \text{otherwise} \end{cases},
        \qquad y_k = u_{ck} \cdot (p - \bar p_\mathrm{leaf})

    with p the image, the mean of the images of its leaf, and u_ck the k-th principal direction of what is left of
    class c; on the copies of every bit's unit. The trees are those of `tree` with as many leaves for each class.

    References
    ----------
    Y. Gong and S. Lazebnik, Iterative quantization: a procrustean approach to learning binary codes, Proc. CVPR
    (2011), where signs of principal components are the code to start from.

    Examples
    --------
    Two leaves, {-3, -2} and {2, 3}; the bit says which half of the leaf it is.

    >>> import numpy as np
    >>> from thermozoo_plugins.encodings import ResidualBits
    >>> images, labels = np.array([[-3.0], [-2.0], [2.0], [3.0]]), np.zeros(4, dtype=int)
    >>> ResidualBits(leaves=2, bits=1, scale=1.0).encode(images, labels, 1, random=None).T
    array([[-1.,  1., -1.,  1.]])
    """

    name = "residual-bits"

    leaves: int = option(8, converter=whole("leaves"), doc="leaves of each class's tree")
    bits: int = option(8, converter=whole("bits"), doc="bits of each class")
    copies: int = option(1, converter=whole("copies"), doc="units of each bit")
    scale: float = parameter(3.0, unit="1", above=0, doc="modulus of a signal", symbol="S")

    def units(self, images: Images, labels: Labels) -> int:
        """Return copies times bits times classes."""
        return len(np.unique(labels)) * self.bits * self.copies

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the bits of each image's class, those of other classes off."""
        self.check_size(size, self.units(images, labels))
        classes = np.unique(labels)
        signs = np.full((len(images), len(classes), self.bits), -1.0)
        for column, label in enumerate(classes):
            own = np.flatnonzero(labels == label)
            signs[own, column] = self._bits(images[own], label)
        return self.scale * np.repeat(signs.reshape(len(images), -1), self.copies, axis=1)

    def _bits(self, images: Images, label: int) -> npt.NDArray[np.float64]:
        """Return the bits of the images of one class."""
        means = np.broadcast_to(images.mean(axis=0), images.shape).copy()
        for leaf in (levels_of_images(images, self.leaves) or [[]])[-1]:
            means[leaf] = images[leaf].mean(axis=0)
        directions = principal_directions(images, means, self.bits)
        if len(directions) < self.bits:
            raise DataError(
                f"the encoding 'residual-bits' finds {len(directions)} components in what {self.leaves} leaves leave "
                f"of the {len(images)} images of class {label}, but bits = {self.bits}: take fewer bits or leaves, or "
                "more images"
            )
        along = (images - means) @ directions.T
        return np.where(along > np.median(along, axis=0), 1.0, -1.0)
