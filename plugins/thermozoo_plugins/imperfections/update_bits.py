"""Parameters of few bits in training."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Imperfection, option, parameter
from thermozoo.interfaces import Random
from thermozoo_plugins.imperfections.grid import bits_of_a_strength, on_grid

__all__ = ["UpdateBits"]


@attrs.frozen
class UpdateBits(Imperfection):
    r"""Parameters that training writes with few bits at every update, on a grid of a given width.

    .. math:: \theta_{k+1} = d\, \mathrm{round}\!\left(\frac{\theta_k - \alpha\, \partial l_k / \partial \theta}{d}
              \right), \qquad d = \frac{\theta_\mathrm{max}}{2^{B-1} - 1}

    with theta the trainable parameters [energy], alpha the learning rate [energy^2], d the step of the grid [energy],
    theta_max its end [energy], beyond which no parameter goes, and B the bits. What an update changes by less than
    d / 2 is lost: the smallest steps of training, and not the range of the parameters, say how many bits it needs.

    References
    ----------
    Wang and Deng, arXiv:2609.15439: updates need 16 bits, storage 4 to 5.

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo_plugins.imperfections import UpdateBits
    >>> UpdateBits(bits=3, largest=0.75).stored(np.array([0.1, 0.2, 2.0]), None).tolist()
    [0.0, 0.25, 0.75]
    """

    name = "update-bits"

    bits: int = option(16, doc="bits of a parameter, its sign among them", converter=bits_of_a_strength)
    largest: float = parameter(
        1.0, unit="energy", above=0, doc="largest modulus of a parameter", symbol=r"\theta_\mathrm{max}"
    )

    def stored(self, values: npt.NDArray[np.floating[Any]], random: Random) -> npt.NDArray[np.floating[Any]]:
        """Return the parameters on the grid."""
        return on_grid(values, self.largest, self.bits)
