"""The Leimkuhler-Matthews scheme."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Integrator
from thermozoo.interfaces import StepSymbols


@attrs.frozen
class LeimkuhlerMatthews(Integrator):
    r"""Leimkuhler-Matthews scheme of the overdamped Langevin equation, in its Markovian form.

    .. math:: y' = y + \mu F\!\left(y + \tfrac{1}{2} \sigma \xi\right) \Delta t + \sigma \xi, \qquad
              \sigma = \sqrt{2 \mu k_B T \Delta t}

    with F = -dV/dx the force [energy], mu the mobility [1 / (energy time)], dt the time step [time], kT the temperature
    [energy] and xi a standard normal number. One force a step. As printed, x' = x + mu F(x) dt + sigma (xi + xi') / 2
    with the next step's noise xi'; y = x - sigma xi / 2 turns it into a map of one state and new noise. The states x
    are distributed with an error of second order in dt (none at all for a linear force); the states y that a trajectory
    holds carry half a step less of noise, so their averages have an error of first order: weak order 1.

    References
    ----------
    B. Leimkuhler and C. Matthews, Rational construction of stochastic numerical methods for molecular sampling, Appl.
    Math. Res. eXpress 2013, 34 (2013).

    Examples
    --------
    >>> from thermozoo.symbolic.trace import trace_step
    >>> from thermozoo_plugins.integrators import LeimkuhlerMatthews
    >>> len(trace_step(LeimkuhlerMatthews()).stages)
    1
    """

    name = "leimkuhler-matthews"
    weak_order = 1

    def step(self, s: StepSymbols) -> Any:
        """Return the state after the step."""
        noise = sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()
        return s.x + s.mobility * s.force(s.x + noise / 2) * s.dt + noise
