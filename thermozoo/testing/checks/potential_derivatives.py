"""Checks of what is derived from a potential: force, curvature, derivatives by each parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo.symbolic.derive import PotentialFormulas, potential_formulas
from thermozoo.symbolic.trace import trace_energy
from thermozoo.testing.checks.potential import KT, short
from thermozoo.testing.context import Context
from thermozoo.testing.exact import Exact, away_from_jumps, evaluate
from thermozoo.testing.lines import formula_line
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply, Measured
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import parameter_values, with_values

_EPSILON = float(np.finfo(np.float64).eps)


def cases_of(context: Context) -> Any:
    """Return a strategy for parameter values and a state in Boltzmann widths from the mean."""
    from hypothesis import strategies as st

    places = st.one_of(
        st.sampled_from([0.0, 1.0, -1.0, 0.5, -0.5, 0.1, -0.1, 2.0, -2.0, 3.0, -3.0, 5.0, -5.0]),
        st.floats(-5.0, 5.0),
    )
    return st.tuples(parameter_values(context.plugin), places)


def state_at(context: Context, values: Mapping[str, float], u: float) -> tuple[float, float]:
    """Return the state `u` Boltzmann widths from the mean, as a short decimal number, and the width."""
    try:
        oracle = UnitOracle(with_values(context.plugin, values), KT)
        center, width = oracle.center, oracle.width
    except (CheckFailed, ArithmeticError, ValueError, IndexError):
        center, width = 0.0, 1.0  # whether it confines is another check's business
    if not (math.isfinite(center) and width > 0):
        center, width = 0.0, 1.0
    return float(f"{center + u * width:.3g}"), width


def _relative(value: Any, candidates: tuple[Any, ...], unit: float) -> float:
    """Return the smallest error of `value` against the candidates (at a kink, one side is enough)."""
    errors = [abs(value - c) / (abs(c) + 1e-5 * abs(unit)) for c in candidates]
    good = [float(e) for e in errors if e == e]
    return min(good) if good else math.inf


def _bends(second: tuple[Any, Any, Any], unit: float) -> bool:
    """Whether central, left and right second differences disagree, as they do at a kink."""
    size = sum(map(abs, second))
    return bool(max(second) - min(second) > 1e-6 * (size + unit))


def _grade(error: float) -> float:
    return math.log10(max(error, _EPSILON) / _EPSILON)


def point_of(formulas: PotentialFormulas, values: Mapping[str, float], x: float) -> dict[Any, float]:
    """Return the number of each symbol of the formulas."""
    return {formulas.x: x, **{formulas.parameters[k]: v for k, v in values.items()}}


def _code_error(
    formulas: PotentialFormulas, expression: Any, point: Mapping[Any, float], exact: Any, unit: float
) -> float:
    """Return the relative error of the generated code.

    Its scale is the value, its conditioning in x, and a unit (kT over width or parameter): near a zero of the
    expression an error that is small beside all that a unit ever feels is no error.
    """
    from thermozoo.symbolic.codegen import array_function

    symbols = list(point)
    try:
        function = array_function("graded", symbols, [expression], formulas.x)
    except TypeError:
        return 0.0  # a function without code: the check of generated code says so
    got = float(function(*(np.array([point[s]]) for s in symbols))[0][0])
    slope = evaluate(away_from_jumps(expression.diff(formulas.x)), point)
    scale = abs(exact) + abs(point[formulas.x] * slope) + unit
    return float(abs(got - exact) / scale) if math.isfinite(got) else math.inf


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
        x, width = state_at(context, values, u)
        central, left, right = Exact(context.plugin, values).first(x, width)
        point = {traced.x: x, **{traced.parameters[k]: v for k, v in values.items()}}
        written = evaluate(traced.written_gradient, point)
        if _relative(written, (central, left, right), KT / width) > 1e-15:
            raise CheckFailed(
                f"gradient(x) is {short(written)} but dU/dx is {short(central)} at x = {x:g}; written: "
                f"{traced.written_gradient}, derived: {traced.energy.diff(traced.x)}",
                {"parameters": values, "x": x},
                line=formula_line(context.plugin, "gradient"),
            )

    for_all(cases_of(context), claim, seed=context.integer("written"), examples=40)
    potential_formulas(context.plugin)  # the symbolic proof; raises FormulaError
    return Measured("proved")


@check(
    "potential",
    claim="The derived force is the derivative of the energy.",
    needs=("one-formula", "finite", "continuous", "written-gradient"),
)
def force(context: Context) -> Measured:
    """Compare with differences of the author's method in 90 digits; grade the generated code."""
    formulas = potential_formulas(context.plugin)
    worst = 0.0

    def claim(case: tuple[dict[str, float], float]) -> None:
        nonlocal worst
        values, u = case
        x, width = state_at(context, values, u)
        exact = Exact(context.plugin, values).first(x, width)
        point = point_of(formulas, values, x)
        derived = evaluate(formulas.gradient, point)
        if _relative(derived, exact, KT / width) > 1e-15:
            raise CheckFailed(
                f"the derived gradient {formulas.gradient} is {short(derived)} at x = {x:g}, but the energy's "
                "slope there is "
                f"{short(exact[0])}",
                {"parameters": values, "x": x},
            )
        worst = max(worst, _code_error(formulas, formulas.gradient, point, derived, KT / width))

    for_all(cases_of(context), claim, seed=context.integer("force"), examples=60)
    return Measured(f"grade {_grade(worst):.1f}", _grade(worst))


@check(
    "potential",
    claim="The derived curvature is the second derivative of the energy.",
    needs=("force",),
)
def curvature(context: Context) -> Measured:
    """Compare with second differences in 90 digits."""
    formulas = potential_formulas(context.plugin)
    worst = 0.0

    def claim(case: tuple[dict[str, float], float]) -> None:
        nonlocal worst
        values, u = case
        x, width = state_at(context, values, u)
        exact = Exact(context.plugin, values)
        central, left, right = exact.second(x, width)
        point = point_of(formulas, values, x)
        derived = evaluate(formulas.curvature, point)
        at_kink = _bends((central, left, right), KT / width**2)
        if not at_kink and _relative(derived, (central, left, right), KT / width**2) > 1e-12:
            raise CheckFailed(
                f"the derived curvature {formulas.curvature} is {short(derived)} at x = {x:g}, but the energy "
                "bends by "
                f"{short(central)}",
                {"parameters": values, "x": x},
            )
        if not at_kink:
            worst = max(worst, _code_error(formulas, formulas.curvature, point, derived, KT / width**2))

    for_all(cases_of(context), claim, seed=context.integer("curvature"), examples=40)
    return Measured(f"grade {_grade(worst):.1f}", _grade(worst))


@check(
    "potential",
    claim="The derived derivatives by each parameter, of energy and of force, are right.",
    needs=("force",),
)
def parameter_derivatives(context: Context) -> Measured:
    """Compare with differences in the parameter in 90 digits."""
    formulas = potential_formulas(context.plugin)
    if not formulas.parameters:
        raise DoesNotApply("it has no parameters")
    worst = 0.0

    def claim(case: tuple[dict[str, float], float]) -> None:
        nonlocal worst
        values, u = case
        x, width = state_at(context, values, u)
        point = point_of(formulas, values, x)
        exact = Exact(context.plugin, values)
        if _bends(exact.second(x, width), KT / width**2):
            return  # differences across a kink are no derivative
        for name in formulas.parameters:
            pairs = zip(
                ("dU/d", "d2U/dx d"),
                (formulas.energy_by_parameter[name], formulas.gradient_by_parameter[name]),
                exact.by_parameter(x, name, width),
                (KT, KT / width),
                strict=True,
            )
            for what, expression, numeric, unit in pairs:
                derived = evaluate(expression, point)
                scale = unit / max(abs(values[name]), 1e-3)
                if _relative(derived, (numeric,), scale) > 1e-12:
                    raise CheckFailed(
                        f"the derived {what}{name} = {expression} is {short(derived)} at x = {x:g}, "
                        f"numerically {short(numeric)}",
                        {"parameters": values, "x": x},
                    )
                worst = max(worst, _code_error(formulas, expression, point, derived, scale))

    for_all(cases_of(context), claim, seed=context.integer("parameters"), examples=30)
    return Measured(f"grade {_grade(worst):.1f}", _grade(worst))
