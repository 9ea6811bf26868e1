"""First-party protocols."""

from __future__ import annotations

from thermozoo import Protocol, hookimpl
from thermozoo_plugins.protocols.constant import Constant
from thermozoo_plugins.protocols.hold_ramp import HoldRamp
from thermozoo_plugins.protocols.linear_fade import LinearFade

__all__ = ["Constant", "HoldRamp", "LinearFade"]


@hookimpl
def thermozoo_protocols() -> list[type[Protocol]]:
    """Return the first-party protocols."""
    return [Constant, LinearFade, HoldRamp]
