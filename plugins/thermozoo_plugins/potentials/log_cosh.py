"""The well whose force saturates."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Potential, parameter


@attrs.frozen
class LogCosh(Potential):
    r"""Log-cosh unit: a spring whose force saturates, harmonic at the bottom and linear far out.

    .. math:: U(x) = K w^2 \ln \cosh(x / w), \qquad K > 0,\; w > 0

    with x the state of the unit, K the stiffness at the bottom, in units of energy, and w the state, a number, beyond
    which the force :math:`-K w \tanh(x / w)` saturates. One stable state, x = 0. The Boltzmann weight is a power of a
    hyperbolic secant. Forces stronger than K w, imposed or by couplings, are not held.

    References
    ----------
    G. Poeschl and E. Teller, Bemerkungen zur Quantenmechanik des anharmonischen Oszillators, Z. Phys. 83, 143 (1933),
    whose states belong to the Fokker-Planck equation of this unit.

    Examples
    --------
    >>> from thermozoo_plugins.potentials import LogCosh
    >>> round(float(LogCosh(K=2.0, w=1.0).energy(20.0)), 6)          # 2 (20 - ln 2)
    38.613706
    """

    name = "log-cosh"
    stable_states = 1

    K: float = parameter(1.0, unit="energy", above=0, doc="stiffness at the bottom")
    w: float = parameter(1.0, unit="1", above=0, doc="state beyond which the force saturates")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.K * self.w**2 * sympy.log(sympy.cosh(x / self.w))
