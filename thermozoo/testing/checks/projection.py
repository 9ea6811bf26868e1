"""Checks of an energy of projections itself: finite however large, its forces, what the order of patterns does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.layout import Layout
from thermozoo.computer.terms import ProjectionTerm, project
from thermozoo.interfaces.tree import with_values
from thermozoo.testing.checks.common import one_formula  # noqa: F401 - registers the shared checks first
from thermozoo.testing.checks.potential import short
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, apart, worst
from thermozoo.testing.outcomes import CheckFailed
from thermozoo.testing.projection_oracle import ProjectionOracle
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import parameter_values

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["PATTERNS", "WEIGHTS", "memory_of"]

Array = npt.NDArray[np.floating[Any]]

#: Patterns of two units and their weights. Every number has few bits: projections of states that have few are exact.
PATTERNS = np.array([[1.0, 0.5], [-0.75, 1.0], [0.25, -1.25]])
WEIGHTS = np.array([1.0, 0.5, 2.0])

#: How close the code must come to many digits, in parts of what rounding of projections and parameters explains.
_CODED = 1e3 * float(np.finfo(np.float64).eps)

#: Energies and forces above this are no numbers in double precision, whatever computes them.
_LARGEST = 1e290


def memory_of(plugin: Any) -> ProjectionTerm:
    """Return the term of the energy of two units that the checks look at."""
    return project(plugin, Layout({"units": 2}), PATTERNS, weights=WEIGHTS)


def cases_of(context: Context) -> SearchStrategy[tuple[dict[str, float], list[float]]]:
    """Return a strategy for parameter values and the states of two units, of every size."""
    from hypothesis import strategies as st

    one = st.one_of(
        st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 10.0, 1000.0]),
        st.integers(-80, 80).map(lambda v: v / 8),
        st.integers(-2000, 2000).map(lambda v: v / 4),
    )
    return st.tuples(parameter_values(context.plugin), st.lists(one, min_size=2, max_size=2))


def _is_real(value: Any) -> bool:
    import mpmath

    return isinstance(value, mpmath.mpf) and bool(mpmath.isfinite(value))


def _sensitivity(values: list[Any], moved: list[list[Any]]) -> float:
    """Return by how much numbers change when each of several others moves by its own size, from small changes."""
    return float(sum(abs(b - a) for one in moved for a, b in zip(values, one, strict=True))) * 1e6


def _nudged(z: list[float]) -> list[list[float]]:
    """Return projections each of which moved in turn by a millionth of its size."""
    return [[v * (1 + 1e-6) if j == k else v for j, v in enumerate(z)] for k in range(len(z))]


@check(
    "projection",
    claim="The energy is computed without overflow: it is that of the formula in many digits, however large "
    "projections are, over the whole of the declared bounds.",
    needs=("one-formula",),
)
def finite(context: Context) -> Measured:
    """Compare the term of a computer with the author's method, its sums written out, in 90 digits."""
    import mpmath

    found: list[Measured] = []

    def claim(case: tuple[dict[str, float], list[float]]) -> None:
        values, states = case
        plugin = with_values(context.plugin, values)
        oracle = ProjectionOracle(plugin, len(PATTERNS))
        z = (PATTERNS @ states).tolist()
        exact = oracle.exact(z, WEIGHTS)
        shown = {"parameters": values, "states": states}
        if not _is_real(exact):
            raise CheckFailed(f"the energy of two units at {states} is {short(exact)}", shown)
        if abs(exact) > _LARGEST:
            return
        got = float(memory_of(plugin).energy(np.array(states)))
        moved = [[oracle.exact(one, WEIGHTS)] for one in _nudged(z)]
        with mpmath.workdps(90):
            size = 1 + abs(float(exact)) + _sensitivity([exact], moved)
            error = float(abs(mpmath.mpf(got) - exact)) / size if math.isfinite(got) else math.inf
        found.append(
            Measured("relative error of the energy", error, 0.0, _CODED).require(
                f"the energy of two units at {states} is {short(exact)}, and what computes it gives {got:g}: write it "
                "without differences of large numbers, and exponentials as s.sum(exp(...)) alone",
                shown,
            )
        )

    tried = for_all(cases_of(context), claim, seed=context.integer("finite"), examples=80)
    return attrs.evolve(worst(found), detail=f"{tried} states")


@check(
    "projection",
    claim="The derived forces are the derivatives of the energy, without overflow either.",
    needs=("finite",),
)
def derivatives(context: Context) -> Measured:
    """Compare the force on two units with central differences in 90 digits, away from the states where it jumps."""
    found: list[Measured] = []
    edges = 0

    def claim(case: tuple[dict[str, float], list[float]]) -> None:
        nonlocal edges
        values, states = case
        plugin = with_values(context.plugin, values)
        oracle = ProjectionOracle(plugin, len(PATTERNS))
        z = (PATTERNS @ states).tolist()
        slopes = oracle.slopes(z, WEIGHTS)
        sides = oracle.slopes(z, WEIGHTS, 1)
        if any(abs(a - b) > 1e-10 * (1 + abs(a)) for a, b in zip(slopes, sides, strict=True)):
            edges += 1
            return  # a kink: the force is that of either side
        if max(map(abs, slopes)) > _LARGEST:
            return
        exact = np.array([float(one) for one in slopes]) @ PATTERNS
        got = memory_of(plugin).gradient(np.array(states))
        size = 1 + sum(abs(float(one)) for one in slopes)
        size += _sensitivity(slopes, [oracle.slopes(one, WEIGHTS) for one in _nudged(z)])
        error = float(np.abs(got - exact).max()) / size if np.isfinite(got).all() else math.inf
        place = int(np.argmax(np.where(np.isfinite(got), np.abs(got - exact), np.inf)))
        shown, expected = apart(float(got[place]), float(exact[place]), 6)
        found.append(
            Measured("relative error of the force", error, 0.0, _CODED).require(
                f"the derived derivative by state {place} is {shown} at {states}, differences of the energy give "
                f"{expected}",
                {"parameters": values, "states": states},
            )
        )

    tried = for_all(cases_of(context), claim, seed=context.integer("derivatives"), examples=60)
    notes = (f"the force jumps at {edges} of the states that were tried: it is that of either side",) if edges else ()
    return attrs.evolve(worst(found), detail=f"{tried} states", notes=notes)


@check(
    "projection",
    claim="The order of the patterns does not matter, and a pattern given twice counts as one of twice the weight.",
    needs=("finite",),
)
def patterns(context: Context) -> Measured:
    """Shuffle patterns with their weights, and give one of them in two halves; compare energies and forces."""
    found: list[Measured] = []
    rng = context.rng("patterns")

    def claim(case: tuple[dict[str, float], list[float]]) -> None:
        values, states = case
        plugin = with_values(context.plugin, values)
        whole = memory_of(plugin)
        order = rng.permutation(len(PATTERNS))
        halves = np.append(WEIGHTS, WEIGHTS[-1] / 2)
        halves[-2] /= 2
        layout, x = Layout({"units": 2}), np.array(states)
        for what, other in (
            ("in another order", project(plugin, layout, PATTERNS[order], weights=WEIGHTS[order])),
            ("one of them in halves", project(plugin, layout, np.vstack([PATTERNS, PATTERNS[-1:]]), weights=halves)),
        ):
            for name, a, b in (
                ("energy", whole.energy(x), other.energy(x)),
                ("force", whole.gradient(x), other.gradient(x)),
            ):
                if not np.isfinite(a).all():
                    continue  # too large for double precision
                scale = 1.0 + float(np.abs(a).max())
                gap = float(np.abs(a - b).max()) / scale
                found.append(
                    Measured(f"relative change of the {name}", gap if gap == gap else math.inf, 0.0, 1e-9).require(
                        f"with its patterns {what}, the {name} of two units at {states} changes",
                        {"parameters": values, "states": states},
                    )
                )

    tried = for_all(cases_of(context), claim, seed=context.integer("patterns"), examples=40)
    return attrs.evolve(worst(found), detail=f"{tried} states")
