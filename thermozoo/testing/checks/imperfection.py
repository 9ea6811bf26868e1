"""Checks of an imperfection: the same machine with other parameters, randomness, updates, motion, readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.program import Program
from thermozoo.computer.terms.circulating import circulating_force
from thermozoo.dynamics.counter_random import CounterRandom
from thermozoo.dynamics.schedule import Schedule, driven_by
from thermozoo.errors import ParameterError
from thermozoo.interfaces import Integrator, Protocol
from thermozoo.interfaces.tree import values_of, with_values
from thermozoo.testing.checks.common import documented  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import AllPairs, ProbeQuartic, ProbeStep
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.side_effects import watched
from thermozoo.testing.strategies import parameter_values

#: Units of the computer that is realised, steps and time step of what drifts, rows that are read.
_UNITS, _STEPS, _DT, _ROWS = 12, 40, 0.01, 5


def _computer(context: Context) -> Computer:
    """Return a computer with random couplings and biases, in the groups that the plugin names."""
    groups = dict.fromkeys(context.plugin.groups() or ("units",), _UNITS)
    base = assemble(groups, ProbeQuartic(), AllPairs(), temperature=0.5, trainable_biases=tuple(groups))
    drawn: Computer = base.with_parameters(context.rng("computer").standard_normal(base.parameters.size))
    return drawn


def _random(context: Context, purpose: str = "imperfection") -> CounterRandom:
    return CounterRandom(context.key(purpose), 0)


def _realised(context: Context) -> Any:
    """Return all that it makes of a computer: its realisation, and directions of couplings."""
    found = context.plugin.realise(_computer(context), _random(context))
    return context.plugin.nonreciprocal(found, _random(context, "directions"))


def _over_bounds(context: Context, claim: Any, purpose: str) -> int:
    """Check a claim of the instance, and of parameters from all of the declared bounds; return how many there were."""

    def of(values: dict[str, float]) -> None:
        claim(with_values(context.plugin, values), values)

    claim(context.plugin, values_of(context.plugin))
    return 1 + for_all(parameter_values(context.plugin), of, seed=context.integer(purpose), examples=20)


def _writes(method: str) -> Any:
    return lambda cls: method in cls.acts()


@check("imperfection", claim="With the parameters that it has, it changes something.")
def effect(context: Context) -> Measured:
    """Realise, direct couplings, store, read, move and drive."""
    plugin, asked = context.plugin, _computer(context)
    values = 0.3 * context.rng("values").standard_normal(50)
    changed: dict[str, Callable[[], bool]] = {
        "realise": lambda: plugin.realise(asked, _random(context)).digest() != asked.digest(),
        "nonreciprocal": lambda: plugin.nonreciprocal(asked, _random(context)).digest() != asked.digest(),
        "stored": lambda: not np.array_equal(plugin.stored(values.copy(), _random(context)), values),
        "moved": lambda: any(one != moved for one, moved in _moved(plugin, context)),
        "driven": lambda: bool(plugin.driven()),
        "read": lambda: not np.array_equal(plugin.read(values.copy()[None], _random(context)), values[None]),
    }
    found = [method for method in plugin.acts() if changed[method]()]
    if not found:
        raise CheckFailed(
            f"{' and '.join(plugin.acts())} leave everything as it is: give its parameters other defaults"
        )
    return Measured("imperfections without effect", 0, 0, 0, detail=f"it changes by {', '.join(found)}")


@check(
    "imperfection",
    claim="What it realises is the same machine, with other parameters that are all finite, over all of its bounds.",
    concerns=_writes("realise"),
)
def machine(context: Context) -> Measured:
    """Realise with drawn parameters; a program of both computers refuses what is no one machine."""
    asked = _computer(context)

    def claim(plugin: Any, values: dict[str, float]) -> None:
        found = plugin.realise(asked, _random(context))
        if not isinstance(found, Computer):
            raise CheckFailed(f"realise() returned {type(found).__name__}; expected a computer", {"parameters": values})
        try:
            Program([asked, found])
        except ParameterError as error:
            raise CheckFailed(f"realise() returned another machine: {error}", {"parameters": values}) from error
        if not np.isfinite(found.parameters).all():
            raise CheckFailed("realise() returned parameters that are no finite numbers", {"parameters": values})

    tried = _over_bounds(context, claim, "machine")
    return Measured("realisations that are another machine", 0, 0, 0, detail=f"{tried} settings")


def _without_circulation(computer: Computer) -> Computer:
    return computer.with_terms({name: term for name, term in computer.terms.items() if term.conservative})


@check(
    "imperfection",
    claim="Without its forces that no energy has it is the same machine, and they are finite, over all of its bounds.",
    concerns=_writes("nonreciprocal"),
)
def directions(context: Context) -> Measured:
    """Make couplings directed with drawn parameters, and look at what is left without the force that circulates."""
    asked = _computer(context)
    work = 0.0

    def claim(plugin: Any, values: dict[str, float]) -> None:
        nonlocal work
        found = plugin.nonreciprocal(asked, _random(context))
        if not isinstance(found, Computer):
            raise CheckFailed(
                f"nonreciprocal() returned {type(found).__name__}; expected a computer", {"parameters": values}
            )
        try:
            Program([asked, _without_circulation(found)])
        except ParameterError as error:
            raise CheckFailed(f"nonreciprocal() returned another machine: {error}", {"parameters": values}) from error
        force = circulating_force(found)
        if force is None:
            raise CheckFailed(
                "nonreciprocal() returned forces that all have an energy: write realise(), or return what "
                "with_directed_strengths() makes",
                {"parameters": values},
            )
        if not np.isfinite(found.parameters).all():
            raise CheckFailed("nonreciprocal() returned strengths that are no finite numbers", {"parameters": values})
        around = context.rng("path").standard_normal((_ROWS, found.n))
        work = max(work, float(np.abs(force.work(np.concatenate([around, around[:1]])).sum())))

    tried = _over_bounds(context, claim, "directions")
    if work == 0:
        raise CheckFailed("the forces of nonreciprocal() do no work around any closed path: write realise()")
    return Measured("machines that are another one", 0, 0, 0, detail=f"{tried} settings; work around paths")


@check(
    "imperfection",
    claim="Where it names terms of the energy, it leaves all others as they are.",
    concerns=lambda cls: "realise" in cls.acts() or "nonreciprocal" in cls.acts(),
    needs=("machine", "directions"),
)
def terms(context: Context) -> Measured:
    """Compare couplings, biases and units of a realisation with those that were asked for."""
    named = context.plugin.terms()
    if not named:
        raise DoesNotApply("it may change any")
    asked, found = _computer(context), _realised(context)
    for name in ("coupling", "bias"):
        if name not in named and not np.array_equal(asked.strengths_of(name), found.strengths_of(name)):
            raise CheckFailed(f"it says that it changes {', '.join(named)}, and changes the term {name!r} as well")
    x = context.rng("states").standard_normal(asked.n)
    if "on-site" not in named and asked.energy_of("on-site", x) != found.energy_of("on-site", x):
        raise CheckFailed(f"it says that it changes {', '.join(named)}, and changes the units as well")
    return Measured("terms that it changes and does not name", 0, 0, 0, detail=f"it names {', '.join(named)}")


def _results(context: Context) -> list[Any]:
    """Return all that it makes of the same things with the same random numbers, as arrays."""
    plugin, rng = context.plugin, context.rng("things")
    values, states = rng.standard_normal(50), rng.standard_normal((_ROWS, _UNITS))
    realised = _realised(context)
    return [
        realised.parameters if isinstance(realised, Computer) else np.empty(0),
        np.asarray(plugin.stored(values, _random(context, "stored"))),
        np.asarray(plugin.read(states, _random(context, "read"))),
    ]


@check(
    "imperfection",
    claim="With the same random numbers it is the same device, bit for bit; nothing else is random.",
)
def repeatable(context: Context) -> Measured:
    """Realise, direct couplings, store and read twice, and look at the global random states."""
    with watched() as seen:
        first = _results(context)
    second = _results(context)
    if seen.changed:
        raise CheckFailed(
            f"it draws from the global random state of {seen.changed[0]}: take all random numbers from the argument "
            "`random`"
        )
    if not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True)):
        raise CheckFailed(
            "a second device with the same random numbers is another one: take all randomness from the argument "
            "`random`"
        )
    return Measured("numbers that differ", 0, 0, 0, detail=f"{sum(one.size for one in first)} numbers")


@check("imperfection", claim="The computer, the values and the states that it is given stay as they are.")
def inputs_unchanged(context: Context) -> Measured:
    """Look at them before and after."""
    plugin, rng = context.plugin, context.rng("things")
    asked = _computer(context)
    before = asked.digest()
    for method in ("realise", "nonreciprocal"):
        getattr(plugin, method)(asked, _random(context))
        if asked.digest() != before:
            raise CheckFailed(f"{method}() changed the computer that it was given; return another one")
    for method in ("stored", "read"):
        given = rng.standard_normal((_ROWS, _UNITS))
        kept = given.copy()
        getattr(plugin, method)(given if method == "read" else given[0], _random(context))
        if not np.array_equal(given, kept):
            raise CheckFailed(f"{method}() changed the array that it was given; work on a copy")
    return Measured("things that were changed", 0, 0, 0)


def _array(found: Any, shape: tuple[int, ...], method: str, values: dict[str, float]) -> None:
    right = isinstance(found, np.ndarray) and found.dtype.kind == "f" and found.shape == shape
    if not right or not np.isfinite(found).all():
        what = f"{found.dtype} of shape {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
        raise CheckFailed(
            f"{method}() returned {what}; expected finite floats of shape {shape}", {"parameters": values}
        )


@check(
    "imperfection",
    claim="What it stores is finite, one number for each parameter, over all of its bounds.",
    concerns=_writes("stored"),
)
def stores(context: Context) -> Measured:
    """Store numbers of several sizes."""
    sizes = (0, 1, 50)

    def claim(plugin: Any, values: dict[str, float]) -> None:
        for size in sizes:
            _array(
                plugin.stored(context.rng("stored").standard_normal(size), _random(context)), (size,), "stored", values
            )

    tried = _over_bounds(context, claim, "stores")
    return Measured("arrays that are none to store", 0, 0, 0, detail=f"{tried} settings")


@check(
    "imperfection",
    claim="What it reads is finite, one number for each state, over all of its bounds.",
    concerns=_writes("read"),
)
def reads(context: Context) -> Measured:
    """Read states in arrays of several dimensions."""
    shapes = ((_UNITS,), (_ROWS, _UNITS), (2, _ROWS, _UNITS))

    def claim(plugin: Any, values: dict[str, float]) -> None:
        for shape in shapes:
            _array(plugin.read(context.rng("read").standard_normal(shape), _random(context)), shape, "read", values)

    tried = _over_bounds(context, claim, "reads")
    return Measured("readings that are none", 0, 0, 0, detail=f"{tried} settings")


def _moved(plugin: Any, context: Context) -> list[tuple[Any, Any]]:
    """Return integrators that it can be had with, and by which steps it moves instead."""
    known = (one.plugin for one in context.plugins().records if one.kind == Integrator.kind)
    installed: list[Any] = [cast(Any, cls)() for cls in known if cls is not None]
    found = []
    for one in installed or [ProbeStep()]:
        try:
            found.append((one, plugin.moved(one)))
        except ParameterError:
            continue
    return found


@check(
    "imperfection",
    claim="It moves units by an integrator, of at least one that is installed, and refuses others with an error.",
    concerns=_writes("moved"),
)
def moves(context: Context) -> Measured:
    """Offer all installed integrators."""
    found = _moved(context.plugin, context)
    if not found:
        raise CheckFailed("moved() refuses every installed integrator")
    wrong = next((moved for _, moved in found if not isinstance(moved, Integrator)), None)
    if wrong is not None:
        raise CheckFailed(f"moved() returned {type(wrong).__name__}; expected an integrator")
    taken = ", ".join(one.name for one, _ in found)
    return Measured("motions that are no integrator", 0, 0, 0, detail=f"it takes {taken}")


@check(
    "imperfection",
    claim="What changes in time by itself is something that a schedule can drive, and is finite, over all its bounds.",
    concerns=_writes("driven"),
)
def drifts(context: Context) -> Measured:
    """Drive a computer by it."""
    asked = _computer(context)

    def claim(plugin: Any, values: dict[str, float]) -> None:
        targets = plugin.driven()
        if not all(isinstance(one, Protocol) for one in dict(targets).values()):
            raise CheckFailed("driven() returned something else than protocols by what they drive")
        try:
            driven_by(Schedule(targets), (asked,), _STEPS, _DT)
        except (ParameterError, LookupError) as error:
            raise CheckFailed(f"a schedule refuses what drifts: {error}", {"parameters": values}) from error

    tried = _over_bounds(context, claim, "drifts")
    return Measured("schedules that are refused", 0, 0, 0, detail=f"{tried} settings")
