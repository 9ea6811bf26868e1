"""Springs between units."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Interaction


@attrs.frozen
class Difference(Interaction):
    r"""A spring: half the square of the difference of two states.

    .. math:: V_J = \sum_{i<j} \tfrac{1}{2} J_{ij} (x_i - x_j)^2

    with J the stiffness of a pair [energy] and x the states. The force obeys Newton's third law, and a graph of springs
    has the Laplacian of that graph as its matrix: elastic chains, Gaussian free fields, resistive networks.

    References
    ----------
    P. M. Chaikin and T. C. Lubensky, Principles of Condensed Matter Physics, Cambridge University Press (1995),
    section 6.1.

    Examples
    --------
    >>> from thermozoo_plugins.interactions import Difference
    >>> Difference().energy(3.0, 1.0)
    2.0
    """

    name = "difference"
    symmetric = True

    def energy(self, *x: Any) -> Any:
        """Return the energy of a pair of strength one."""
        return (x[0] - x[1]) ** 2 / 2
