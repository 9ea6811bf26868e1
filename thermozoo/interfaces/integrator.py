"""The interface of an integrator: one time step."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import attrs

from thermozoo.errors import PluginClassError
from thermozoo.interfaces.kind import DT, KT, MOBILITY, Quantity, Request
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Integrator", "StepSymbols", "Variable"]


@attrs.frozen
class Variable:
    """An auxiliary variable that each unit has beside its state, such as a velocity.

    Parameters
    ----------
    parity : int
        +1 or -1: what it is multiplied by when time is reversed. A velocity has -1.
    doc : str
        What it is, in a few words.
    unit : str
        Its unit, such as ``"1 / time"``; a pure number is ``"1"``.
    start : callable, float or None
        What it is before the first step: a number; a function of the integrator and the step's symbols that returns an
        expression, which may draw one ``s.noise()``; None: drawn from its Boltzmann distribution, which the
        integrator's `energy` says.
    """

    parity: int
    doc: str
    unit: str = "1"
    start: Callable[[Any, Any], Any] | float | None = None

    def __attrs_post_init__(self) -> None:
        if self.parity not in (1, -1):
            raise PluginClassError(
                f"a variable's parity is what time reversal multiplies it by: expected 1 or -1, got {self.parity!r}"
            )


class StepSymbols(Protocol):
    """The symbols of one unit that an integrator's `step` receives.

    Each auxiliary variable of the integrator is an attribute of its own name, its value before the step.

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

    def __getattr__(self, name: str) -> Any:
        """Return an auxiliary variable before the step."""

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
    checks=(
        "integrator",
        "integrator_statistics",
        "integrator_paths",
        "integrator_clock",
        "integrator_variables",
        "integrator_underdamped",
        "integrator_long",
        "integrator_by_color",
    ),
):
    """One step of the Langevin equation dx = -mu dV dt + sqrt(2 mu kT) dW as a map, of another or of discrete units.

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
    variables : mapping of str to Variable
        Auxiliary variables that each unit has beside its state x: none by default.
    thermal : bool
        Claim: as dt falls, its stationary distribution tends to the Boltzmann distribution of V plus `energy`.
    """

    __slots__ = ()

    weak_order: ClassVar[int | None] = None
    updates: ClassVar[str] = "together"
    variables: ClassVar[Mapping[str, Variable]] = MappingProxyType({})
    thermal: ClassVar[bool] = True

    @abc.abstractmethod
    def step(self, s: StepSymbols) -> Any:
        """Return the state of a unit after the step, as an expression of the symbols `s`.

        With auxiliary variables it is a mapping: ``{"x": ..., "v": ...}``.
        """

    def energy(self, s: StepSymbols) -> Any:
        """Return the kinetic energy of a unit's auxiliary variables [energy], as an expression of `s`; none: 0."""
        return 0

    @classmethod
    def check_modules(cls) -> tuple[str, ...]:
        """Return the modules of checks that are about it: those of updates by color, or the others."""
        by_color = "integrator_by_color"
        return (by_color,) if cls.updates == "by color" else tuple(m for m in cls.declared.checks if m != by_color)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse an order of updates that there is not, and variables whose names mean something else."""
        super().__init_subclass__(**kwargs)
        if cls.updates not in UPDATES:
            raise PluginClassError(
                f"{cls.__qualname__}.updates must be {' or '.join(map(repr, UPDATES))}, got {cls.updates!r}"
            )
        if cls.updates == "by color" and cls.variables:
            raise PluginClassError(
                f"{cls.__qualname__} updates discrete units by color, which have no variables beside their state: "
                "leave out updates, or variables"
            )
        for name, one in cls.variables.items():
            if not isinstance(one, Variable):
                raise PluginClassError(
                    f"{cls.__qualname__}.variables maps names to Variable(parity=..., doc=...), got {one!r} for "
                    f"{name!r}"
                )
            if not name.isidentifier() or name in _TAKEN:
                raise PluginClassError(
                    f"{cls.__qualname__}.variables names a variable {name!r}: expected a Python name other than "
                    f"{', '.join(sorted(_TAKEN))}"
                )

    @classmethod
    def quantities(cls) -> tuple[Quantity, ...]:
        """Return what the formula is called with: the kind's quantities, then the auxiliary variables."""
        return (*cls.declared.symbols, *(Quantity(name, one.doc) for name, one in cls.variables.items()))

    @classmethod
    def results(cls) -> tuple[str, ...]:
        """Return what the formula returns: the state, then the auxiliary variables."""
        return ("x", *cls.variables)


#: What a step is called with or asks for, and what results keep beside states.
_TAKEN = frozenset(
    [
        *("x", "dt", "mobility", "kT", "noise", "force", "uniform", "energy", "heat", "work", "switching", "step"),
        *("time", "trajectory", "group", "term", "unit", "observation", "window", "switched"),
    ]
)
