"""Units with noise of a correlation time beside the white one."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Integrator, parameter
from thermozoo.interfaces import StepSymbols, Variable


@attrs.frozen
class ColouredNoise(Integrator):
    r"""Euler-Maruyama scheme of units with an Ornstein-Uhlenbeck force beside the white noise of the bath.

    .. math:: dx = \mu\, (F + y)\, dt + \sqrt{2 \mu k_B T}\; dW, \qquad
              dy = -\frac{y}{\tau}\, dt + \sigma \sqrt{\frac{2}{\tau}}\; dW'

    with F = -dV/dx the force [energy], y the colored force [energy], tau its correlation time [time], sigma its
    standard deviation [energy], mu the mobility [1 / (energy time)] and kT the temperature of the white noise [energy].
    y is advanced exactly over each time step dt [time] and starts from its stationary distribution. It drives the units
    out of equilibrium: for a linear force of stiffness k, Var x = kT / k + sigma^2 / (k (k + 1 / (mu tau))) as dt -> 0,
    so no temperature describes units of different stiffness. Weak order 1. The work of y is part of the heat.

    References
    ----------
    P. Hanggi and P. Jung, Colored noise in dynamical systems, Adv. Chem. Phys. 89, 239 (1995).

    Examples
    --------
    >>> from thermozoo.symbolic.trace import trace_step
    >>> from thermozoo_plugins.integrators import ColouredNoise
    >>> trace_step(ColouredNoise()).after["y"].free_symbols >= {trace_step(ColouredNoise()).variables["y"]}
    True
    """

    name = "coloured-noise"
    weak_order = 1
    thermal = False
    variables = {
        "y": Variable(
            parity=1, doc="force with memory", unit="energy", start=lambda plugin, s: plugin.strength * s.noise()
        )
    }

    correlation_time: float = parameter(1.0, unit="time", doc="correlation time", symbol=r"\tau", above=0)
    strength: float = parameter(
        0.1, unit="energy", doc="standard deviation of the colored force", symbol=r"\sigma", above=0
    )

    def step(self, s: StepSymbols) -> Any:
        """Return state and colored force after the step."""
        white = sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()
        c = sympy.exp(-s.dt / self.correlation_time)
        return {
            "x": s.x + s.mobility * (s.force(s.x) + s.y) * s.dt + white,
            "y": c * s.y + self.strength * sympy.sqrt(1 - c**2) * s.noise(),
        }
