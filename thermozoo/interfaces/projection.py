"""The interface of an energy of projections: a function of sums over patterns."""

from __future__ import annotations

import abc
from typing import Any, Protocol

from thermozoo.interfaces.kind import Quantity, Request
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Projection", "ProjectionSymbols"]


class ProjectionSymbols(Protocol):
    """The symbols that a projection's `energy` receives.

    Attributes
    ----------
    z : expression
        Projection m.x of the states on a pattern; it stands inside of a sum only.
    """

    z: Any

    def sum(self, at: Any) -> Any:
        """Return the sum over patterns k of w_k times `at` with z = m_k.x; each call opens a new sum."""


class Projection(
    Plugin,
    kind="projection",
    formula="energy",
    symbols=(Quantity("z", "projection of the states on a pattern"),),
    requests=(Request("sum", "the weighted sum over patterns", "S", at=True),),
    together=True,
    written="V_p",
    checks=("projection", "projection_equilibrium"),
):
    """Energy of many units by their projections on patterns: V_p = G(sum_k w_k f(m_k.x)).

    The author writes `energy`, G and f in one formula; forces, which cost two products with the patterns, and a
    way to compute both without overflow are derived from it.
    """

    __slots__ = ()

    @abc.abstractmethod
    def energy(self, s: ProjectionSymbols) -> Any:
        """Return the energy [energy] as an expression of sums over patterns, ``s.sum(...)`` of expressions of ``s.z``.

        Called on a symbolic copy of the instance whose parameters are sympy symbols.
        """
