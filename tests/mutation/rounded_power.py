"""A unit whose energy has a power that is no integer: its derivatives have factors that are zero and infinite."""

from __future__ import annotations

import attrs
import sympy

from thermozoo import Potential, hookimpl, parameter


@attrs.frozen
class RoundedPower(Potential):
    """A stiff wall.

    .. math:: U(x) = J |x|^{5/2} + K x^2 \\ln(1 + x^2)

    References
    ----------
    None.

    Examples
    --------
    >>> RoundedPower().J
    1.0
    """

    name = "rounded-power"
    J: float = parameter(1.0, unit="energy", above=0, doc="stiffness")
    K: float = parameter(0.2, unit="energy", at_least=0, doc="strength of the logarithm")

    def energy(self, x):
        """Return U(x)."""
        half = sympy.Rational(5, 2)
        return self.J * sympy.Abs(x) ** half + self.K * x**2 * sympy.log(1 + x**2)


@hookimpl
def thermozoo_potentials():
    """Offer it."""
    return [RoundedPower]
