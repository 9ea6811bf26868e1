"""The interface of a potential: the energy of one unit."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from thermozoo.interfaces.kind import Quantity
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Potential"]


class Potential(
    Plugin,
    kind="potential",
    formula="energy",
    symbols=(Quantity("x", "state of the unit"),),
    table="computer.potential",
    claims={"stable_states": "stable states of one unit"},
    checks=(
        "potential",
        "potential_edges",
        "potential_derivatives",
        "potential_minima",
        "potential_code",
        "potential_paths",
        "potential_averages",
        "potential_driven",
    ),
):
    """On-site energy U(x; parameters) of one unit.

    The author writes `energy`; force -U'(x), curvature U''(x), parameter derivatives, kernels, stable states and
    documentation are derived from it.

    Attributes
    ----------
    stable_states : int or None
        Claim: the number of minima of U, over the whole of the declared parameter bounds (None: no claim).
    """

    __slots__ = ()

    stable_states: ClassVar[int | None] = None

    @abc.abstractmethod
    def energy(self, x: Any) -> Any:
        """Return U(x) [energy] as an expression.

        Called with a sympy symbol for `x`, on a symbolic copy of the instance whose parameters are sympy symbols.
        """

    def gradient(self, x: Any) -> Any:
        """Return dU/dx [energy] as an expression; optional.

        When an author writes it, it is proved against the derivative of `energy`, or refused with both shown.
        None (the default) means: derive it.
        """
        return None
