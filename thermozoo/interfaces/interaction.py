"""The interface of an interaction: the energy of one coupled tuple of units."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from thermozoo.errors import PluginClassError
from thermozoo.interfaces.kind import Quantity
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Interaction"]

#: What the states of a tuple are called in formulas, up to the largest order.
STATES = ("x", "y", "z", "u", "v", "w")


class Interaction(
    Plugin,
    kind="interaction",
    formula="energy",
    symbols=tuple(Quantity(name, "state of a unit of the tuple") for name in STATES[:2]),
    written=r"\phi",
    table="computer.interaction",
    claims={"symmetric": "the units of a tuple may be exchanged"},
    checks=("interaction", "interaction_forces", "interaction_equilibrium", "interaction_driven"),
):
    """Energy phi(x, y, ...) of one coupled tuple of units, times its strength J: V_J = sum_e J_e phi(x_e1, ..., x_ek).

    The author writes `energy`; forces, derivatives by strengths, dense products where the energy is a sum of products
    of functions of one state each, and kernels are derived from it.

    Attributes
    ----------
    order : int
        How many units a coupled tuple has, from 2 to 6.
    symmetric : bool or None
        Claim: the energy stays the same when units of a tuple are exchanged (None: no claim).
    """

    __slots__ = ()

    order: ClassVar[int] = 2
    symmetric: ClassVar[bool | None] = None

    @abc.abstractmethod
    def energy(self, *x: Any) -> Any:
        """Return phi of the states of one tuple [1, as the strength is an energy] as an expression.

        Called with as many sympy symbols as the tuple has units, on a symbolic copy of the instance whose parameters
        are sympy symbols.
        """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse an order that no tuple has."""
        super().__init_subclass__(**kwargs)
        if type(cls.order) is not int or not 2 <= cls.order <= len(STATES):
            raise PluginClassError(
                f"{cls.__qualname__}.order is how many units a coupled tuple has: expected a whole number from 2 to "
                f"{len(STATES)}, got {cls.order!r}"
            )

    @classmethod
    def quantities(cls) -> tuple[Quantity, ...]:
        """Return what the formula is called with: one state for each unit of a tuple."""
        return tuple(Quantity(name, "state of a unit of the tuple") for name in STATES[: cls.order])
