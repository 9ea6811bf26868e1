"""What is drawn: parameters from a plugin's own bounds, states from its own Boltzmann width, layouts of groups.

Values are short decimal numbers wherever possible and shrink toward the default, so that the smallest counterexample
can be read and typed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from thermozoo.interfaces import Plugin
from thermozoo.interfaces.tree import flat_parameters, values_of
from thermozoo.parameters import Parameter
from thermozoo.testing.feasible import Feasible

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = [
    "corner_values",
    "corners",
    "feasible_values",
    "layout_sizes",
    "moderate",
    "parameter_values",
    "values_within",
]

#: How many powers of ten around its default a parameter is drawn from, where its bounds allow.
DECADES = 3


def _scale(spec: Parameter) -> float:
    bounds = [abs(b) for b in _ends(spec) if b is not None and b != 0]
    return abs(spec.default) or (min(bounds) if bounds else 1.0)


def _ends(spec: Parameter) -> tuple[float | None, float | None]:
    low = spec.above if spec.above is not None else spec.at_least
    high = spec.below if spec.below is not None else spec.at_most
    return low, high


def _inside(spec: Parameter, value: float) -> bool:
    return (
        math.isfinite(value)
        and (spec.above is None or value > spec.above)
        and (spec.below is None or value < spec.below)
        and (spec.at_least is None or value >= spec.at_least)
        and (spec.at_most is None or value <= spec.at_most)
    )


def _decades(spec: Parameter, decades: int) -> list[float]:
    """Return short decimal numbers on both sides of zero and beside each bound, within the bounds, default first."""
    scale = 10.0 ** round(math.log10(_scale(spec)))
    sizes = [m * scale * 10.0**e for e in range(-decades, decades) for m in (1.0, 2.0, 5.0)]
    sizes.append(scale * 10.0**decades)
    anchors = [0.0, *(b for b in _ends(spec) if b is not None)]
    pool = [a + s for a in anchors for size in sizes for s in (-size, size)] + anchors
    rounded = {float(f"{v:.12g}") for v in pool}
    kept = sorted((v for v in rounded if _inside(spec, v)), key=lambda v: (abs(v - spec.default), v))
    return [spec.default, *(v for v in kept if v != spec.default)]


def corners(spec: Parameter) -> list[float]:
    """Return the default, values at or beside each end of the bounds, and large ones where there is no bound."""
    values = _decades(spec, DECADES)
    low, high = _ends(spec)
    picked = [spec.default, min(values), max(values)]
    if low is not None:
        picked.append(min(values, key=lambda v: abs(v - low)))
    if high is not None:
        picked.append(min(values, key=lambda v: abs(v - high)))
    return list(dict.fromkeys(picked))


def values_within(spec: Parameter, decades: int = DECADES) -> SearchStrategy[float]:
    """Return a strategy for one parameter that covers the whole of its bounds.

    Short decimal numbers over `decades` powers of ten to either side of the default, and floats in between.
    """
    from hypothesis import strategies as st

    pool = _decades(spec, decades)
    floats = st.floats(min(pool), max(pool), allow_nan=False).filter(lambda v: _inside(spec, v))
    return st.one_of(st.sampled_from(pool), floats)


def parameter_values(plugin: Plugin, decades: int = DECADES) -> SearchStrategy[dict[str, float]]:
    """Return a strategy for all parameters of a plugin and of the plugins that it holds, by dotted name.

    A draw that breaks a constraint is mended, see `Feasible`, so that none is lost and many come near its edge.
    """
    from hypothesis import strategies as st

    free = st.fixed_dictionaries({name: values_within(spec, decades) for name, spec, _ in flat_parameters(plugin)})
    feasible = feasible_values(plugin, decades)
    if not feasible.constraints:
        return free
    return st.builds(feasible.mended, free, st.permutations(feasible.names), st.booleans())


def feasible_values(plugin: Plugin, decades: int = DECADES) -> Feasible:
    """Return what mends parameter values of a plugin that break its constraints."""
    pools = {name: _decades(spec, decades) for name, spec, _ in flat_parameters(plugin)}
    return Feasible(plugin, pools)


def corner_values(plugin: Plugin, limit: int) -> list[dict[str, float]]:
    """Return the corners of the bounds, at most `limit`; those that break a constraint moved to its edge."""
    specs = {name: spec for name, spec, _ in flat_parameters(plugin)}
    product = itertools.product(*(corners(spec) for spec in specs.values()))
    found = [dict(zip(specs, values, strict=True)) for values in itertools.islice(product, limit)]
    feasible = feasible_values(plugin)
    if not feasible.constraints:
        return found
    mended = [feasible.mended(values, names, True) for values in found for names in feasible.orders()]
    return [dict(pairs) for pairs in dict.fromkeys(tuple(one.items()) for one in mended)]


def moderate(plugin: Plugin, rng: np.random.Generator, count: int) -> Iterator[dict[str, float]]:
    """Yield parameter values for simulations: the defaults, then draws within a factor of about three of them."""
    feasible = feasible_values(plugin)
    yield values_of(plugin)
    for _ in range(count):
        drawn = {}
        for name, spec, _ in flat_parameters(plugin):
            for _try in range(64):
                value = spec.default * 3.0 ** rng.uniform(-1, 1) if spec.default else rng.uniform(-1, 1) * _scale(spec)
                value = float(f"{value:.3g}")
                if _inside(spec, value):
                    break
            else:
                value = spec.default
            drawn[name] = value
        yield feasible.drawn_back(drawn)


def layout_sizes(smallest: int = 0, largest: int = 7) -> SearchStrategy[dict[str, int]]:
    """Return a strategy for the sizes of one to three groups with at least one unit in all."""
    from hypothesis import strategies as st

    names = ("visible", "hidden", "output")
    sizes = st.integers(smallest, largest)
    return (
        st.integers(1, 3)
        .flatmap(lambda n: st.fixed_dictionaries(dict.fromkeys(names[:n], sizes)))
        .filter(lambda s: sum(s.values()) > 0)
    )
