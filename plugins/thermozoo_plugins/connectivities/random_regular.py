"""A random graph in which every unit has as many neighbors."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Connectivity, option
from thermozoo.errors import ShapeError
from thermozoo.interfaces import UnitLayout
from thermozoo_plugins.connectivities.configuration_model import regular_pairs
from thermozoo_plugins.settings import whole


@attrs.frozen
class RandomRegular(Connectivity):
    r"""Every unit is coupled with `degree` others, drawn at random.

    .. math:: \sum_j [J_{ij} \neq 0] = d \quad \text{for every unit } i

    with d = `degree`. The same seed draws the same graph for the same number of units. Every such graph may come; for
    degrees that are small beside the square root of the number of units, all are about equally likely.

    References
    ----------
    B. Bollobas, A probabilistic proof of an asymptotic formula for the number of labelled regular graphs, Eur. J. Comb.
    1, 311 (1980); pairs that are wrong are switched as by B. D. McKay and N. C. Wormald, Uniform generation of random
    regular graphs of moderate degree, J. Algorithms 11, 52 (1990).

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo.computer.layout import Layout
    >>> from thermozoo_plugins.connectivities import RandomRegular
    >>> pairs = RandomRegular(degree=3, seed=1).edges(Layout({"spins": 100}))
    >>> pairs.shape, np.unique(np.bincount(pairs.ravel())).tolist()
    ((150, 2), [3])
    """

    name = "random-regular"

    degree: int = option(3, converter=whole("degree"), doc="neighbors of each unit")
    seed: int = option(0, converter=whole("seed", at_least=0), doc="which graph")

    def edges(self, layout: UnitLayout) -> npt.NDArray[np.integer[Any]]:
        """Return the pairs in order."""
        if self.degree >= layout.n:
            raise ShapeError(
                f"degree = {self.degree} needs more than {self.degree} units, but the computer has {layout.n}: take a "
                "smaller degree, or more units"
            )
        if self.degree * layout.n % 2:
            raise ShapeError(
                f"degree = {self.degree} of {layout.n} units makes {self.degree * layout.n} ends of pairs, which is "
                "odd: take an even degree, or an even number of units"
            )
        return regular_pairs(layout.n, self.degree, self.seed)
