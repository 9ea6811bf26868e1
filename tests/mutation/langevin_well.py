"""A unit whose energy is 0/0 at its middle: derivations that the first-party plugins do not need."""

from __future__ import annotations

import attrs
import sympy

from thermozoo import Potential, hookimpl, parameter


@attrs.frozen
class LangevinWell(Potential):
    """A harmonic unit less the orientation of a free dipole in a field.

    .. math:: U(x) = J_2 x^2 - K (\\coth x - 1/x)^2

    References
    ----------
    P. Langevin, Ann. Chim. Phys. 5, 70 (1905).

    Examples
    --------
    >>> LangevinWell().J2
    1.0
    """

    name = "langevin-well"
    J2: float = parameter(1.0, unit="energy", above=0, doc="harmonic stiffness")
    K: float = parameter(0.5, unit="energy", doc="strength of the dipole")

    def energy(self, x):
        """Return U(x)."""
        return self.J2 * x**2 - self.K * (sympy.coth(x) - 1 / x) ** 2


@hookimpl
def thermozoo_potentials():
    """Offer it."""
    return [LangevinWell]
