"""Euler-Maruyama with the force read a quarter of the noise ahead."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Integrator
from thermozoo.interfaces import StepSymbols


@attrs.frozen
class QuarterNoise(Integrator):
    r"""Euler-Maruyama scheme whose force is that at the state and a quarter of the step's noise.

    .. math:: x' = x + \mu F\!\left(x + \tfrac{1}{4} \sigma \xi\right) \Delta t + \sigma \xi, \qquad
              \sigma = \sqrt{2 \mu k_B T \Delta t}

    with F = -dV/dx the force [energy], mu the mobility [1 / (energy time)], dt the time step [time], kT the temperature
    [energy] and xi a standard normal number. One force a step, and no other number kept. Weak order 1. Without noise
    ahead it is Euler-Maruyama, with half of it Leimkuhler-Matthews; a quarter is the one share with which a linear
    force of stiffness k has a stationary variance without an error of first order, Var x = kT / k (1 + z^2 / (16 - 8
    z)) with z = mu k dt. Of a force that is not linear an eighth of the error of Euler-Maruyama in d2F/dx2 is left. So
    states in equilibrium, and the heat between them, bear steps several times as long where couplings and wells are
    stiff. It is not linear in its noise and has no closed transition density.

    References
    ----------
    B. Leimkuhler and C. Matthews, Rational construction of stochastic numerical methods for molecular sampling, Appl.
    Math. Res. eXpress 2013, 34 (2013), whose scheme reads the force half of the noise ahead; the share of a quarter is
    derived in the page of the documentation on Langevin dynamics.

    Examples
    --------
    >>> from thermozoo.symbolic.trace import trace_step
    >>> from thermozoo_plugins.integrators import QuarterNoise
    >>> len(trace_step(QuarterNoise()).stages)
    1
    """

    name = "quarter-noise"
    weak_order = 1

    def step(self, s: StepSymbols) -> Any:
        """Return the state after the step."""
        noise = sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()
        return s.x + s.mobility * s.force(s.x + noise / 4) * s.dt + noise
