"""First-party energies of projections."""

from __future__ import annotations

from thermozoo import Projection, hookimpl
from thermozoo_plugins.projections.dense_memory import DenseMemory
from thermozoo_plugins.projections.modern_hopfield import ModernHopfield

__all__ = ["DenseMemory", "ModernHopfield"]


@hookimpl
def thermozoo_projections() -> list[type[Projection]]:
    """Return the first-party energies of projections."""
    return [ModernHopfield, DenseMemory]
