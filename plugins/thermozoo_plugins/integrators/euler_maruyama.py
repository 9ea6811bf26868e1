"""The Euler-Maruyama scheme."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Integrator
from thermozoo.interfaces import StepSymbols


@attrs.frozen
class EulerMaruyama(Integrator):
    r"""Euler-Maruyama scheme of the overdamped Langevin equation.

    .. math:: x' = x + \mu F(x)\, \Delta t + \sqrt{2 \mu k_B T \Delta t}\; \xi, \qquad \xi \sim N(0, 1)

    with F = -dV/dx the force [energy], mu the mobility [1 / (energy time)], dt the time step [time] and kT the
    temperature [energy]. Weak order 1. Linear in its noise, so it has a closed transition density.

    References
    ----------
    G. Maruyama, Continuous Markov processes and stochastic equations, Rend. Circ. Mat. Palermo 4, 48 (1955);
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, eq. 3.

    Examples
    --------
    >>> from thermozoo.symbolic.trace import trace_step
    >>> from thermozoo_plugins.integrators import EulerMaruyama
    >>> trace_step(EulerMaruyama()).stages
    (x,)
    """

    name = "euler-maruyama"
    weak_order = 1

    def step(self, s: StepSymbols) -> Any:
        """Return the state after the step."""
        drift = s.mobility * s.force(s.x) * s.dt
        return s.x + drift + sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()
