"""Neighbors in the order of the units."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Connectivity, option
from thermozoo.interfaces import UnitLayout
from thermozoo_plugins.settings import whole


@attrs.frozen
class Ring(Connectivity):
    r"""Each unit is coupled with those up to `neighbors` places away on either side, in the order of the units.

    .. math:: J_{ij} \neq 0 \text{ only if } 0 < d(i, j) \le r, \qquad
        d(i, j) = \min(|i - j|, N - |i - j|) \text{ closed}, \quad |i - j| \text{ open}

    with N the number of units of all groups and r = `neighbors`. Each pair comes once, also where both ways round are
    equally long: two units have one coupling.

    References
    ----------
    E. Ising, Beitrag zur Theorie des Ferromagnetismus, Z. Phys. 31, 253 (1925); more than the nearest neighbors: D. J.
    Watts and S. H. Strogatz, Collective dynamics of 'small-world' networks, Nature 393, 440 (1998), without rewiring.

    Examples
    --------
    >>> from thermozoo.computer.layout import Layout
    >>> from thermozoo_plugins.connectivities import Ring
    >>> Ring().edges(Layout({"units": 4})).tolist()
    [[0, 1], [1, 2], [2, 3], [3, 0]]
    """

    name = "ring"

    neighbors: int = option(1, converter=whole("neighbors"), doc="how many places away the furthest neighbor is")
    closed: bool = option(
        True, validator=attrs.validators.instance_of(bool), doc="the last unit is followed by the first"
    )

    def edges(self, layout: UnitLayout) -> npt.NDArray[np.integer[Any]]:
        """Return the pairs, the nearest first."""
        n = layout.n
        furthest = min(self.neighbors, n // 2 if self.closed else n - 1)
        units = np.arange(n)
        pairs = [np.empty((0, 2), dtype=np.int64)]
        for distance in range(1, furthest + 1):
            opposite = 2 * distance == n  # both ways round lead there
            first = units[: (n // 2 if opposite else n) if self.closed else n - distance]
            pairs.append(np.stack([first, (first + distance) % n], axis=1))
        return np.concatenate(pairs)
