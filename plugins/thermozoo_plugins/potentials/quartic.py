"""The s-unit."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Potential, parameter


@attrs.frozen
class Quartic(Potential):
    r"""Single-well quartic unit (s-unit).

    .. math:: U(x) = J_2 x^2 + J_4 x^4, \qquad J_2 > 0,\; J_4 > 0

    with x the state of the unit, J2 its stiffness and J4 its quartic stiffness, both in units of energy. One stable
    state, x = 0. The quartic term makes the force nonlinear and keeps the energy bounded below whatever the couplings.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, Phys. Rev. Lett. 136, 037101 (2026), arXiv:2506.15121, eq. 2.

    Examples
    --------
    >>> from thermozoo_plugins.potentials import Quartic
    >>> Quartic(J2=1.0, J4=1.0).energy(2.0)
    20.0
    """

    name = "quartic"
    stable_states = 1

    J2: float = parameter(1.0, unit="energy", above=0, doc="stiffness", symbol="J_2")
    J4: float = parameter(1.0, unit="energy", above=0, doc="quartic stiffness", symbol="J_4")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.J2 * x**2 + self.J4 * x**4
