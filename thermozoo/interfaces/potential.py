"""The interface of a potential: the energy of one unit."""

from __future__ import annotations

import abc
import math
from typing import Any, ClassVar

from thermozoo.errors import PluginClassError
from thermozoo.interfaces.kind import Quantity
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Potential"]


class Potential(
    Plugin,
    kind="potential",
    formula="energy",
    symbols=(Quantity("x", "state of the unit"),),
    table="computer.potential",
    claims={
        "stable_states": "stable states of one unit",
        "period": "circumference of the circle on which the state of a unit lives",
    },
    checks=(
        "potential",
        "potential_edges",
        "potential_derivatives",
        "potential_minima",
        "potential_code",
        "potential_paths",
        "potential_averages",
        "discrete_potential",
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
    period : float or None
        Claim: the state lives on a circle of this circumference, as a phase does, so that the force is the same after
        one turn (None: on a line). Nothing wraps a state: it counts turns, and averages and Boltzmann weights are over
        one of them. An energy that changes by a turn is that of a driven unit, which has no Boltzmann weight.
    states : tuple of float or None
        The states of a discrete unit, in ascending order, such as ``(-1, 1)``; its energy is linear in x. None (the
        default): any real number.
    """

    __slots__ = ()

    stable_states: ClassVar[int | None] = None
    states: ClassVar[tuple[float, ...] | None] = None
    period: ClassVar[float | None] = None

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

    @classmethod
    def check_modules(cls) -> tuple[str, ...]:
        """Return the modules of checks that are about it: those of discrete units, or the others."""
        discrete = ("potential", "discrete_potential")
        return discrete if cls.states is not None else tuple(m for m in cls.declared.checks if m not in discrete[1:])

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a circumference that is none, and states that no discrete unit has."""
        super().__init_subclass__(**kwargs)
        length, states = cls.period, cls.states
        if length is not None and not (isinstance(length, int | float) and 0 < length < math.inf):
            raise PluginClassError(
                f"{cls.__qualname__}: period, the circumference of a circle, must be a positive number such as "
                f"2 * math.pi, got {length!r}"
            )
        if states is None:
            return
        numbers = isinstance(states, tuple) and all(
            isinstance(s, (int, float)) and not isinstance(s, bool) and math.isfinite(s) for s in states
        )
        if not numbers or len(states) < 2 or list(states) != sorted(set(states)):
            raise PluginClassError(
                f"{cls.__qualname__}.states are the states of a discrete unit: expected at least two different numbers "
                f"in ascending order, such as (-1, 1), got {states!r}"
            )
