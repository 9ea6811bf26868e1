"""Checks of units that an interaction couples: forces of every engine, products, what training contracts with."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.couplings import Couplings, EdgeCouplings
from thermozoo.computer.terms import SeparableCouplings, TupleCouplings
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.errors import EngineError
from thermozoo.interfaces.tree import values_of, with_values
from thermozoo.symbolic.interaction import interaction_formulas
from thermozoo.testing.checks.interaction import finite  # noqa: F401 - registers what these need first
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import DoesNotApply
from thermozoo.testing.probes import UNITS, AllPairs, ProbeQuartic, ProbeStep, record
from thermozoo.testing.registry import check
from thermozoo.testing.strategies import moderate
from thermozoo.testing.tuple_oracle import TupleOracle, all_tuples

__all__ = ["interacting", "usable"]

Array = npt.NDArray[np.floating[Any]]

#: Largest relative error of sums over tuples that are added up in another order, in double and in single precision.
_DOUBLE, _SINGLE = 1e-12, 2e-4

#: States that units with a quartic potential visit, and some beyond.
_FAR = 3.0


def interacting(interaction: Any, potential: Any, units: int, copies: int = 1, **settings: Any) -> Computer:
    """Return groups of units of one potential; in a group every set is coupled that the interaction can couple."""
    sizes = {f"copy{k}": units for k in range(copies)}
    if interaction.order == 2:
        return assemble(sizes, potential, AllPairs(), interaction=interaction, **settings)
    tuples = np.concatenate([k * units + all_tuples(interaction, units) for k in range(copies)])
    couplings = TupleCouplings(copies * units, tuples, np.zeros(len(tuples)), interaction)
    return attrs.evolve(assemble(sizes, potential, AllPairs(), **settings), couplings=couplings)


def usable(context: Context, dynamics: Dynamics) -> tuple[list[Engine], tuple[str, ...]]:
    """Return the engines that take such couplings, and what the others say."""
    engines, notes = [], []
    for engine in context.engines:
        try:
            engine.prepare(dynamics)
        except EngineError as error:
            notes.append(f"not run on the {engine.name} engine: {error}")
        else:
            engines.append(engine)
    return engines, tuple(notes)


def _drawn(context: Context, purpose: str) -> list[Any]:
    """Return the plugin with its defaults (quick), or with a few draws as well (full)."""
    draws = moderate(context.plugin, context.rng(purpose), 3 if context.full else 0)
    return [with_values(context.plugin, values) for values in draws]


def _error(got: Any, expected: Any, size: float) -> float:
    error = float(np.abs(np.asarray(got, dtype=float) - expected).max()) / size
    return error if error == error else float("inf")


@check(
    "interaction",
    claim="The force that every engine applies is the sum over tuples, one by one, and so is the energy.",
    needs=("derivatives",),
)
def engine_force(context: Context) -> Measured:
    """Take one step of unit length without temperature: the state moves by the force."""
    found: list[Measured] = []
    notes: tuple[str, ...] = ()
    for plugin in _drawn(context, "engine-force"):
        rng = context.rng("forces")
        computer = interacting(plugin, ProbeQuartic(a=0.0, c=0.0), UNITS, temperature=1e-300)
        tuples = computer.couplings.edges
        strengths = rng.standard_normal(len(tuples))
        computer = attrs.evolve(computer, couplings=computer.couplings.with_vector(strengths))
        oracle = TupleOracle(plugin)
        x = rng.uniform(-_FAR, _FAR, size=(4, UNITS))
        x[0] = x[0, 0]  # all alike, where differences vanish
        expected, energy = oracle.gradient(tuples, strengths, x), oracle.energy(tuples, strengths, x)
        size = 1.0 + oracle.gradient(tuples, np.abs(strengths), x).std() + float(np.abs(expected).max())
        case = {"strengths": strengths[:3], "x": x[1]}
        sums = 1.0 + float(np.abs(energy).max())
        found.append(
            Measured(
                "relative error of the energy", _error(computer.couplings.energy(x), energy, sums), 0.0, _DOUBLE
            ).require("the coupling energy is not the sum over tuples of J phi", case)
        )
        dynamics = Dynamics(computer, ProbeStep(), dt=1.0)
        engines, notes = usable(context, dynamics)
        for engine in engines:
            moved = record(engine, dynamics, x, 1, context.key("forces"))[1] - x
            error = _error(-moved, expected, size + _FAR)
            found.append(
                Measured(f"relative error of the force ({engine.name})", error, 0.0, _DOUBLE).require(
                    f"the {engine.name} engine applies the forces {moved[1][:3]} to the first units, the sum over "
                    f"tuples gives {-expected[1][:3]}",
                    {**case, "engine": engine.name},
                )
            )
    return attrs.evolve(worst(found), notes=notes)


@check(
    "interaction",
    claim="A pair energy that separates into products has the energy, force and contraction of its tuples one by one.",
    needs=("derivatives", "exchange"),
)
def separable_path(context: Context) -> Measured:
    """Compare products with tuples, dense and sparse, in both precisions."""
    formulas = interaction_formulas(context.plugin)
    if formulas.bilinear:
        raise DoesNotApply("it is the product of two states, for which there are couplings of their own")
    if formulas.products is None:
        raise DoesNotApply("it is no sum of products of functions of one state of a pair: it runs tuple by tuple")
    found: list[Measured] = []
    for plugin in _drawn(context, "separable-path"):
        rng = context.rng("separable-path-states")
        dense = interacting(plugin, ProbeQuartic(), UNITS).couplings
        assert isinstance(dense, SeparableCouplings)
        for pairs in (dense.pairs, _ring(5 * UNITS)):
            fast: Couplings = SeparableCouplings(pairs, plugin).with_vector(rng.standard_normal(pairs.size))
            slow = TupleCouplings(fast.n, fast.edges, fast.vector, plugin)
            x, r = rng.uniform(-_FAR, _FAR, size=(2, 3, fast.n))
            for dtype, allowed in ((np.float64, _DOUBLE), (np.float32, _SINGLE)):
                for what, got, expected in (
                    ("energy", fast.energy(x.astype(dtype)), slow.energy(x)),
                    ("force", fast.gradient(x.astype(dtype)), slow.gradient(x)),
                    ("contraction", fast.contract(r.astype(dtype), x.astype(dtype)), slow.contract(r, x)),
                ):
                    # products cancel where tuples do not: errors are those of their largest terms
                    size = 1.0 + float(np.abs(expected).max()) + _of_products(formulas, plugin, fast, x)
                    name = f"relative error of the {what} in {np.dtype(dtype).name}"
                    found.append(
                        Measured(name, _error(got, expected, size), 0.0, allowed).require(
                            f"the {what} from products differs from that of the tuples one by one",
                            {"strengths": fast.vector[:3], "x": x[0][:3]},
                        )
                    )
    return worst(found)


def _ring(units: int) -> Any:
    i = np.arange(units)
    return EdgeCouplings(units, np.sort(np.stack([i, (i + 1) % units], axis=1), axis=1), np.zeros(units))


def _of_products(formulas: Any, plugin: Any, couplings: Couplings, x: Array) -> float:
    """Return the size of the terms that are added up."""
    first, second = formulas.states
    bound = formulas.bind(values_of(plugin))
    wanted = [
        e for one in (*formulas.products, *formulas.slopes) for e in (one.first, one.second.xreplace({second: first}))
    ]
    values = bound.function("products", [first], *wanted)(x)
    largest = max(float(np.abs(f).max() * np.abs(g).max()) for f, g in zip(values[::2], values[1::2], strict=True))
    return largest * float(np.abs(couplings.vector).sum())


@check(
    "interaction",
    claim="Where only differences of states count, the forces on the units of a tuple add up to zero (Newton's third "
    "law), on every engine.",
    needs=("derivatives",),
)
def third_law(context: Context) -> Measured:
    """Find out symbolically whether the energy stays when all states are shifted; add up forces."""
    symbols, energy, _ = TupleOracle(context.plugin).formula
    shift = sympy.Dummy("shift", real=True)
    states = symbols[: context.plugin.order]
    if sympy.simplify(energy.xreplace({s: s + shift for s in states}) - energy) != 0:
        raise DoesNotApply("the energy changes when all states are shifted: there is no law for the sum of forces")
    rng = context.rng("third-law")
    computer = interacting(context.plugin, ProbeQuartic(a=0.0, c=0.0), UNITS, temperature=1e-300)
    couplings = computer.couplings.with_vector(rng.standard_normal(computer.couplings.size))
    x = rng.uniform(-_FAR, _FAR, size=(16, UNITS))
    dynamics = Dynamics(attrs.evolve(computer, couplings=couplings), ProbeStep(), dt=1.0)
    engines, notes = usable(context, dynamics)
    found = []
    for engine in engines:
        moved = record(engine, dynamics, x, 1, context.key("third-law"))[1] - x
        total = float(np.abs(moved.sum(axis=1)).max() / (1.0 + np.abs(moved).max() + _FAR))
        found.append(
            Measured(f"relative sum of forces ({engine.name})", total, 0.0, UNITS * _DOUBLE).require(
                f"on the {engine.name} engine the forces that units exert on each other add up to "
                f"{moved.sum(axis=1)[0]:.3g}, expected zero: the energy depends on differences of states only",
                {"x": x[0], "engine": engine.name},
            )
        )
    return attrs.evolve(worst(found), notes=notes)


@check(
    "interaction",
    claim="The contraction that training needs is the derivative by each strength of the sum of r_i dV/dx_i.",
    needs=("engine-force",),
)
def contraction(context: Context) -> Measured:
    """Change each strength by one, which is exact as the energy is linear in it."""
    found = []
    for plugin in _drawn(context, "contraction"):
        rng = context.rng("contraction-states")
        units = max(plugin.order + 1, 4)
        couplings = interacting(plugin, ProbeQuartic(), units).couplings
        x, r = rng.uniform(-_FAR, _FAR, size=(2, 5, units))
        got = couplings.contract(r, x)
        one = np.eye(couplings.size)
        oracle = TupleOracle(plugin)
        expected = np.array([(r * oracle.gradient(couplings.edges, e, x)).sum() for e in one])
        size = 1.0 + float(np.abs(expected).max())
        found.append(
            Measured("relative error of the contraction", _error(got, expected, size), 0.0, _DOUBLE).require(
                "contract(r, x) is not the sum of r_i d phi/dx_i over the units of each tuple: "
                f"{got[:3]}, expected {expected[:3]} for the first tuples",
                {"x": x[0], "r": r[0]},
            )
        )
    return worst(found)


@check(
    "interaction",
    claim="A computer with all energies, the temperature and the clock twice as large takes the same path.",
    needs=("engine-force",),
)
def clock_speed(context: Context) -> Measured:
    """V to 2 V, kT to 2 kT, dt to dt / 2, with the same noise: nothing but rounding changes, on every engine."""
    rng = context.rng("clock-speed")
    slow = interacting(context.plugin, ProbeQuartic(), UNITS, temperature=KT)
    slow = slow.with_parameters(0.2 * rng.standard_normal(slow.parameters.size) / slow.parameters.size)
    fast = interacting(context.plugin, ProbeQuartic(a=1.0, c=0.5), UNITS, temperature=2 * KT)
    fast = fast.with_parameters(2 * slow.parameters)
    x = rng.uniform(-1.0, 1.0, size=(8, UNITS))
    engines, notes = usable(context, Dynamics(slow, ProbeStep(), dt=0.01))
    found = []
    for engine in engines:
        paths = [
            record(engine, Dynamics(one, ProbeStep(), dt=dt), x, 32, context.key("clock-speed"))
            for one, dt in ((slow, 0.01), (fast, 0.005))
        ]
        error = _error(paths[1], paths[0], 1.0 + float(np.abs(paths[0]).max()))
        found.append(
            Measured(f"difference of paths ({engine.name})", error, 0.0, 1e3 * _DOUBLE).require(
                f"on the {engine.name} engine the computer that runs twice as fast takes another path",
                {"engine": engine.name},
            )
        )
    return attrs.evolve(worst(found), notes=notes)
