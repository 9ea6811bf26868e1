"""Check of a potential's edges: the energy must not jump, and where its force does is named."""

from __future__ import annotations

import re
from typing import Any

import mpmath
import sympy

from thermozoo.interfaces.tree import values_of, with_values
from thermozoo.testing.author import Authored, authored
from thermozoo.testing.checks.potential import KT, finite, short  # noqa: F401 - registers what this one needs first
from thermozoo.testing.context import Context
from thermozoo.testing.edges import Jump, breakpoints, energy_jumps, force_jumps
from thermozoo.testing.exact import Exact
from thermozoo.testing.measured import Measured
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import CheckFailed
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import parameter_values

#: Largest jump of an energy that rounding of the edge explains, in parts of the energies on both sides.
_JUMP = 1e-6

#: What a user has to know of a force that jumps.
_DOES_NOT_HOLD = (
    "a unit that crosses sees errors that fall more slowly with dt than the order of the integrator says; the "
    "curvature there is that of either side, without the spike between, so that exact training, which integrates over "
    "states on a grid, is accurate only as far as its grid resolves the edge"
)


@check(
    "potential",
    claim="The energy does not jump; where its force does is named, whatever the spelling.",
    needs=("finite",),
)
def continuous(context: Context) -> Measured:
    """Look for jumps in values of energy and force over a unit's interval, and at every branch edge of the formula."""
    formula = authored(context.plugin)
    largest, edges, tried = 0.0, 0, 0
    notes: dict[str, None] = {}

    def claim(values: dict[str, float]) -> None:
        nonlocal largest, edges, tried
        tried += 1
        plugin = with_values(context.plugin, values)
        exact = Exact(plugin, values)
        numbers = {formula.parameters[k]: v for k, v in values.items()}
        places = breakpoints(formula.energy, formula.x, numbers, plugin.period)
        try:
            oracle = UnitOracle(plugin, KT)
            places += [jump.x for jump in energy_jumps(oracle)]
            corners = force_jumps(oracle)
        except (CheckFailed, ArithmeticError, ValueError, IndexError):
            corners = []  # whether it confines is another check's business
        for edge in dict.fromkeys(places):
            largest = max(largest, _jump(exact, edge, values))
        edges += len(dict.fromkeys(places))
        if corners:
            notes.setdefault(_named(formula, values, corners))

    claim(values_of(context.plugin))
    for_all(parameter_values(context.plugin), claim, seed=context.integer("edges"), examples=15)
    return Measured(
        "largest relative jump of the energy",
        largest,
        0.0,
        _JUMP,
        detail=f"{edges} edges in {tried} draws" if edges else f"no edge in {tried} draws",
        notes=tuple(notes)[:1],
    )


def _jump(exact: Exact, edge: float, values: dict[str, float]) -> float:
    """Return by how much the energy jumps at an edge, in parts of its size."""
    h = mpmath.mpf(max(abs(edge), 1e-3)) * 1e-12
    left, here, right = (exact.energy(mpmath.mpf(edge) + k * h) for k in (-1, 0, 1))
    jump = max(abs(left - right), abs(here - right))
    size = abs(left) + abs(right) + mpmath.mpf("1e-3")
    Measured("relative jump of the energy", float(jump / size), 0.0, _JUMP).require(
        f"the energy jumps by {short(jump)} at x = {edge:g}: a unit that crosses would need an infinite force",
        {"parameters": values, "x": edge},
    )
    return float(jump / size)


def _named(formula: Authored, values: dict[str, float], corners: list[Jump]) -> str:
    """Say where the force jumps and by how much, in symbols where the formula has them."""
    heights = _symbolic_heights(formula, values)
    where = []
    for corner in corners[:3]:
        close = 1e-6 * (1 + abs(corner.x)), 1e-6 * abs(corner.height)
        symbol = next(
            (text for x, h, text in heights if abs(x - corner.x) < close[0] and abs(h - corner.height) < close[1]), ""
        )
        size = f"{symbol} = {abs(corner.height):.4g}" if symbol else f"{abs(corner.height):.4g}"
        where.append(f"by {size} at x = {corner.x:g}")
    chosen = ", ".join(f"{k} = {v:g}" for k, v in values.items())
    with_values = f" ({chosen})" if chosen else ""
    more = f" and at {len(corners) - 3} more states" if len(corners) > 3 else ""
    return f"the force jumps {', '.join(where)}{more}{with_values}: {_DOES_NOT_HOLD}"


def _symbolic_heights(formula: Authored, values: dict[str, float]) -> list[tuple[float, float, str]]:
    """Return (state, jump of the slope, its size as a formula) of the delta functions in the second derivative.

    Values at drawn parameters tell whether the formula is the right one: what sympy leaves out is found by numbers.
    """
    second = sympy.diff(formula.gradient, formula.x)
    numbers = {formula.parameters[k]: v for k, v in values.items()}
    heights: dict[Any, Any] = {}
    for delta in second.atoms(sympy.DiracDelta):
        argument: Any = delta.args[0]
        if len(delta.args) > 1 or not argument.is_polynomial(formula.x):
            continue
        if sympy.degree(argument, formula.x) != 1:
            continue
        one = sympy.Dummy()
        [place] = sympy.solve(argument, formula.x)
        factor = sympy.diff(second.xreplace({delta: one}), one) / sympy.Abs(sympy.diff(argument, formula.x))
        place = sympy.simplify(place)
        heights[place] = heights.get(place, sympy.Integer(0)) + factor.subs(formula.x, place)
    found = []
    for place, height in heights.items():
        size = sympy.simplify(sympy.Abs(sympy.simplify(height)))
        if size.free_symbols <= set(formula.parameters.values()):
            written = re.sub(r"Abs\(([^()]*)\)", r"|\1|", str(size)).replace("**", "^").replace("*", " ")
            found.append((float(place.subs(numbers)), float(height.subs(numbers)), written))
    return found
