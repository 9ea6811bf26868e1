"""The product of two states."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Interaction


@attrs.frozen
class Bilinear(Interaction):
    r"""The product of the states of a pair; what couples units where a config names no interaction.

    .. math:: V_J = \sum_{i<j} J_{ij}\, x_i x_j

    with J the strength of a pair [energy] and x the states.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, eq. 2.

    Examples
    --------
    >>> from thermozoo_plugins.interactions import Bilinear
    >>> Bilinear().energy(2.0, 3.0)
    6.0
    """

    name = "bilinear"
    symmetric = True

    def energy(self, *x: Any) -> Any:
        """Return the energy of a pair of strength one."""
        return x[0] * x[1]
