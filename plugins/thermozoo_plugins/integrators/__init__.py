"""First-party integrators."""

from __future__ import annotations

from thermozoo import Integrator, hookimpl
from thermozoo_plugins.integrators.baoab import Baoab
from thermozoo_plugins.integrators.coloured_noise import ColouredNoise
from thermozoo_plugins.integrators.euler_maruyama import EulerMaruyama
from thermozoo_plugins.integrators.heat_bath import HeatBath
from thermozoo_plugins.integrators.leimkuhler_matthews import LeimkuhlerMatthews
from thermozoo_plugins.integrators.metropolis import Metropolis
from thermozoo_plugins.integrators.quarter_noise import QuarterNoise
from thermozoo_plugins.integrators.stochastic_heun import StochasticHeun

__all__ = [
    "Baoab",
    "ColouredNoise",
    "EulerMaruyama",
    "HeatBath",
    "LeimkuhlerMatthews",
    "Metropolis",
    "QuarterNoise",
    "StochasticHeun",
]


@hookimpl
def thermozoo_integrators() -> list[type[Integrator]]:
    """Return the first-party integrators."""
    return [EulerMaruyama, StochasticHeun, LeimkuhlerMatthews, QuarterNoise, Baoab, ColouredNoise, HeatBath, Metropolis]
