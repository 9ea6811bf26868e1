"""First-party protocols."""

from __future__ import annotations

from thermozoo import Protocol, hookimpl
from thermozoo_plugins.protocols.constant import Constant
from thermozoo_plugins.protocols.exponential import Exponential
from thermozoo_plugins.protocols.hold_ramp import HoldRamp
from thermozoo_plugins.protocols.linear_fade import LinearFade
from thermozoo_plugins.protocols.ramp import Ramp
from thermozoo_plugins.protocols.sinusoid import Sinusoid
from thermozoo_plugins.protocols.table import Table

__all__ = ["Constant", "Exponential", "HoldRamp", "LinearFade", "Ramp", "Sinusoid", "Table"]


@hookimpl
def thermozoo_protocols() -> list[type[Protocol]]:
    """Return the first-party protocols."""
    return [Constant, LinearFade, HoldRamp, Ramp, Exponential, Sinusoid, Table]
