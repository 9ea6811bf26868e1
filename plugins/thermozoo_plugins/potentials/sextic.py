"""The sextic unit."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Potential, parameter


@attrs.frozen
class Sextic(Potential):
    r"""Sextic unit: up to three stable states, the Landau energy about a tricritical point.

    .. math:: U(x) = J_2 x^2 + J_4 x^4 + J_6 x^6, \qquad J_6 > 0

    with x the state of the unit, J2 its stiffness, J4 its quartic and J6 its sextic stiffness, all in units of energy.
    J2 < 0 gives two stable states. For J2 > 0 the state x = 0 is stable, and two more are while J4 < 0 and
    :math:`J_4^2 > 3 J_2 J_6`; at :math:`J_4^2 = 4 J_2 J_6`, as by default, all three have the same energy.

    References
    ----------
    P. M. Chaikin and T. C. Lubensky, Principles of Condensed Matter Physics, Cambridge University Press (1995),
    section 4.6.

    Examples
    --------
    >>> from thermozoo_plugins.potentials import Sextic
    >>> Sextic(J2=1.0, J4=-2.0, J6=1.0).energy(2.0)
    36.0
    """

    name = "sextic"

    J2: float = parameter(1.0, unit="energy", doc="stiffness", symbol="J_2")
    J4: float = parameter(-2.0, unit="energy", doc="quartic stiffness", symbol="J_4")
    J6: float = parameter(1.0, unit="energy", above=0, doc="sextic stiffness", symbol="J_6")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.J2 * x**2 + self.J4 * x**4 + self.J6 * x**6
