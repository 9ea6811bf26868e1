"""A bath with memory."""

from __future__ import annotations

import attrs

from thermozoo import Imperfection, Integrator, parameter
from thermozoo.errors import ParameterError
from thermozoo_plugins.integrators.coloured_noise import ColouredNoise

__all__ = ["ColouredBath"]


@attrs.frozen
class ColouredBath(Imperfection):
    r"""Noise with memory, from the surroundings or an amplifier, beside the white noise of the bath.

    .. math:: dx = \mu\, (F + y)\, dt + \sqrt{2 \mu k_B T}\; dW, \qquad
              dy = -\frac{y}{\tau}\, dt + \sigma \sqrt{\frac{2}{\tau}}\; dW'

    with x the states, F the forces [energy], mu the mobility [1 / (energy time)], kT the temperature [energy], y a
    force [energy] of correlation time tau [time] and standard deviation sigma [energy], of each unit its own. Units
    move by the integrator `coloured-noise` instead of `euler-maruyama`; the work of y is part of the heat.

    References
    ----------
    P. Hanggi and P. Jung, Colored noise in dynamical systems, Adv. Chem. Phys. 89, 239 (1995).

    Examples
    --------
    >>> import thermozoo as tz
    >>> tz.get("coloured-bath", sigma=0.2).moved(tz.get("euler-maruyama"))
    ColouredNoise(correlation_time=1.0, strength=0.2)
    """

    name = "coloured-bath"

    correlation_time: float = parameter(1.0, unit="time", above=0, doc="correlation time", symbol=r"\tau")
    sigma: float = parameter(
        0.1, unit="energy", above=0, doc="standard deviation of the force with memory", symbol=r"\sigma"
    )

    def moved(self, integrator: Integrator) -> Integrator:
        """Return the integrator with the force of memory."""
        if integrator.name != "euler-maruyama":
            raise ParameterError(
                f"'coloured-bath' adds its force to the steps of 'euler-maruyama', got {integrator.name!r}: take that "
                "integrator, or leave it out"
            )
        return ColouredNoise(correlation_time=self.correlation_time, strength=self.sigma)
