"""First-party integrators."""

from __future__ import annotations

from thermozoo import Integrator, hookimpl
from thermozoo_plugins.integrators.euler_maruyama import EulerMaruyama

__all__ = ["EulerMaruyama"]


@hookimpl
def thermozoo_integrators() -> list[type[Integrator]]:
    """Return the first-party integrators."""
    return [EulerMaruyama]
