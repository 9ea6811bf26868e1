"""Draws satisfy the constraints of a plugin, none is lost, and many lie at an edge."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy

from thermozoo import Potential, option, parameter
from thermozoo.interfaces.tree import with_values
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import corner_values, moderate, parameter_values


@attrs.frozen
class Slope(Potential):
    name = "slope"
    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")
    w: float = parameter(1.0, unit="1", above=0, doc="width")
    f: float = parameter(0.5, unit="energy", doc="slope")
    free: float = parameter(1.0, unit="1", doc="takes part in nothing")

    def energy(self, x):
        return self.k * self.w**2 * sympy.log(sympy.cosh(x / self.w)) - self.f * x

    def constraints(self):
        return [abs(self.f) < self.k * self.w]


@attrs.frozen
class Corridor(Potential):
    """A part of the bounds so small that draws from the bounds would never hit it."""

    name = "corridor"
    a: float = parameter(1.0, unit="1", doc="first")
    b: float = parameter(1.0001, unit="1", doc="second")
    c: float = parameter(2.0, unit="1", doc="third")

    def energy(self, x):
        return x**2 * (1 + self.a**2 + self.b**2 + self.c**2)

    def constraints(self):
        return [self.a < self.b, self.b < 1.001 * self.a, (self.c > 3 * self.b) | (self.c > self.a)]


@attrs.frozen
class Holding(Potential):
    name = "holding"
    base: Slope = option(Slope(w=5.0), doc="what is shifted")
    by: float = parameter(0.0, unit="1", doc="shift")

    def energy(self, x):
        return self.base.energy(x - self.by)

    def constraints(self):
        return [self.base.w > 3 + self.by]


def drawn(plugin, examples=60):
    found = []
    tried = for_all(parameter_values(plugin), found.append, seed=3, examples=examples)
    assert len(found) == tried >= examples
    return found


@pytest.mark.parametrize(
    "plugin",
    [Slope(), *(pytest.param(one, marks=pytest.mark.long) for one in (Corridor(), Holding())), Slope(k=3.0, f=2.0)],
)
def test_every_draw_is_accepted_by_the_class(plugin):
    for values in drawn(plugin):
        with_values(plugin, values)  # raises ConstraintError
    for values in moderate(plugin, np.random.default_rng(0), 50):
        with_values(plugin, values)
    corners = corner_values(plugin, 81)
    assert len(corners) > 5
    for values in corners:
        with_values(plugin, values)


def test_draws_lie_inside_and_at_the_edge_and_vary_every_parameter():
    found = drawn(Slope())
    share = np.array([abs(v["f"]) / (v["k"] * v["w"]) for v in found])
    assert (share > 0.99).mean() > 0.05
    assert (share < 0.5).mean() > 0.2
    for name in ("k", "w", "f", "free"):
        values = np.array([v[name] for v in found])
        assert values.max() > 100
        assert np.abs(values).min() < 0.1
    corners = np.array([abs(v["f"]) / (v["k"] * v["w"]) for v in corner_values(Slope(), 81)])
    assert (corners > 0.99).sum() >= 5


def test_in_a_corridor_every_parameter_still_moves():
    found = drawn(Corridor())
    for name in ("a", "b", "c"):
        assert len({v[name] for v in found}) > 5, name


def test_a_plugin_without_constraints_is_drawn_as_ever():
    @attrs.frozen
    class Free(Potential):
        name = "free"
        k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

        def energy(self, x):
            return self.k * x**2

    found = []
    for_all(parameter_values(Free()), found.append, seed=3, examples=30)
    assert {v["k"] for v in found} >= {1.0}
    assert len(corner_values(Free(), 81)) == 3
