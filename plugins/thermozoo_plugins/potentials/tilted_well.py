"""The double well on a slope."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Potential, parameter


@attrs.frozen
class TiltedWell(Potential):
    r"""Double well with a linear tilt: a bistable element with a preferred state.

    .. math:: U(x) = J_2 x^2 + J_4 x^4 + h x, \qquad J_2 < 0,\; J_4 > 0

    with x the state of the unit, J2 its (negative) stiffness, J4 its quartic stiffness and h the tilt, all in units of
    energy. Two stable states while :math:`27 h^2 J_4 < 8 |J_2|^3`, of which the one on the side of -h is deeper; beyond
    that the shallower one is gone. Lowering the barrier, tilting and raising it again erases a bit.

    References
    ----------
    C. H. Bennett, The thermodynamics of computation: a review, Int. J. Theor. Phys. 21, 905 (1982).

    Examples
    --------
    >>> from thermozoo_plugins.potentials import TiltedWell
    >>> TiltedWell(J2=-2.0, J4=1.0, h=0.5).energy(1.0)
    -0.5
    """

    name = "tilted-well"

    J2: float = parameter(-1.0, unit="energy", below=0, doc="stiffness at the barrier", symbol="J_2")
    J4: float = parameter(1.0, unit="energy", above=0, doc="quartic stiffness", symbol="J_4")
    h: float = parameter(0.2, unit="energy", doc="tilt")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.J2 * x**2 + self.J4 * x**4 + self.h * x
