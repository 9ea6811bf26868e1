"""Checks of what is generated from a potential: code of every engine, batches, per-unit parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from thermozoo.computer.onsite import unit_energy
from thermozoo.dynamics.engines import BatchState, Dynamics
from thermozoo.errors import ThermozooError
from thermozoo.interfaces.tree import flat_parameters, values_of, with_values
from thermozoo.symbolic.codegen import array_function
from thermozoo.symbolic.derive import PotentialFormulas, potential_formulas
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.checks.potential_derivatives import cases_of, place_at, point_of
from thermozoo.testing.context import Context
from thermozoo.testing.edges import breakpoints
from thermozoo.testing.grades import EPSILON, code_error, graded, surroundings
from thermozoo.testing.measured import Measured, apart, worst
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import UNITS, ProbeStep, record, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import moderate, parameter_values

#: More than the noise of a step of unit length at kT = 1e-300, which shows at x = 0 alone.
_RESIDUAL_NOISE = 1e-148


def _expressions(formulas: PotentialFormulas) -> dict[str, Any]:
    named = {"U": formulas.energy, "dU/dx": formulas.gradient, "d2U/dx2": formulas.curvature}
    named |= {f"dU/d{k}": v for k, v in formulas.energy_by_parameter.items()}
    return named


def _units(formulas: PotentialFormulas, values: Mapping[str, float], width: float) -> dict[str, float]:
    """Return a size of each expression, kT over width or parameter, below which only absolute errors matter."""
    units = {"U": KT, "dU/dx": KT / width, "d2U/dx2": KT / width**2}
    return units | {f"dU/d{k}": KT / max(abs(values[k]), 1e-3) for k in formulas.energy_by_parameter}


@check(
    "potential",
    claim="The generated array code equals the expression, at branch edges and large |x| too, and keeps the "
    "batch's shape.",
    needs=("force", "finite", "confining"),
)
def generated_code(context: Context) -> Measured:
    """Compare double-precision code with the expression in 90 digits, at states that a unit visits and beyond."""
    formulas = potential_formulas(context.plugin)
    symbols = [formulas.x, *formulas.parameters.values()]
    expressions = _expressions(formulas)
    functions = {}
    for what, expression in expressions.items():
        try:
            functions[what] = array_function("generated", symbols, [expression], formulas.x)
        except TypeError as error:
            raise CheckFailed(f"no code can be generated for {what} = {expression}: {error}") from error
        shape = (3, 4)
        constants = [np.full(shape, 0.5), *(np.float64(v) for v in _defaults(context).values())]
        if functions[what](*constants)[0].shape != shape:
            raise CheckFailed(f"the code for {what} = {expression} loses the shape of a batch")
    grades: list[Measured] = []

    def claim(case: tuple[dict[str, float], float]) -> None:
        values, u = case
        place = place_at(context, values, u)
        units = _units(formulas, values, place.width)
        numbers = formulas.bind(values).numbers
        far = {u * place.width * s for s in (10.0, 100.0, 1000.0)}
        edges = breakpoints(formulas.energy, formulas.x, numbers, context.cls.period)
        beside = [float(np.nextafter(edge, side)) for edge in edges for side in (-np.inf, np.inf)]
        for x in dict.fromkeys((place.x, *edges, *beside, *sorted(far))):
            excess = place.excess(x)
            for what, expression in expressions.items():
                if x in far and what not in ("U", "dU/dx", "d2U/dx2"):
                    continue  # training asks for them at visited states only
                point = point_of(formulas, values, x)
                error = code_error(functions[what], expression, point, formulas.x, units[what], excess, place.width)
                if error is None:
                    continue
                error.measured.require(
                    f"the generated code for {what} {error.differs} at x = {x!r}: {error.cause}",
                    {"parameters": values, "x": x, "source": functions[what].source},
                )
                grades.append(error.measured)

    tried = for_all(cases_of(context), claim, seed=context.integer("code"), examples=30)
    return graded(grades, f"{tried} draws")


def _defaults(context: Context) -> dict[str, Any]:
    return values_of(context.plugin)


@check(
    "potential",
    claim="The force that every engine applies is the expression's.",
    needs=("generated-code",),
)
def engine_force(context: Context) -> Measured:
    """Take one step of unit length without temperature: the state moves by the force."""
    formulas = potential_formulas(context.plugin)
    rng = context.rng("engine-force")
    points, found = 0, []
    draws = moderate(context.plugin, rng, 4 if context.full else 1)
    for values in draws:
        plugin = with_values(context.plugin, values)
        oracle = UnitOracle(plugin, KT)
        x = oracle.center + oracle.width * rng.uniform(-4, 4, size=(4, UNITS))
        numbers = formulas.bind(values).numbers
        edges = breakpoints(formulas.gradient, formulas.x, numbers, plugin.period)[: x.size]
        x.ravel()[: len(edges)] = edges
        for engine in context.engines:
            dynamics = Dynamics(uncoupled(plugin, 1e-300), ProbeStep(), dt=1.0)
            moved = record(engine, dynamics, x, 1, context.key("engine-force"))[1] - x
            for at, got in zip(x.ravel(), moved.ravel(), strict=True):
                point = point_of(formulas, values, float(at))
                around = surroundings(-formulas.gradient, point, formulas.x, KT / oracle.width, oracle.width)
                if around is None:
                    continue
                scale = float(abs(at) + around.size + around.conditioning) + KT / oracle.width
                allowed = 64 * EPSILON * scale + _RESIDUAL_NOISE
                expected, points = float(around.low), points + 1
                force, right = apart(got, expected, 6)
                difference = float(around.distance(float(got))) if math.isfinite(got) else math.inf
                found.append(
                    Measured(f"difference of force ({engine.name})", difference, 0.0, allowed).require(
                        f"the {engine.name} engine applies the force {force} at x = {at:g}, the expression "
                        f"gives {right}",
                        {"parameters": values, "x": float(at), "engine": engine.name},
                    )
                )
    return attrs.evolve(worst(found), detail=f"{points} states on {_names(context)}")


def _names(context: Context) -> str:
    return ", ".join(e.name for e in context.engines)


@check(
    "potential",
    claim="N units have the energy of N single units, and a state moves the same alone as in a batch, on every engine.",
    needs=("generated-code",),
)
def separable(context: Context) -> Measured:
    """Evaluate and advance a batch, its rows and its units, and compare."""
    rng = context.rng("separable")
    one = unit_energy(context.plugin)
    oracle = UnitOracle(context.plugin, KT)
    x = oracle.samples(rng, (5, UNITS))
    energy = one.energy(x)
    single = np.array([[float(one.energy(np.array([v]))[0]) for v in row] for row in x])
    computer = uncoupled(context.plugin, KT)
    total = computer.energy(x)
    if energy.shape != x.shape or not np.allclose(energy, single, rtol=1e-13, atol=0):
        raise CheckFailed("the energy of a batch is not that of its states one by one", {"x": x[0]})
    expected = oracle.energy(x).sum(axis=1)
    if not np.allclose(total, expected, rtol=1e-10, atol=1e-12):
        raise CheckFailed(
            f"{UNITS} uncoupled units have the energy {total[0]:g}, the sum over single units is {expected[0]:g}",
            {"x": x[0]},
        )
    dt = oracle.time_step(1.0)
    for engine in context.engines:
        dynamics = Dynamics(computer, ProbeStep(), dt=dt)
        key = context.key("separable")
        batch = record(engine, dynamics, x, 6, key)[-1]
        stepper = engine.prepare(dynamics)
        for row in (0, 3):
            one_row = stepper.begin(BatchState(x[row : row + 1], key, np.array([row])))
            one_row.advance(6)
            alone = one_row.states()
            # block widths may round differently; another path would differ by the size of the noise
            if not np.allclose(alone[0], batch[row], rtol=1e-9, atol=1e-9 * oracle.width):
                raise CheckFailed(
                    f"on the {engine.name} engine trajectory {row} moves differently alone than in a batch of {len(x)}",
                    {"alone": alone[0], "in the batch": batch[row], "engine": engine.name},
                )
    return Measured("batches that differ", 0, 0, 0, detail=f"{x.size} states on {_names(context)}")


@check(
    "potential",
    claim="Parameters may be one value per unit: each unit then behaves as with its own value.",
    needs=("generated-code", "engine-force"),
)
def per_unit_parameters(context: Context) -> Measured:
    """Give arrays of parameters and compare with single units."""
    specs = list(flat_parameters(context.plugin))
    if not specs:
        raise DoesNotApply("it has no parameters")

    def claim(drawn: list[dict[str, float]]) -> None:
        arrays = {name: np.array([d[name] for d in drawn]) for name in drawn[0]}
        try:
            many = with_values(context.plugin, arrays)
        except ThermozooError as error:
            raise CheckFailed(str(error), {"parameters": arrays}) from error
        except Exception as error:
            raise CheckFailed(
                f"one value per unit is refused: {type(error).__name__}: {error}; remember that a parameter "
                "may be an array",
                {"parameters": arrays},
            ) from error
        x = np.linspace(-1.0, 1.0, len(drawn))
        together = unit_energy(many)
        for k, values in enumerate(drawn):
            alone = unit_energy(with_values(context.plugin, values))
            for what in ("energy", "gradient", "curvature"):
                got = getattr(together, what)(x)[k]
                expected = getattr(alone, what)(x[k : k + 1])[0]
                if not _same(got, expected):
                    raise CheckFailed(
                        f"unit {k} has the {what} {got:g} among others and {expected:g} by itself",
                        {"parameters": arrays, "x": float(x[k])},
                    )

    from hypothesis import strategies as st

    cases = st.lists(parameter_values(context.plugin, decades=1), min_size=2, max_size=4)
    tried = for_all(cases, claim, seed=context.integer("per-unit"), examples=15)
    _engines_take_arrays(context)
    return Measured("units that differ", 0, 0, 0, detail=f"{tried} groups of units")


def _same(left: float, right: float) -> bool:
    return bool(np.isclose(left, right, rtol=1e-13, atol=0) or (left != left and right != right))


def _engines_take_arrays(context: Context) -> None:
    """Compare one step with per-unit parameters on every engine with the reference formula."""
    rng = context.rng("arrays")
    drawn = list(moderate(context.plugin, rng, UNITS - 1))
    arrays: Mapping[str, Any] = {k: np.array([d[k] for d in drawn]) for k in drawn[0]}
    plugin = with_values(context.plugin, arrays)
    x = rng.uniform(-1, 1, size=(2, UNITS))
    expected = -unit_energy(plugin).gradient(x)
    for engine in context.engines:
        computer = attrs.evolve(uncoupled(plugin, 1e-300))
        moved = record(engine, Dynamics(computer, ProbeStep(), dt=1.0), x, 1, context.key("arrays"))[1] - x
        if not np.allclose(moved, expected, rtol=1e-11, atol=1e-13):
            raise CheckFailed(
                f"the {engine.name} engine applies {moved[0]} to units with parameters of their own, expected "
                f"{expected[0]}",
                {"parameters": dict(arrays), "engine": engine.name},
            )
