"""First-party potentials."""

from __future__ import annotations

from thermozoo import Potential, hookimpl
from thermozoo_plugins.potentials.cosine import Cosine
from thermozoo_plugins.potentials.double_well import DoubleWell
from thermozoo_plugins.potentials.log_cosh import LogCosh
from thermozoo_plugins.potentials.periodic import Periodic
from thermozoo_plugins.potentials.quadratic import Quadratic
from thermozoo_plugins.potentials.quartic import Quartic
from thermozoo_plugins.potentials.sextic import Sextic
from thermozoo_plugins.potentials.spin import Spin
from thermozoo_plugins.potentials.tilted_well import TiltedWell
from thermozoo_plugins.potentials.washboard import Washboard

__all__ = [
    "Cosine",
    "DoubleWell",
    "LogCosh",
    "Periodic",
    "Quadratic",
    "Quartic",
    "Sextic",
    "Spin",
    "TiltedWell",
    "Washboard",
]


@hookimpl
def thermozoo_potentials() -> list[type[Potential]]:
    """Return the first-party potentials."""
    return [Quartic, DoubleWell, Quadratic, TiltedWell, Sextic, Cosine, LogCosh, Periodic, Washboard, Spin]
