"""Two units that couple by a hyperbolic cosine of their difference, which separates into products."""

from __future__ import annotations

import attrs
import sympy

from thermozoo import Interaction, hookimpl


@attrs.frozen
class CoshDifference(Interaction):
    """A spring that stiffens.

    .. math:: u(x_1, x_2) = \\cosh(x_1 - x_2) - 1

    References
    ----------
    None.

    Examples
    --------
    >>> CoshDifference.order
    2
    """

    name = "cosh-difference"
    order = 2

    def energy(self, x):
        """Return u of a pair."""
        return sympy.cosh(x[0] - x[1]) - 1


@hookimpl
def thermozoo_interactions():
    """Offer it."""
    return [CoshDifference]
