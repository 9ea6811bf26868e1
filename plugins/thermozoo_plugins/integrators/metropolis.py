"""Metropolis' rule for discrete units."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Integrator
from thermozoo.interfaces import StepSymbols


@attrs.frozen
class Metropolis(Integrator):
    r"""Metropolis' update of units with the states -1 and 1, one color after the other.

    .. math:: x' = \begin{cases} -x & u < \min(1, e^{-\Delta E / k_B T}) \\ x & \text{otherwise} \end{cases}, \qquad
              \Delta E = 2 x F, \qquad u \sim \mathrm{U}(0, 1)

    with F = -dV/dx the force [energy] and kT the temperature [energy]: as V is linear in x, 2 x F is what a flip of x
    costs. A step updates every unit once; units of one color, which are not coupled with each other, at once. Each
    update keeps the Boltzmann distribution exactly, whatever the time step, which only counts time; the mobility is not
    used. No other update flips a unit more often; a unit without force flips in every step, so that uncoupled
    ones do not forget their states: `heat-bath` draws them anew.

    References
    ----------
    N. Metropolis, A. W. Rosenbluth, M. N. Rosenbluth, A. H. Teller and E. Teller, Equation of state calculations by
    fast computing machines, J. Chem. Phys. 21, 1087 (1953). P. H. Peskun, Optimum Monte-Carlo sampling using Markov
    chains, Biometrika 60, 607 (1973).

    Examples
    --------
    >>> from thermozoo.symbolic.trace import trace_step
    >>> from thermozoo_plugins.integrators import Metropolis
    >>> step = trace_step(Metropolis())
    >>> [step.result.subs({step.x: x, step.forces[0]: 0.5, step.kT: 1, step.uniforms[0]: 0.4}) for x in (-1, 1)]
    [1, 1]
    """

    name = "metropolis"
    updates = "by color"

    def step(self, s: StepSymbols) -> Any:
        """Return the state after the step."""
        flips = s.uniform() < sympy.exp(-2 * s.x * s.force(s.x) / s.kT)
        up = sympy.Or(sympy.And(s.x > 0, sympy.Not(flips)), sympy.And(s.x < 0, flips))
        return sympy.Piecewise((1, up), (-1, True))
