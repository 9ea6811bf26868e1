"""Checks of a potential's energy itself: finite, confining, continuous."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermozoo.symbolic.trace import trace_energy
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.exact import Exact, breakpoints
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply, Measured
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

    states = st.one_of(
        st.sampled_from([s * m for m in (0.0, 1.0, 0.5, 2.0, 10.0, 0.1, 100.0) for s in (1.0, -1.0)]),
        st.floats(-100.0, 100.0),
    )

    def claim(case: tuple[dict[str, float], float]) -> None:
        values, x = case
        energy = Exact(context.plugin, values).energy(x)
        if not _real_and_finite(energy):
            raise CheckFailed(f"the energy at x = {x:g} is {short(energy)}", {"parameters": values, "x": x})

    cases = st.tuples(parameter_values(context.plugin), states)
    tried = for_all(cases, claim, seed=context.integer("finite"), examples=80)
    return Measured(f"{tried} states")


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
                    f"integrated: {_REMEDY}",
                    {"parameters": dict(values)},
                )
            if not (rises[1] > (1 + 1e-6) * rises[0] and rises[2] > (1 + 1e-6) * rises[1]):
                raise CheckFailed(
                    f"toward x = {'+' if side > 0 else '-'}infinity the energy grows no faster than a "
                    "logarithm, so exp(-U/kT) "
                    "cannot be integrated at every temperature",
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
    return Measured(f"{len(cases)} corners, {tried} draws")


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
                    f"the energy jumps by {short(jump)} at x = {edge:g}: a unit that crosses would need an "
                    "infinite force",
                    {"parameters": values, "x": edge},
                )

    for_all(parameter_values(context.plugin), claim, seed=context.integer("edges"), examples=15)
    if not edges:
        raise DoesNotApply("the energy has no branches")
    return Measured(f"{edges} branch edges")
