"""Checks of the energy of a coupled tuple itself: finite, its forces, what it is when units are exchanged."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from thermozoo.interfaces.tree import values_of, with_values
from thermozoo.symbolic.interaction import interaction_formulas
from thermozoo.symbolic.lines import undefined_somewhere
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.checks.potential import short
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, apart, worst
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import parameter_values
from thermozoo.testing.tuple_oracle import TupleOracle

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

#: How close a derivative must come to the difference quotient, and generated code to it, in parts of what rounding of
#: the states explains.
_DERIVED, _CODED = 1e-30, 1e3 * float(np.finfo(np.float64).eps)


def cases_of(context: Context) -> SearchStrategy[tuple[dict[str, float], list[float]]]:
    """Return a strategy for parameter values and one state a unit, often alike."""
    from hypothesis import strategies as st

    order = context.plugin.order
    one = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 10.0]), st.floats(-10.0, 10.0).map(_short))
    states = st.one_of(st.lists(one, min_size=order, max_size=order), one.map(lambda v: [v] * order))
    return st.tuples(parameter_values(context.plugin), states)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _is_real(value: Any) -> bool:
    import mpmath

    return isinstance(value, mpmath.mpf) and bool(mpmath.isfinite(value))


@check(
    "interaction",
    claim="The energy of a tuple is a real, finite number that does not jump, over the whole of the declared bounds.",
    needs=("one-formula",),
)
def finite(context: Context) -> Measured:
    """Evaluate the author's method to 90 digits, and look for poles and jumps along lines of states."""

    def claim(case: tuple[dict[str, float], list[float]]) -> None:
        values, states = case
        oracle = TupleOracle(with_values(context.plugin, values))
        energy = oracle.exact(states)
        if not _is_real(energy):
            raise CheckFailed(
                f"the energy of a tuple at {_written(states)} is {short(energy)}",
                {"parameters": values, "states": states},
            )

    def no_jump(values: dict[str, float]) -> None:
        symbols, energy, numbers = TupleOracle(with_values(context.plugin, values)).formula
        order = context.plugin.order
        where = undefined_somewhere(energy, symbols[:order], dict(zip(symbols[order:], numbers, strict=True)))
        if where is not None:
            raise CheckFailed(f"{where}: units that pass would need an infinite force", {"parameters": values})

    no_jump(values_of(context.plugin))
    tried = for_all(cases_of(context), claim, seed=context.integer("finite"), examples=80)
    drawn = for_all(parameter_values(context.plugin), no_jump, seed=context.integer("jumps"), examples=5)
    return Measured("states without a finite energy", 0, 0, 0, detail=f"{tried} states, lines in {drawn} draws")


def _written(states: Any) -> str:
    return f"({', '.join(f'{s:g}' for s in states)})"


@check(
    "interaction",
    claim="The derived forces are the derivatives of the energy, and so is the code that is generated from them.",
    needs=("finite",),
)
def derivatives(context: Context) -> Measured:
    """Compare with central differences in 90 digits, away from the states where the force jumps."""
    import mpmath

    formulas = interaction_formulas(context.plugin)
    found: list[Measured] = []
    edges = 0

    def claim(case: tuple[dict[str, float], list[float]]) -> None:
        nonlocal edges
        values, states = case
        plugin = with_values(context.plugin, values)
        oracle = TupleOracle(plugin)
        bound = formulas.bind(values)
        code = bound.function("tuple", formulas.states, *formulas.gradients)
        arrays = [np.array([s]) for s in states]
        for place, (gradient, coded) in enumerate(zip(formulas.gradients, code(*arrays), strict=True)):
            slope = oracle.exact_slope(states, place)
            if not _smooth(oracle, states, place, slope):
                edges += 1
                continue  # a kink: the force is that of either side
            what, case_shown = f"force on unit {place}", {"parameters": values, "states": states}
            point = {**bound.numbers, **dict(zip(formulas.states, states, strict=True))}
            exact = TupleOracle.evaluated(gradient, point)
            with mpmath.workdps(90):
                gap = float(abs(exact - slope) / (1 + abs(slope))) if _is_real(exact) else math.inf
            found.append(
                Measured(f"relative error of the {what}", gap, 0.0, _DERIVED).require(
                    f"the derived derivative by state {place} = {gradient} is {short(exact)} at {_written(states)}, "
                    f"differences of the energy give {short(slope)}",
                    case_shown,
                )
            )
            size = 1 + abs(float(slope)) + _conditioning(oracle, states, place, float(slope))
            error = abs(float(coded[0]) - float(slope)) / size if math.isfinite(coded[0]) else math.inf
            got, expected = apart(float(coded[0]), float(slope), 6)
            found.append(
                Measured(f"relative error of the code of the {what}", error, 0.0, _CODED).require(
                    f"the generated code of the derivative by state {place} gives {got} at {_written(states)}, "
                    f"differences of the energy give {expected}",
                    case_shown,
                )
            )

    tried = for_all(cases_of(context), claim, seed=context.integer("derivatives"), examples=60)
    chosen = worst(found)
    notes = (f"the force jumps at {edges} of the states that were tried: it is that of either side",) if edges else ()
    return Measured(chosen.what, chosen.value, chosen.expected, chosen.tolerance, detail=f"{tried} states", notes=notes)


def _smooth(oracle: TupleOracle, states: list[float], place: int, slope: Any) -> bool:
    """Whether the difference quotients to both sides of a state agree."""
    import mpmath

    with mpmath.workdps(90):
        here, step = oracle.exact(states), mpmath.mpf("1e-25")
        moved = [mpmath.mpf(s) for s in states]
        moved[place] += step
        right = (oracle.exact(moved) - here) / step
        return bool(abs(right - slope) <= mpmath.mpf("1e-10") * (1 + abs(slope)))


def _conditioning(oracle: TupleOracle, states: list[float], place: int, slope: float) -> float:
    """Return by how much a slope changes when each state moves by its own size, from small differences."""
    total = 0.0
    for other, state in enumerate(states):
        moved = list(states)
        moved[other] = state + 1e-6 * max(1.0, abs(state))
        total += 1e6 * abs(float(oracle.exact_slope(moved, place)) - slope)
    return total


@check(
    "interaction",
    claim="Where it is claimed that the units of a tuple may be exchanged, they may; where it is denied, they may not.",
    needs=("finite",),
)
def exchange(context: Context) -> Measured:
    """Compare the energy with that of every order of the units, in 90 digits."""
    claimed, order = context.plugin.symmetric, context.plugin.order
    largest = 0.0
    worst_case: dict[str, Any] = {}

    def look(case: tuple[dict[str, float], list[float]]) -> None:
        nonlocal largest, worst_case
        values, states = case
        oracle = TupleOracle(with_values(context.plugin, values))
        here = oracle.exact(states)
        # neighbors that change places make up every order
        for one, other in itertools.pairwise(range(order)):
            exchanged = list(states)
            exchanged[one], exchanged[other] = states[other], states[one]
            gap = float(abs(oracle.exact(exchanged) - here) / (1 + abs(here)))
            if gap > largest:
                largest, worst_case = gap, {"parameters": values, "states": states, "exchanged": (one, other)}

    for_all(cases_of(context), look, seed=context.integer("exchange"), examples=60)
    alike = largest <= 1e-60
    found = Measured("relative change of the energy when units are exchanged", largest, 0.0, 1e-60)
    if claimed and not alike:
        found.require(
            f"symmetric = True, but the energy changes when units {worst_case['exchanged']} of a tuple are exchanged: "
            "leave the claim out, or write an energy that does not",
            worst_case,
        )
    if claimed is False and alike:
        raise CheckFailed("symmetric = False, but no exchange of units changes the energy: claim symmetric = True")
    if alike != interaction_formulas(context.plugin).symmetric:
        raise CheckFailed(
            f"the units {'may' if alike else 'may not'} be exchanged, but symbolically the opposite is found: write "
            "the energy so that sympy sees it"
        )
    if alike and claimed is None:
        return Measured(
            found.what, largest, 0.0, 1e-60, notes=("the units may be exchanged: claim it with symmetric = True",)
        )
    if not alike:
        raise DoesNotApply("it is not claimed, and the units may not be exchanged: the order of a tuple counts")
    return found
