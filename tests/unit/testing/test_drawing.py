"""Strategies stay within the declared bounds and reach their ends; searches return the smallest case."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thermozoo import Potential, parameter
from thermozoo.interfaces.tree import with_values
from thermozoo.parameters import parameters_of
from thermozoo.testing import CheckFailed
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import corners, layout_sizes, parameter_values, values_within


@attrs.frozen
class Bounded(Potential):
    name = "bounded"
    free: float = parameter(0.0, unit="1", doc="anything")
    positive: float = parameter(2.0, unit="1", doc="positive", above=0)
    unit: float = parameter(0.75, unit="1", doc="fraction", at_least=0, at_most=1)
    negative: float = parameter(-3.0, unit="1", doc="negative", below=-1)

    def energy(self, x):
        return x**2


@attrs.frozen
class Wrapped(Potential):
    name = "wrapped"
    inner: Bounded = attrs.field(factory=Bounded)
    gain: float = parameter(1.0, unit="1", doc="factor")

    def energy(self, x):
        return self.gain * self.inner.energy(x)


@given(data=st.data())
@settings(max_examples=60)
def test_drawn_values_are_accepted(data):
    values = data.draw(parameter_values(Wrapped()))
    plugin = with_values(Wrapped(), values)  # raises ParameterError outside the bounds
    assert plugin.inner.positive == values["inner.positive"]
    assert plugin.gain == values["gain"]


def test_corners_hold_the_ends():
    specs = {p.name: p for p in parameters_of(Bounded)}
    assert {0.0, 1.0, 0.75} <= set(corners(specs["unit"]))
    assert 0 < min(corners(specs["positive"])) <= 2e-3
    assert max(corners(specs["positive"])) >= 1e3
    assert max(corners(specs["negative"])) < -1
    assert max(corners(specs["negative"])) > -1.01


@pytest.mark.parametrize(
    ("name", "predicate", "smallest"),
    [("free", lambda v: v < 0.05, 0.05), ("unit", lambda v: v <= 0.75, 0.8), ("positive", lambda v: v > 1, 1.0)],
)
def test_the_smallest_case_is_a_short_number_near_the_default(name, predicate, smallest):
    spec = {p.name: p for p in parameters_of(Bounded)}[name]

    def claim(value):
        if not predicate(value):
            raise CheckFailed("no", {"value": value})

    with pytest.raises(CheckFailed) as caught:
        for_all(values_within(spec), claim, seed=1, examples=300)
    found = caught.value.counterexample["value"]
    assert not predicate(found)
    assert len(repr(found)) <= 6
    assert abs(found - spec.default) <= abs(smallest - spec.default) + 0.3


def test_one_seed_draws_the_same_cases():
    def drawn(seed):
        seen = []
        for_all(layout_sizes(), seen.append, seed=seed, examples=20)
        return seen

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_a_failure_that_does_not_repeat_is_still_a_failure():
    calls = []

    def claim(value):
        calls.append(value)
        if len(calls) == 3:
            raise CheckFailed("once", {"value": value})

    with pytest.raises(CheckFailed, match="once"):
        for_all(st.integers(), claim, seed=1, examples=30)
