"""First-party potentials."""

from __future__ import annotations

from thermozoo import Potential, hookimpl
from thermozoo_plugins.potentials.double_well import DoubleWell
from thermozoo_plugins.potentials.quadratic import Quadratic
from thermozoo_plugins.potentials.quartic import Quartic
from thermozoo_plugins.potentials.spin import Spin

__all__ = ["DoubleWell", "Quadratic", "Quartic", "Spin"]


@hookimpl
def thermozoo_potentials() -> list[type[Potential]]:
    """Return the first-party potentials."""
    return [Quartic, DoubleWell, Quadratic, Spin]
