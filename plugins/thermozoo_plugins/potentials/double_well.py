"""The p-spin."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Potential, parameter


@attrs.frozen
class DoubleWell(Potential):
    r"""Double-well unit (p-spin): a bistable element.

    .. math:: U(x) = J_2 x^2 + J_4 x^4, \qquad J_2 < 0,\; J_4 > 0

    with x the state of the unit, J2 its (negative) stiffness and J4 its quartic stiffness, both in units of energy. Two
    stable states, x = ±(-J2 / (2 J4))^(1/2), separated by a barrier of height J2^2 / (4 J4).

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, Phys. Rev. Lett. 136, 037101 (2026), arXiv:2506.15121, eq. 2.

    Examples
    --------
    >>> from thermozoo_plugins.potentials import DoubleWell
    >>> DoubleWell(J2=-2.0, J4=1.0).energy(1.0)
    -1.0
    """

    name = "double-well"
    stable_states = 2

    J2: float = parameter(-1.0, unit="energy", below=0, doc="stiffness at the barrier", symbol="J_2")
    J4: float = parameter(1.0, unit="energy", above=0, doc="quartic stiffness", symbol="J_4")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.J2 * x**2 + self.J4 * x**4
