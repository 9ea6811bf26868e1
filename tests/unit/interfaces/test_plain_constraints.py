"""What is read without sympy is what sympy would find nothing wrong with, and everything else is left to it."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import sympy
from thermozoo_plugins.protocols import HoldRamp, Ramp

from thermozoo import Protocol, parameter
from thermozoo.errors import ThermozooError
from thermozoo.interfaces.plain_constraints import hold_plainly


def stating(relations, **defaults):
    """Return a class that states something, with positive parameters a, b, a free one c, and one of either bound d."""

    def constraints(self) -> Any:
        return relations(self)

    values = {"a": 1.0, "b": 2.0, "c": 0.5, "d": -1.0} | defaults
    fields = {
        "a": parameter(values["a"], unit="1", doc="a", above=0),
        "b": parameter(values["b"], unit="1", doc="b", at_least=0),
        "c": parameter(values["c"], unit="1", doc="c"),
        "d": parameter(values["d"], unit="1", doc="d", at_most=0),
    }
    body = {
        "name": "stated", "constraints": constraints, "intensity": lambda self, t, duration: self.a,
        "__module__": __name__, "__annotations__": dict.fromkeys(fields, float), **fields,
    }  # fmt: skip
    return attrs.frozen(type("Stated", (Protocol,), body))


PLAIN = [
    lambda p: [p.a <= p.b],
    lambda p: p.a < p.b,
    lambda p: [p.b - p.a >= 0.5, 2 * p.a + 1 > p.c],
    lambda p: (1 - p.c < 3 - p.a,),
    lambda p: [p.c > 0],
]

OTHER = {
    "broken by the defaults": lambda p: [p.b <= p.a],
    "always true": lambda p: [p.a + p.b >= 0],
    "always true, of either sign": lambda p: [p.d <= p.a],
    "always true, the same on both sides": lambda p: [p.c <= p.c + 1],
    "a chain": lambda p: [p.a < p.b < 3],
    "a truth": lambda p: [p.a < p.b and p.c > 0],
    "nothing": lambda p: [],
    "no relation": lambda p: [p.a],
    "none": lambda p: None,
    "an equation": lambda p: [p.a == p.c],
    "no parameter": lambda p: [p.e < 1],
}

#: Right, and more than comparisons of sums.
RIGHT = [
    lambda p: [p.a * p.c < p.b],
    lambda p: [sympy.sqrt(p.a) <= p.b],
    lambda p: [abs(p.c) < p.b],
    lambda p: [sympy.Ne(p.a, p.b)],
    lambda p: [(p.a < p.b) | (p.c < 0)],
    lambda p: [p.a**2 < p.b + 1],
]


@pytest.mark.parametrize("relations", PLAIN)
def test_plain_ones_are_right(relations):
    cls = stating(relations)
    assert hold_plainly(cls)
    cls()  # as sympy reads them


@pytest.mark.parametrize("relations", OTHER.values(), ids=OTHER.keys())
def test_what_is_wrong_is_never_plain(relations):
    """So that the class statement refuses it, as it does without this."""
    what = relations is OTHER["nothing"]
    try:
        cls = stating(relations)
    except ThermozooError:
        assert not what
    else:
        assert what  # it states nothing
        assert not hold_plainly(cls)


@pytest.mark.parametrize("relations", RIGHT)
def test_what_is_more_than_a_sum_is_left_to_sympy(relations):
    assert not hold_plainly(stating(relations))


def test_first_party_ones_are_plain():
    assert hold_plainly(Ramp)
    assert hold_plainly(HoldRamp)
