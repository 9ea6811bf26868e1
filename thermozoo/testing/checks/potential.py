"""Checks of a potential's formula: finite, confining, its derivatives, its minima."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo.symbolic.derive import PotentialFormulas, potential_formulas
from thermozoo.symbolic.trace import flat_parameters, trace_energy
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.lines import formula_line
from thermozoo.testing.oracle import Exact, UnitOracle, breakpoints, evaluate
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply, Measured
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import corners, parameter_values, with_values

#: Temperature at which states are drawn [energy].
KT = 0.5

_EPSILON = float(np.finfo(np.float64).eps)


@check(
    "potential",
    claim="The energy is a real, finite number at every state and over the whole of the declared bounds.",
    needs=("one-formula",),
)
def finite(context: Context) -> Measured:
    """Evaluate the author's method to 90 digits."""
    from hypothesis import strategies as st

    states = st.one_of(
        st.sampled_from([s * m for m in (0.0, 1.0, 0.5, 2.0, 10.0, 0.1, 100.0) for s in (1.0, -1.0)]),
        st.floats(-100.0, 100.0),
    )

    def claim(case: tuple[dict[str, float], float]) -> None:
        values, x = case
        energy = Exact(context.plugin, values).energy(x)
        if not _real_and_finite(energy):
            raise CheckFailed(f"the energy at x = {x:g} is {_short(energy)}", {"parameters": values, "x": x})

    cases = st.tuples(parameter_values(context.plugin), states)
    tried = for_all(cases, claim, seed=context.integer("finite"), examples=80)
    return Measured(f"{tried} states")


def _real_and_finite(value: Any) -> bool:
    import mpmath

    if isinstance(value, mpmath.mpc):
        return bool(value.imag == 0 and mpmath.isfinite(value.real))
    return bool(mpmath.isfinite(value))


def _short(value: Any) -> str:
    import mpmath

    return str(mpmath.nstr(value, 6))


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
        x, width = _state(context, values, u)
        central, left, right = Exact(context.plugin, values).first(x, width)
        point = {traced.x: x, **{traced.parameters[k]: v for k, v in values.items()}}
        written = evaluate(traced.written_gradient, point)
        if _relative(written, (central, left, right), KT / width) > 1e-15:
            raise CheckFailed(
                f"gradient(x) is {_short(written)} but dU/dx is {_short(central)} at x = {x:g}; written: "
                f"{traced.written_gradient}, derived: {traced.energy.diff(traced.x)}",
                {"parameters": values, "x": x},
                line=formula_line(context.plugin, "gradient"),
            )

    for_all(_cases(context), claim, seed=context.integer("written"), examples=40)
    potential_formulas(context.plugin)  # the symbolic proof; raises FormulaError
    return Measured("proved")


def _cases(context: Context) -> Any:
    from hypothesis import strategies as st

    places = st.one_of(
        st.sampled_from([0.0, 1.0, -1.0, 0.5, -0.5, 0.1, -0.1, 2.0, -2.0, 3.0, -3.0, 5.0, -5.0]),
        st.floats(-5.0, 5.0),
    )
    return st.tuples(parameter_values(context.plugin), places)


def _state(context: Context, values: Mapping[str, float], u: float) -> tuple[float, float]:
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


def _grade(error: float) -> float:
    return math.log10(max(error, _EPSILON) / _EPSILON)


def _point(formulas: PotentialFormulas, values: Mapping[str, float], x: float) -> dict[Any, float]:
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
    slope = evaluate(expression.diff(formulas.x), point)
    scale = abs(exact) + abs(point[formulas.x] * slope) + unit
    return float(abs(got - exact) / scale) if math.isfinite(got) else math.inf


@check(
    "potential",
    claim="The derived force is the derivative of the energy.",
    needs=("one-formula", "finite", "written-gradient"),
)
def force(context: Context) -> Measured:
    """Compare with differences of the author's method in 90 digits; grade the generated code."""
    formulas = potential_formulas(context.plugin)
    worst = 0.0

    def claim(case: tuple[dict[str, float], float]) -> None:
        nonlocal worst
        values, u = case
        x, width = _state(context, values, u)
        exact = Exact(context.plugin, values).first(x, width)
        point = _point(formulas, values, x)
        derived = evaluate(formulas.gradient, point)
        if _relative(derived, exact, KT / width) > 1e-15:
            raise CheckFailed(
                f"the derived gradient {formulas.gradient} is {_short(derived)} at x = {x:g}, but the energy's "
                "slope there is "
                f"{_short(exact[0])}",
                {"parameters": values, "x": x},
            )
        worst = max(worst, _code_error(formulas, formulas.gradient, point, derived, KT / width))

    for_all(_cases(context), claim, seed=context.integer("force"), examples=60)
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
        x, width = _state(context, values, u)
        exact = Exact(context.plugin, values)
        central, left, right = exact.second(x, width)
        point = _point(formulas, values, x)
        derived = evaluate(formulas.curvature, point)
        at_kink = abs(left - right) > 1e-6 * (abs(left) + abs(right)) + 1e-6 * KT / width**2
        if not at_kink and _relative(derived, (central, left, right), KT / width**2) > 1e-12:
            raise CheckFailed(
                f"the derived curvature {formulas.curvature} is {_short(derived)} at x = {x:g}, but the energy "
                "bends by "
                f"{_short(central)}",
                {"parameters": values, "x": x},
            )
        if not at_kink:
            worst = max(worst, _code_error(formulas, formulas.curvature, point, derived, KT / width**2))

    for_all(_cases(context), claim, seed=context.integer("curvature"), examples=40)
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
        x, width = _state(context, values, u)
        point = _point(formulas, values, x)
        exact = Exact(context.plugin, values)
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
                        f"the derived {what}{name} = {expression} is {_short(derived)} at x = {x:g}, "
                        f"numerically {_short(numeric)}",
                        {"parameters": values, "x": x},
                    )
                worst = max(worst, _code_error(formulas, expression, point, derived, scale))

    for_all(_cases(context), claim, seed=context.integer("parameters"), examples=30)
    return Measured(f"grade {_grade(worst):.1f}", _grade(worst))


def _corner_values(context: Context, limit: int = 81) -> list[dict[str, float]]:
    names = [(name, corners(spec)) for name, spec, _ in flat_parameters(context.plugin)]
    product = itertools.product(*(values for _, values in names))
    return [
        dict(zip((n for n, _ in names), combination, strict=True)) for combination in itertools.islice(product, limit)
    ]


@check(
    "potential",
    claim="The energy confines a unit: its Boltzmann weight is integrable over the whole of the declared bounds.",
    needs=("finite",),
)
def confining(context: Context) -> Measured:
    """Follow x dU/dx outwards on both sides: it must stay positive and grow, at every corner of the bounds."""

    def claim(values: Mapping[str, float]) -> None:
        exact = Exact(context.plugin, values)
        for side in (-1.0, 1.0):
            # U(2x) - U(x) = ln 2 times the mean of x dU/dx; constant for a logarithm, which confines only the cold
            rises = [exact.energy(side * 4.0**k * 2) - exact.energy(side * 4.0**k) for k in (10, 20, 30)]
            if not all(_real_and_finite(r) and r > 0 for r in rises):
                raise CheckFailed(
                    f"the energy does not rise toward x = {'+' if side > 0 else '-'}infinity, so exp(-U/kT) cannot be "
                    "integrated: narrow the bounds or add a confining term",
                    {"parameters": dict(values)},
                )
            if not (rises[1] > (1 + 1e-6) * rises[0] and rises[2] > (1 + 1e-6) * rises[1]):
                raise CheckFailed(
                    f"toward x = {'+' if side > 0 else '-'}infinity the energy grows no faster than a "
                    "logarithm, so exp(-U/kT) "
                    "cannot be integrated at every temperature",
                    {"parameters": dict(values)},
                )

    cases = _corner_values(context)
    for values in cases:
        try:
            claim(values)
        except CheckFailed:
            for_all(parameter_values(context.plugin), claim, seed=context.integer("confining"), examples=200)
            raise
    tried = for_all(parameter_values(context.plugin), claim, seed=context.integer("confining"), examples=40)
    return Measured(f"{len(cases)} corners, {tried} draws")


@check(
    "potential",
    claim="The energy has the claimed number of stable states over the whole of the declared bounds.",
    needs=("confining", "force"),
)
def stable_states(context: Context) -> Measured:
    """Count the places where the slope changes from falling to rising, on a grid that is fine near zero."""
    claimed = context.cls.stable_states
    if claimed is None:
        raise DoesNotApply("it claims no number of stable states")

    def claim(values: Mapping[str, float]) -> None:
        found = minima(UnitOracle(with_values(context.plugin, values), KT))
        if len(found) != claimed:
            places = ", ".join(f"{v:.3g}" for v in found[:6]) or "none"
            raise CheckFailed(
                f"{len(found)} stable states (x = {places}), claimed {claimed}", {"parameters": dict(values)}
            )

    claim({name: value for name, _, value in flat_parameters(context.plugin)})
    tried = for_all(parameter_values(context.plugin), claim, seed=context.integer("stable"), examples=60)
    return Measured(f"{claimed} in {tried} draws")


def minima(oracle: UnitOracle) -> list[float]:
    """Return the states at which the energy has a minimum."""
    from scipy.optimize import brentq

    low, high = oracle.interval
    reach = max(abs(low), abs(high))
    near = reach * np.logspace(-9, 0, 2001)
    x = np.unique(np.concatenate([np.linspace(low, high, 8001), near, -near]))
    x = x[(x >= low) & (x <= high)]
    slope = oracle.gradient(x)
    kept = slope != 0.0
    x, slope = x[kept], slope[kept]
    turns = np.flatnonzero((slope[:-1] < 0) & (slope[1:] > 0))
    return [float(brentq(lambda v: float(oracle.gradient(np.asarray(v))), x[k], x[k + 1])) for k in turns]


@check(
    "potential",
    claim="The energy is continuous where its branches meet.",
    needs=("finite",),
)
def continuous(context: Context) -> Measured:
    """Compare both sides of every branch edge in 90 digits."""
    import mpmath

    traced = trace_energy(context.plugin)
    edges = 0

    def claim(values: dict[str, float]) -> None:
        nonlocal edges
        exact = Exact(context.plugin, values)
        numbers = {traced.parameters[k]: v for k, v in values.items()}
        for edge in breakpoints(traced.energy, traced.x, numbers):
            edges += 1
            h = mpmath.mpf(max(abs(edge), 1e-3)) * 1e-12
            left, here, right = (exact.energy(mpmath.mpf(edge) + k * h) for k in (-1, 0, 1))
            jump = max(abs(left - right), abs(here - right))
            if jump > 1e-6 * (abs(left) + abs(right) + 1e-3):
                raise CheckFailed(
                    f"the energy jumps by {_short(jump)} at x = {edge:g}: a unit that crosses would need an "
                    "infinite force",
                    {"parameters": values, "x": edge},
                )

    for_all(parameter_values(context.plugin), claim, seed=context.integer("edges"), examples=15)
    if not edges:
        raise DoesNotApply("the energy has no branches")
    return Measured(f"{edges} branch edges")
