"""Constraints: relations of several parameters of a plugin, written once as a formula.

Everything that builds, draws, trains, shows or checks parameters reads them from here. A plugin states them in
`Plugin.constraints`, with the same symbols as its formula.
"""

from __future__ import annotations

from thermozoo.constraints.checking import check_class, check_constraints
from thermozoo.constraints.relation import Constraint
from thermozoo.constraints.tracing import constraints_of, constraints_of_class, own_constraints

__all__ = [
    "Constraint",
    "check_class",
    "check_constraints",
    "constraints_of",
    "constraints_of_class",
    "own_constraints",
]
