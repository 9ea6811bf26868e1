"""The stochastic Heun scheme."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Integrator
from thermozoo.interfaces import StepSymbols


@attrs.frozen
class StochasticHeun(Integrator):
    r"""Stochastic Heun scheme (predictor and corrector with one noise) of the overdamped Langevin equation.

    .. math:: \tilde x &= x + \mu F(x)\, \Delta t + \sqrt{2 \mu k_B T \Delta t}\; \xi \\
              x' &= x + \tfrac{1}{2} \mu \left[F(x) + F(\tilde x)\right] \Delta t + \sqrt{2 \mu k_B T \Delta t}\; \xi

    with F = -dV/dx the force [energy], mu the mobility [1 / (energy time)], dt the time step [time], kT the temperature
    [energy] and xi a standard normal number, the same in both lines. Weak order 2, as the noise is additive; two
    forces a step. It is not linear in its noise, so it has no closed transition density.

    References
    ----------
    P. E. Kloeden and E. Platen, Numerical Solution of Stochastic Differential Equations, Springer (1992), section 15.1.

    Examples
    --------
    >>> from thermozoo.symbolic.trace import trace_step
    >>> from thermozoo_plugins.integrators import StochasticHeun
    >>> len(trace_step(StochasticHeun()).stages)
    2
    """

    name = "stochastic-heun"
    weak_order = 2

    def step(self, s: StepSymbols) -> Any:
        """Return the state after the step."""
        noise = sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()
        here = s.mobility * s.force(s.x) * s.dt
        there = s.mobility * s.force(s.x + here + noise) * s.dt
        return s.x + (here + there) / 2 + noise
