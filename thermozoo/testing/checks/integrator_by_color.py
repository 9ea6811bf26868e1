"""Checks of an integrator of discrete units, by enumeration: its single update, its step, and the engines' updates."""

from __future__ import annotations

import itertools
import math
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer import coloring
from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.terms import TupleCouplings
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.noise import UNIFORM_DRAWS, uniforms
from thermozoo.dynamics.units import choices
from thermozoo.interfaces import Connectivity, Interaction, Potential, UnitLayout
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.choice import ChoiceFunction, choice_function
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import AllPairs, record
from thermozoo.testing.registry import check

Array = npt.NDArray[np.floating[Any]]

#: Spins of the largest computer whose states are enumerated.
SPINS = 10

KT = 0.7
MOBILITY = 1.3
DT = 0.25

#: What adding up a thousand probabilities in double precision leaves.
_ROUNDING = 1e-12


@attrs.frozen
class _Product(Interaction):
    """J x y z."""

    name = "probe-product"
    order = 3

    def energy(self, x: Any, y: Any, z: Any) -> Any:
        """Return phi."""
        return x * y * z


@attrs.frozen
class _Chain(Connectivity):
    """A ring of odd length with a few chords: three colors."""

    name = "probe-chain"

    def edges(self, layout: UnitLayout) -> Any:
        """Return neighbors on the ring, and units four apart."""
        unit = np.arange(layout.slice(next(iter(layout.sizes))).stop)
        ring = np.stack([unit, (unit + 1) % len(unit)], axis=1)
        return np.concatenate([ring, np.stack([unit[:3], unit[:3] + 4], axis=1)])


def _probe(states: tuple[float, ...]) -> Potential:
    """Return the potential of free spins with these states."""

    @attrs.frozen
    class ProbeSpin(Potential):
        """U = 0."""

        name = "probe-spin"

        def energy(self, x: Any) -> Any:
            """Return U(x)."""
            return 0 * x

    ProbeSpin.states = states
    return ProbeSpin()


def computers(context: Context) -> dict[str, Computer]:
    """Return coupled spins with biases: a ring with chords and three-body terms, and all pairs."""
    states = choices(context.plugin)
    if states is None:
        raise DoesNotApply("the step is no choice of numbers")
    rng = context.rng("spins")
    found = {}
    for name, n, connectivity in (("ring", 9, _Chain()), ("all pairs", SPINS, AllPairs())):
        one = assemble({"spins": n}, _probe(states), connectivity, temperature=KT, mobility=MOBILITY)
        one = one.with_parameters(rng.standard_normal(one.parameters.size) / math.sqrt(n))
        terms = {}
        if name == "ring":
            triples = np.array([[0, 2, 5], [1, 4, 8], [3, 6, 7]])
            terms = {"triples": TupleCouplings(n, triples, rng.standard_normal(3), _Product())}
        found[name] = attrs.evolve(one, biases=0.5 * rng.standard_normal(n), terms=terms)
    return found


def _forces(computer: Computer, x: Array, unit: int) -> Array:
    """Return the force on one unit from differences of energies alone."""
    low, high = x.copy(), x.copy()
    states = next(iter(computer.onsite.potentials.values())).states
    assert states is not None
    low[:, unit], high[:, unit] = states[0], states[-1]
    force: Array = -(computer.energy(high) - computer.energy(low)) / (states[-1] - states[0])
    return force


@check(
    "integrator",
    claim="The step chooses among numbers, by one uniform number that it uses, and one force at the state.",
    needs=("one-formula",),
)
def choice(context: Context) -> Measured:
    """Look at what the formula returns and asks for."""
    found = choice_function(context.plugin)
    s = found.symbols
    states = choices(context.plugin)
    if states is None:
        raise CheckFailed(
            "the step of an integrator that updates by color must be a choice of numbers, the states of a unit: return "
            "sympy.Piecewise((1, s.uniform() < p), (-1, True)), with the probability p"
        )
    used = found.result.free_symbols
    unused = [str(k + 1) for k, one in enumerate([*s.uniforms, *s.noises]) if one not in used]
    if unused:
        raise CheckFailed(
            f"the step draws random number {unused[0]} and does not use it: draw it only where it is used"
        )
    if not (s.uniforms or s.noises):
        raise CheckFailed("the step draws no random number: call s.uniform() once for each that it needs")
    return Measured("random numbers that are not used", 0, 0, 0, detail=f"{len(states)} states")


def _one_uniform(context: Context) -> ChoiceFunction:
    """Return the step as a function, where enumeration covers it."""
    found = choice_function(context.plugin)
    s = found.symbols
    if len(s.uniforms) != 1 or s.noises or [*s.places] != [s.x]:
        raise DoesNotApply("enumeration covers steps of one uniform number and one force at x")
    return found


@check(
    "integrator",
    claim="An update of one unit obeys detailed balance with the Boltzmann weights of its states.",
    needs=("choice",),
)
def update_balance(context: Context) -> Measured:
    """Compare probabilities of both directions, found by bisection in the uniform number, for several forces and kT."""
    step = _one_uniform(context)
    states = choices(context.plugin)
    assert states is not None
    force = np.array([-2.0, -0.6, -0.1, 0.0, 0.25, 0.9, 3.0])
    figures = []
    for kT, (one, other) in itertools.product((KT, 0.3, 2.2), itertools.combinations(states, 2)):
        there = step.probability(other, np.full_like(force, one), force, kT, MOBILITY, DT)
        back = step.probability(one, np.full_like(force, other), force, kT, MOBILITY, DT)
        weight = 1 / (1 + np.exp(-(other - one) * force / kT))  # of the other state, of these two
        error = np.abs((1 - weight) * there - weight * back)
        at = int(np.argmax(error))
        figures.append(
            Measured("difference of the flows", float(error[at]), 0.0, _ROUNDING).require(
                f"the step goes from {one:g} to {other:g} with probability {there[at]:.6g} and back with "
                f"{back[at]:.6g}; their ratio must be exp({other - one:g} F / kT), here "
                f"{weight[at] / (1 - weight[at]):.6g}",
                {"F": float(force[at]), "kT": kT},
            )
        )
        if not (there > 0).all():
            raise CheckFailed(f"the step never goes from {one:g} to {other:g}", {"kT": kT})
    return worst(figures)


@check(
    "integrator",
    claim="A step of all colors leaves the Boltzmann distribution of coupled spins unchanged, exactly.",
    needs=("update-balance",),
)
def step_stationary(context: Context) -> Measured:
    """Multiply the Boltzmann weights of all states of up to ten spins by the transition probabilities of each color."""
    step = _one_uniform(context)
    figures = []
    for name, computer in computers(context).items():
        states = choices(context.plugin)
        assert states is not None
        if len(states) ** computer.n > 2**SPINS:
            raise DoesNotApply(f"{len(states)} states of each unit are too many to enumerate")
        x = np.array(list(itertools.product(states, repeat=computer.n)))
        energy = computer.energy(x)
        weight = np.exp(-(energy - energy.min()) / KT)
        weight /= weight.sum()
        after = weight
        for units in coloring.units_by_color(computer):
            transition = np.ones((len(x), len(x)))
            for unit in range(computer.n):
                if unit in units:
                    force = _forces(computer, x, unit)
                    chances = {s: step.probability(s, x[:, unit], force, KT, MOBILITY, DT) for s in states}
                    transition *= sum((x[:, unit] == s)[None, :] * p[:, None] for s, p in chances.items())
                else:
                    transition *= x[:, unit][:, None] == x[:, unit][None, :]
            after = after @ transition
        error = float(np.abs(after / weight - 1).max())
        figures.append(
            Measured("largest relative change of a probability", error, 0.0, 1e-9, detail=name).require(
                f"after a step the probability of a state of {computer.n} spins ({name}) has changed by {error:.3g} of "
                "itself: units that are updated at once may be coupled",
                {"spins": computer.n},
            )
        )
    return worst(figures)


@check(
    "integrator",
    claim="Every engine makes the updates that the formula says, one color after the other.",
    needs=("choice",),
)
def engine_updates(context: Context) -> Measured:
    """Repeat updates with the formula, the same uniform numbers, and forces from differences of energies."""
    step = _one_uniform(context)
    figures = []
    for (name, computer), precision in itertools.product(computers(context).items(), ("double", "single")):
        states = choices(context.plugin)
        dynamics = Dynamics(computer, context.plugin, dt=DT, precision=precision)
        key, rows, steps = context.key("updates"), 40, 12
        start = context.rng("start").choice(np.asarray(states, dtype=float), (rows, computer.n))
        for engine in context.engines:
            path = record(engine, dynamics, start, steps, key)
            close = wrong = 0
            for k in range(steps):
                x = path[k].astype(np.float64)
                u = uniforms(key, k, np.arange(rows), computer.n, UNIFORM_DRAWS, dynamics.dtype).astype(np.float64)
                for unit in np.concatenate(coloring.units_by_color(computer)):
                    force = _forces(computer, x, unit)
                    after = step(x[:, unit], force, u[:, unit], KT, MOBILITY, DT)
                    # forces in single precision are right to a few units of 1e-7
                    slack = 1e-5 if precision == "single" else 1e-12
                    near = [step(x[:, unit], force, u[:, unit] + d, KT, MOBILITY, DT) for d in (-slack, slack)]
                    doubtful = (near[0] != after) | (near[1] != after)
                    found = path[k + 1][:, unit]
                    close += int(doubtful.sum())
                    wrong += int(((found != after) & ~doubtful).sum())
                    x[:, unit] = found
            detail = f"{engine.name}, {name}, {precision}, {rows * steps * computer.n} updates"
            figures.append(
                Measured("updates that differ", wrong, 0, 0, detail=detail).require(
                    f"{wrong} of {rows * steps * computer.n} updates on the {engine.name} engine differ from the "
                    f"formula ({name}, {precision} precision)",
                    {"engine": engine.name, "precision": precision},
                )
            )
            if close > 10:
                raise CheckFailed(f"{close} updates are decided by rounding: the step jumps where it should not")
    return worst(figures)
