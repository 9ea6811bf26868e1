"""Checks of what is derived from a potential: force, curvature, derivatives by each parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from thermozoo.interfaces.tree import with_values
from thermozoo.symbolic.codegen import array_function
from thermozoo.symbolic.derive import PotentialFormulas, potential_formulas
from thermozoo.symbolic.trace import trace_energy
from thermozoo.testing.author import evaluate
from thermozoo.testing.checks.potential import KT, short, short_apart
from thermozoo.testing.context import Context
from thermozoo.testing.exact import Exact, Sides
from thermozoo.testing.grades import code_error, graded
from thermozoo.testing.lines import formula_line
from thermozoo.testing.measured import Measured
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import parameter_values

#: How close a derived derivative must come to the differences, beyond their own error, in parts of the value or a unit.
_FIRST, _SECOND = 1e-15, 1e-12


def cases_of(context: Context) -> Any:
    """Return a strategy for parameter values and a state in Boltzmann widths from the mean."""
    from hypothesis import strategies as st

    places = st.one_of(
        st.sampled_from([0.0, 1.0, -1.0, 0.5, -0.5, 0.1, -0.1, 2.0, -2.0, 3.0, -3.0, 5.0, -5.0]),
        st.floats(-5.0, 5.0),
    )
    return st.tuples(parameter_values(context.plugin), places)


@attrs.frozen
class Place:
    """A state and what errors there are weighed with.

    Parameters
    ----------
    x, width : float
        The state, and the standard deviation of a unit's state at equilibrium.
    floor : float
        The lowest energy.
    exact : Exact
        The potential in many digits.
    """

    x: float
    width: float
    floor: float
    exact: Exact

    def excess(self, x: float) -> float:
        """Return the energy of a state above the lowest, in units of kT."""
        energy = self.exact.energy(x)
        return float((energy - self.floor) / KT) if energy == energy else 0.0


def place_at(context: Context, values: Mapping[str, float], u: float) -> Place:
    """Return the state `u` Boltzmann widths from the mean, as a short decimal number."""
    plugin = with_values(context.plugin, values)
    exact = Exact(plugin, values)
    try:
        oracle = UnitOracle(plugin, KT)
        center, width, floor = oracle.center, oracle.width, float(np.nanmin(oracle.energy(oracle.grid())))
    except (CheckFailed, ArithmeticError, ValueError, IndexError):
        center, width, floor = 0.0, 1.0, 0.0  # whether it confines is another check's business
    if not (math.isfinite(center) and width > 0):
        center, width, floor = 0.0, 1.0, 0.0
    return Place(float(f"{center + u * width:.3g}"), width, floor, exact)


def point_of(formulas: PotentialFormulas, values: Mapping[str, float], x: float) -> dict[Any, float]:
    """Return the number of each symbol of the formulas, in the order of their generated code."""
    return {formulas.x: x, **{symbol: values[name] for name, symbol in formulas.parameters.items()}}


def coded(formulas: PotentialFormulas, expression: Any) -> Any:
    """Return generated code of an expression; None where there is none, which the check of generated code says."""
    try:
        return array_function("graded", [formulas.x, *formulas.parameters.values()], [expression], formulas.x)
    except TypeError:
        return None


class _Compared:
    """A derived expression compared with one-sided differences, and its generated code graded."""

    def __init__(self, formulas: PotentialFormulas) -> None:
        self.formulas = formulas
        self.grades: list[Measured] = []
        self.without: dict[float, None] = {}

    def __call__(
        self,
        what: str,
        expression: Any,
        place: Place,
        values: Mapping[str, float],
        sides: Sides,
        unit: float,
        to: float,
    ) -> None:
        """Compare at one state; where the differences settle to nothing there is no derivative, and that is noted."""
        case = {"parameters": dict(values), "x": place.x}
        if not sides.settled(unit):
            if place.x == 0 or abs(place.x) > 1e-20 * place.width:  # else the step reaches an edge at zero
                self.without[place.x] = None
            return
        point = point_of(self.formulas, values, place.x)
        derived = evaluate(expression, point)
        gap = sides.gap(derived, unit)
        if not gap <= to:  # an edge may be nearer than the step of the differences
            beside = (place.exact.beside(place.x, place.width, side) for side in (-1, 1))
            gap = min(gap, *(sides.gap(evaluate(expression, {**point, self.formulas.x: x}), unit) for x in beside))
        if not gap <= to:
            found, expected = short_apart(derived, sides.low)
            span = f" to {short(sides.high)}" if sides.edge(unit) else ""
            raise CheckFailed(
                f"the derived {what} = {expression} is {found} at x = {place.x:g}, differences of the energy give "
                f"{expected}{span}, to within {short(sides.error + to * abs(unit))}",
                case,
                measured=Measured(f"relative error of {what}", gap, 0.0, to),
            )
        function = coded(self.formulas, expression)
        if function is None:
            return
        error = code_error(function, expression, point, self.formulas.x, unit, place.excess(place.x), place.width)
        if error is None:
            return
        error.measured.require(f"the generated code for {what} {error.differs} at x = {place.x:g}: {error.cause}", case)
        self.grades.append(error.measured)

    def measured(self, what: str, cases: int) -> Measured:
        """Return the worst grade, with the states that have no derivative."""
        result = graded(self.grades, f"{cases} states")
        if not self.without:
            return result
        states = ", ".join(f"{x:g}" for x in list(self.without)[:3])
        return attrs.evolve(result, notes=(f"there is no finite {what} at x = {states}: differences do not settle",))


@check(
    "potential",
    claim="A gradient that the author wrote is the derivative of the energy.",
    needs=("one-formula",),
)
def written_gradient(context: Context) -> Measured:
    """Prove it symbolically, then compare with differences of the energy in 90 digits."""
    traced = trace_energy(context.plugin)
    if traced.written_gradient is None:
        raise DoesNotApply("the gradient is derived from the energy")

    def claim(case: tuple[dict[str, float], float]) -> None:
        values, u = case
        place = place_at(context, values, u)
        sides = place.exact.first(place.x, place.width)
        point = {traced.x: place.x, **{traced.parameters[k]: v for k, v in values.items()}}
        written = evaluate(traced.written_gradient, point)
        unit = KT / place.width
        if sides.settled(unit) and not sides.gap(written, unit) <= _FIRST:
            raise CheckFailed(
                f"gradient(x) is {short(written)} but dU/dx is {short(sides.low)} at x = {place.x:g}; written: "
                f"{traced.written_gradient}, derived: {traced.energy.diff(traced.x)}",
                {"parameters": values, "x": place.x},
                line=formula_line(context.plugin, "gradient"),
                measured=Measured("relative error of the gradient", sides.gap(written, unit), 0.0, _FIRST),
            )

    tried = for_all(cases_of(context), claim, seed=context.integer("written"), examples=40)
    potential_formulas(context.plugin)  # the symbolic proof; raises FormulaError
    return Measured("states that differ", 0, 0, 0, detail=f"{tried} states, and proved symbolically")


@check(
    "potential",
    claim="The derived force is the derivative of the energy.",
    needs=("one-formula", "finite", "circle", "continuous", "written-gradient"),
)
def force(context: Context) -> Measured:
    """Compare with one-sided differences in 90 digits; grade the generated code."""
    formulas = potential_formulas(context.plugin)
    compared = _Compared(formulas)

    def claim(case: tuple[dict[str, float], float]) -> None:
        values, u = case
        place = place_at(context, values, u)
        sides = place.exact.first(place.x, place.width)
        compared("gradient", formulas.gradient, place, values, sides, KT / place.width, _FIRST)

    tried = for_all(cases_of(context), claim, seed=context.integer("force"), examples=60)
    return compared.measured("force", tried)


@check(
    "potential",
    claim="The derived curvature is the second derivative of the energy; where the force bends, that of either side.",
    needs=("force",),
)
def curvature(context: Context) -> Measured:
    """Compare with one-sided second differences in 90 digits."""
    formulas = potential_formulas(context.plugin)
    compared = _Compared(formulas)

    def claim(case: tuple[dict[str, float], float]) -> None:
        values, u = case
        place = place_at(context, values, u)
        if place.exact.first(place.x, place.width).edge(KT / place.width):
            return  # the force jumps: there is no curvature at this one state
        sides = place.exact.second(place.x, place.width)
        compared("curvature", formulas.curvature, place, values, sides, KT / place.width**2, _SECOND)

    tried = for_all(cases_of(context), claim, seed=context.integer("curvature"), examples=40)
    return compared.measured("curvature", tried)


@check(
    "potential",
    claim="The derived derivatives by each parameter, of energy and of force, are right; on a cusp, those of either "
    "side.",
    needs=("force",),
)
def parameter_derivatives(context: Context) -> Measured:
    """Compare with differences in the parameter, to both of its sides, in 90 digits."""
    formulas = potential_formulas(context.plugin)
    if not formulas.parameters:
        raise DoesNotApply("it has no parameters")
    compared = _Compared(formulas)

    def claim(case: tuple[dict[str, float], float]) -> None:
        values, u = case
        place = place_at(context, values, u)
        on_a_cusp = place.exact.first(place.x, place.width).edge(KT / place.width)
        for name in formulas.parameters:
            slopes, mixed = place.exact.by_parameter(place.x, name, place.width)
            unit = KT / max(abs(values[name]), 1e-3)
            compared(f"dU/d{name}", formulas.energy_by_parameter[name], place, values, slopes, unit, _SECOND)
            if not on_a_cusp:  # which moves with the parameter: differences across it are no derivative
                what, expression = f"d2U/dx d{name}", formulas.gradient_by_parameter[name]
                compared(what, expression, place, values, mixed, unit / place.width, _SECOND)

    tried = for_all(cases_of(context), claim, seed=context.integer("parameters"), examples=30)
    return compared.measured("derivative by a parameter", tried)
