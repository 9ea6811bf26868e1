"""First-party imperfections."""

from __future__ import annotations

from thermozoo import Imperfection, hookimpl
from thermozoo_plugins.imperfections.asymmetry import Asymmetry
from thermozoo_plugins.imperfections.coloured_bath import ColouredBath
from thermozoo_plugins.imperfections.dead_units import DeadUnits
from thermozoo_plugins.imperfections.drift import Drift
from thermozoo_plugins.imperfections.mismatch import Mismatch
from thermozoo_plugins.imperfections.offset import Offset
from thermozoo_plugins.imperfections.readout_noise import ReadoutNoise
from thermozoo_plugins.imperfections.storage_bits import StorageBits
from thermozoo_plugins.imperfections.update_bits import UpdateBits

__all__ = [
    "Asymmetry",
    "ColouredBath",
    "DeadUnits",
    "Drift",
    "Mismatch",
    "Offset",
    "ReadoutNoise",
    "StorageBits",
    "UpdateBits",
]


@hookimpl
def thermozoo_imperfections() -> list[type[Imperfection]]:
    """Return the first-party imperfections."""
    return [StorageBits, UpdateBits, Mismatch, Asymmetry, Offset, DeadUnits, ColouredBath, ReadoutNoise, Drift]
