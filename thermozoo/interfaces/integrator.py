"""The interface of an integrator: one time step."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Protocol

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


class Integrator(
    Plugin,
    kind="integrator",
    formula="step",
    symbols=(Quantity("x", "state before the step"), DT, MOBILITY, KT),
    requests=(
        Request("noise", "a standard normal number", r"\xi"),
        Request("force", "the force at the state", "F", at=True),
    ),
    together=True,
    table="dynamics",
    key="integrator",
    claims={"weak_order": "weak order"},
    checks=("integrator", "integrator_statistics", "integrator_clock", "integrator_long"),
):
    """One step of the overdamped Langevin equation dx = -mu dV dt + sqrt(2 mu kT) dW, as a map.

    The author writes `step`; the kernels of every engine and, where the step is linear in its noise, the transition
    density are derived from it.

    Attributes
    ----------
    weak_order : int or None
        Claim: the error of averages at a fixed time falls as dt to this power.
    """

    __slots__ = ()

    weak_order: ClassVar[int | None] = None

    @abc.abstractmethod
    def step(self, s: StepSymbols) -> Any:
        """Return the state of a unit after the step, as an expression of the symbols `s`."""
