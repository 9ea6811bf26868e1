"""The terms of the energy between units: what each of them is, and those of any interaction."""

from __future__ import annotations

from thermozoo.computer.terms.circulating import CirculatingForce, circulating_force
from thermozoo.computer.terms.couple import couple, pairwise
from thermozoo.computer.terms.projections import ProjectionTerm, project
from thermozoo.computer.terms.separable import SeparableCouplings
from thermozoo.computer.terms.tuples import TupleCouplings

__all__ = [
    "CirculatingForce",
    "ProjectionTerm",
    "SeparableCouplings",
    "TupleCouplings",
    "circulating_force",
    "couple",
    "pairwise",
    "project",
]
