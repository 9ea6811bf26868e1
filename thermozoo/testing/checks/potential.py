"""Checks of a potential's energy itself: finite, confining, continuous."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermozoo.symbolic.defined import evaluable
from thermozoo.symbolic.trace import trace_energy
from thermozoo.testing.author import evaluate
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.exact import Exact
from thermozoo.testing.measured import Measured
from thermozoo.testing.outcomes import CheckFailed
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import corner_values, parameter_values

#: Temperature at which states are drawn [energy].
KT = 0.5

#: Combinations of extreme parameters at which an energy is followed outwards.
_MOST_CORNERS = 81

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
