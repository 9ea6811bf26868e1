"""The interface of an integrator: one time step."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Protocol

from thermozoo.errors import PluginClassError
from thermozoo.interfaces.kind import DT, KT, MOBILITY, Quantity, Request
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Integrator", "StepSymbols"]


class StepSymbols(Protocol):
    """The symbols of one unit that an integrator's `step` receives.

    Attributes
    ----------
    x : expression
        State before the step.
    dt : expression
        Time step [time].
    mobility : expression
        Mobility mu [1 / (energy time)].
    kT : expression
        Temperature times Boltzmann's constant [energy].
    """

    x: Any
    dt: Any
    mobility: Any
    kT: Any

    def force(self, at: Any) -> Any:
        """Return the force -dV/dx_i with every unit at its own value of `at`; each call opens a new stage."""

    def noise(self) -> Any:
        """Return a new standard normal number of this unit and step."""

    def uniform(self) -> Any:
        """Return a new number of this unit and step, uniform between 0 and 1."""


#: In which order the units of a step are updated.
UPDATES = ("together", "by color")


class Integrator(
    Plugin,
    kind="integrator",
    formula="step",
    symbols=(Quantity("x", "state before the step"), DT, MOBILITY, KT),
    requests=(
        Request("noise", "a standard normal number", r"\xi"),
        Request("uniform", "a uniform number between 0 and 1", "u"),
        Request("force", "the force at the state", "F", at=True),
    ),
    together=True,
    table="dynamics",
    key="integrator",
    claims={"weak_order": "weak order"},
    checks=("integrator", "integrator_statistics", "integrator_long", "integrator_by_color"),
):
    """One step of the overdamped Langevin equation dx = -mu dV dt + sqrt(2 mu kT) dW, as a map; or of discrete units.

    The author writes `step`; the kernels of every engine and, where the step is linear in its noise, the transition
    density are derived from it.

    Attributes
    ----------
    weak_order : int or None
        Claim: the error of averages at a fixed time falls as dt to this power.
    updates : str
        ``"together"`` (the default): the units are continuous, and all are updated at once. ``"by color"``: they are
        discrete, and those of one color after the other are updated, where units of one color are not coupled; the
        step is a choice among their states.
    """

    __slots__ = ()

    weak_order: ClassVar[int | None] = None
    updates: ClassVar[str] = "together"

    @abc.abstractmethod
    def step(self, s: StepSymbols) -> Any:
        """Return the state of a unit after the step, as an expression of the symbols `s`."""

    @classmethod
    def check_modules(cls) -> tuple[str, ...]:
        """Return the modules of checks that are about it: those of updates by color, or the others."""
        by_color = "integrator_by_color"
        return (by_color,) if cls.updates == "by color" else tuple(m for m in cls.declared.checks if m != by_color)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse an order of updates that there is not."""
        super().__init_subclass__(**kwargs)
        if cls.updates not in UPDATES:
            raise PluginClassError(
                f"{cls.__qualname__}.updates must be {' or '.join(map(repr, UPDATES))}, got {cls.updates!r}"
            )
