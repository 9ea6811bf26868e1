"""The BAOAB scheme of underdamped units."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Integrator, parameter
from thermozoo.interfaces import StepSymbols, Variable


@attrs.frozen
class Baoab(Integrator):
    r"""BAOAB scheme of underdamped units: half a kick, half a drift, friction and noise, half a drift, half a kick.

    .. math:: m\, dv = \left(F - \frac{v}{\mu}\right) dt + \sqrt{2 k_B T / \mu}\; dW, \qquad dx = v\, dt

    with m the mass, F = -dV/dx the force [energy], mu the mobility [1 / (energy time)] and kT the temperature [energy].
    Friction is 1 / mu, so the mass is the only new parameter. Between the two half drifts v becomes
    c v + sqrt((1 - c^2) kT / m) xi with c = exp(-dt / (mu m)). The last force of a step is the first of the next: one
    force a step. Weak order 2. On a harmonic unit of stiffness k, Var x = kT / k at every stable time step dt [time],
    while Var v = kT / m (1 - k dt^2 / 4 m) at the end of a step. As m -> 0, with dt shorter than mu m, units move like
    overdamped ones.

    References
    ----------
    B. Leimkuhler and C. Matthews, Robust and efficient configurational molecular sampling via Langevin dynamics,
    J. Chem. Phys. 138, 174102 (2013).

    Examples
    --------
    >>> from thermozoo.symbolic.trace import trace_step
    >>> from thermozoo_plugins.integrators import Baoab
    >>> trace_step(Baoab()).carries
    True
    """

    name = "baoab"
    weak_order = 2
    variables = {"v": Variable(parity=-1, doc="velocity", unit="1 / time")}

    mass: float = parameter(1.0, unit="energy time^2", doc="mass of a unit", symbol="m", above=0)

    def energy(self, s: StepSymbols) -> Any:
        """Return the kinetic energy."""
        return self.mass * s.v**2 / 2

    def step(self, s: StepSymbols) -> Any:
        """Return state and velocity after the step."""
        kick, c = s.dt / (2 * self.mass), sympy.exp(-s.dt / (s.mobility * self.mass))
        v = s.v + kick * s.force(s.x)
        x = s.x + s.dt / 2 * v
        v = c * v + sympy.sqrt((1 - c**2) * s.kT / self.mass) * s.noise()
        x = x + s.dt / 2 * v
        return {"x": x, "v": v + kick * s.force(x)}
