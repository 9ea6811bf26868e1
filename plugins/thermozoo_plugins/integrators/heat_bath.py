"""The heat bath of discrete units."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Integrator
from thermozoo.interfaces import StepSymbols


@attrs.frozen
class HeatBath(Integrator):
    r"""Heat-bath (Gibbs, Glauber) update of units with the states -1 and 1, one color after the other.

    .. math:: x' = \begin{cases} 1 & u < p \\ -1 & \text{otherwise} \end{cases}, \qquad
              p = \frac{1}{1 + e^{-2 F / k_B T}}, \qquad u \sim \mathrm{U}(0, 1)

    with F = -dV/dx the force [energy] and kT the temperature [energy]: as V is linear in x, 2 F is V(-1) - V(1), and p
    is the Boltzmann probability of the state 1 given all other units. A step updates every unit once; units of one
    color, which are not coupled with each other, at once. Each update keeps the Boltzmann distribution exactly,
    whatever the time step, which only counts time; the mobility is not used.

    References
    ----------
    R. J. Glauber, Time-dependent statistics of the Ising model, J. Math. Phys. 4, 294 (1963).

    Examples
    --------
    >>> from thermozoo.symbolic.trace import trace_step
    >>> from thermozoo_plugins.integrators import HeatBath
    >>> trace_step(HeatBath()).result
    Piecewise((1, uniform_0 < 1/(1 + exp(-2*force_0/kT))), (-1, True))
    """

    name = "heat-bath"
    updates = "by color"

    def step(self, s: StepSymbols) -> Any:
        """Return the state after the step."""
        up = 1 / (1 + sympy.exp(-2 * s.force(s.x) / s.kT))
        return sympy.Piecewise((1, s.uniform() < up), (-1, True))
