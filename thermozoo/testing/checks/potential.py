"""Checks of a potential's energy itself: finite, confining or on a circle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from thermozoo.symbolic.defined import evaluable
from thermozoo.symbolic.derive import potential_formulas
from thermozoo.symbolic.trace import trace_energy
from thermozoo.testing.author import evaluate
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.exact import Exact
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import corner_values, parameter_values

#: Temperature at which states are drawn [energy].
KT = 0.5

#: Combinations of extreme parameters at which an energy is followed outwards.
_MOST_CORNERS = 81

#: By how much what a turn adds to the energy may differ between states, in parts of the energies; for a circumference
#: that is a rounded number it is far less.
_TURN = 1e-12

#: How a promise that the bounds make too large is made smaller.
_REMEDY = (
    "narrow the bounds, add a confining term or, where it takes several parameters together, state their relation in "
    "constraints(), such as return [abs(self.f) < self.k]"
)


@check(
    "potential",
    claim="The energy is a real, finite number at every state and over the whole of the declared bounds.",
    needs=("one-formula",),
)
def finite(context: Context) -> Measured:
    """Evaluate the author's method to 90 digits."""
    from hypothesis import strategies as st

    traced = trace_energy(context.plugin)
    computed = evaluable(traced.energy, traced.x)  # which a run computes with
    states = st.one_of(
        st.sampled_from([s * m for m in (0.0, 1.0, 0.5, 2.0, 10.0, 0.1, 100.0) for s in (1.0, -1.0)]),
        st.floats(-100.0, 100.0),
    )

    def claim(case: tuple[dict[str, float], float]) -> None:
        values, x = case
        energy = Exact(context.plugin, values).energy(x)
        if not _real_and_finite(energy):
            raise CheckFailed(f"the energy at x = {x:g} is {short(energy)}", {"parameters": values, "x": x})
        point = {traced.x: x, **{traced.parameters[k]: v for k, v in values.items()}}
        if not _real_and_finite(evaluate(computed, point)):
            raise CheckFailed(
                f"the formula is 0/0 at x = {x:g}, though the energy tends to {short(energy)} there: write it so that "
                "it has a value, with sympy.Piecewise for the one state if need be",
                {"parameters": values, "x": x},
            )

    cases = st.tuples(parameter_values(context.plugin), states)
    tried = for_all(cases, claim, seed=context.integer("finite"), examples=80)
    return Measured("states without a finite energy", 0, 0, 0, detail=f"{tried} states")


def short_apart(left: Any, right: Any, digits: int = 6) -> tuple[str, str]:
    """Return two exact numbers with as many digits as tell them apart."""
    import mpmath

    difference = left - right
    for count in range(digits, 40):
        written = str(mpmath.nstr(left, count)), str(mpmath.nstr(right, count))
        shown = mpmath.mpmathify(written[0]) - mpmath.mpmathify(written[1])
        if not abs(shown - difference) > 0.1 * abs(difference):  # not-a-number shows in any number of digits
            break
    return written


def _real_and_finite(value: Any) -> bool:
    import mpmath

    if isinstance(value, mpmath.mpc):
        return bool(value.imag == 0 and mpmath.isfinite(value.real))
    return bool(mpmath.isfinite(value))


def short(value: Any) -> str:
    """Return an exact number with six digits, for a message."""
    import mpmath

    return str(mpmath.nstr(value, 6))


@check(
    "potential",
    claim="The energy confines a unit: its Boltzmann weight is integrable over the whole of the declared bounds.",
    needs=("finite",),
    concerns=lambda cls: cls.states is None,
)
def confining(context: Context) -> Measured:
    """Follow x dU/dx outwards on both sides: it must stay positive and grow, at every corner of the bounds."""
    if context.cls.period is not None:
        raise DoesNotApply("its states live on a circle, where there is no infinity to be kept from")

    def claim(values: Mapping[str, float]) -> None:
        exact = Exact(context.plugin, values)
        for side in (-1.0, 1.0):
            # U(2x) - U(x) = ln 2 times the mean of x dU/dx; constant for a logarithm, which confines only the cold
            rises = [exact.energy(side * 4.0**k * 2) - exact.energy(side * 4.0**k) for k in (30, 40, 50)]
            if not all(_real_and_finite(r) and r > 0 for r in rises):
                raise CheckFailed(
                    f"the energy does not rise toward x = {'+' if side > 0 else '-'}infinity, so exp(-U/kT) cannot be "
                    f"integrated: {_REMEDY}",
                    {"parameters": dict(values)},
                )
            if not (rises[1] > (1 + 1e-6) * rises[0] and rises[2] > (1 + 1e-6) * rises[1]):
                raise CheckFailed(
                    f"toward x = {'+' if side > 0 else '-'}infinity the energy grows no faster than a "
                    "logarithm, so exp(-U/kT) cannot be integrated at every temperature",
                    {"parameters": dict(values)},
                )

    cases = corner_values(context.plugin, _MOST_CORNERS)
    for values in cases:
        try:
            claim(values)
        except CheckFailed:
            for_all(parameter_values(context.plugin), claim, seed=context.integer("confining"), examples=200)
            raise
    tried = for_all(parameter_values(context.plugin), claim, seed=context.integer("confining"), examples=40)
    return Measured("draws that do not confine", 0, 0, 0, detail=f"{len(cases)} corners, {tried} draws")


@check(
    "potential",
    claim="On a circle, one turn leaves the force as it is, over the whole of the declared bounds; what it adds to the "
    "energy is as derived, and named where it is not zero.",
    needs=("finite",),
    concerns=lambda cls: cls.states is None,
)
def circle(context: Context) -> Measured:
    """Compare the energy after a turn with that before at pairs of states, to 90 digits: all must differ alike."""
    from hypothesis import strategies as st

    period = context.cls.period
    if period is None:
        raise DoesNotApply("its states live on a line")
    largest = 0.0

    def climb(exact: Exact, x: float) -> tuple[Any, Any]:
        before, after = exact.energy(x), exact.energy(x + _exactly(period))
        return after - before, abs(before) + abs(after)

    def claim(case: tuple[dict[str, float], float, float]) -> None:
        nonlocal largest
        values, x, other = case
        exact = Exact(context.plugin, values)
        (here, size), (there, other_size) = climb(exact, x), climb(exact, other)
        gap = float(abs(here - there) / (size + other_size + KT))
        largest = max(largest, gap)
        left, right = short_apart(here, there)
        Measured("relative difference of turns", gap, 0.0, _TURN).require(
            f"one turn, x + {period:.6g}, adds {left} to the energy at x = {x:g} and {right} at x = {other:g}: the "
            "force is not the same after it, so that states do not live on this circle",
            {"parameters": values, "x": x},
        )

    states = st.floats(-2.0, 2.0).map(lambda turns: float(f"{turns * period:.3g}"))
    cases = st.tuples(parameter_values(context.plugin), states, states)
    tried = for_all(cases, claim, seed=context.integer("circle"), examples=60)
    derived = potential_formulas(context.plugin)

    def as_derived(values: dict[str, float]) -> None:
        found, size = climb(Exact(context.plugin, values), 0.25 * period)
        point = {derived.parameters[name]: value for name, value in values.items()}
        expected = evaluate(derived.climb, point)
        Measured("relative error of a turn", float(abs(found - expected) / (size + KT)), 0.0, _TURN).require(
            f"one turn adds {short(found)} to the energy, {derived.climb} was derived", {"parameters": values}
        )

    for_all(parameter_values(context.plugin), as_derived, seed=context.integer("turn"), examples=20)
    note = (
        f"a turn changes the energy by {derived.climb}: where that is not zero a current flows, there is no Boltzmann "
        "weight, and what needs one refuses it: averages by quadrature, training, equilibrium"
    )
    notes = (note,) * (derived.climb != 0)
    return Measured("relative difference of turns", largest, 0.0, _TURN, detail=f"{tried} pairs of states", notes=notes)


def _exactly(period: float) -> Any:
    """Return a circumference that is a fraction of pi to rounding as one in many digits, any other as it is."""
    import mpmath

    turns = Fraction(period / math.pi).limit_denominator(1000)
    exact = mpmath.pi * turns.numerator / turns.denominator
    return exact if abs(exact - period) < 4 * math.ulp(period) else mpmath.mpf(period)
