"""The harmonic unit."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Potential, parameter


@attrs.frozen
class Quadratic(Potential):
    r"""Quadratic unit: the element of the linear computer of thermodynamic linear algebra.

    .. math:: U(x) = J_2 x^2, \qquad J_2 > 0

    with x the state of the unit and J2 its stiffness, in units of energy. One stable state, x = 0. Coupled quadratic
    units are an Ornstein-Uhlenbeck process with covariance kT A^-1, A = 2 diag(J2) + J, while A is positive definite.

    References
    ----------
    M. Aifer et al., Thermodynamic linear algebra, npj Unconventional Computing 1, 13 (2024).

    Examples
    --------
    >>> from thermozoo_plugins.potentials import Quadratic
    >>> Quadratic(J2=0.5).energy(2.0)
    2.0
    """

    name = "quadratic"
    stable_states = 1

    J2: float = parameter(1.0, unit="energy", above=0, doc="stiffness", symbol="J_2")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.J2 * x**2
