"""Parameters that break a constraint are refused wherever a plugin is made; expectations are worked out by hand."""

from __future__ import annotations

import copy
import pickle

import attrs
import numpy as np
import pytest
import sympy

from thermozoo import Potential, option, parameter
from thermozoo.constraints import constraints_of
from thermozoo.errors import ConstraintError, ParameterError, ShapeError
from thermozoo.interfaces.symbolic_copy import symbolic_copy
from thermozoo.symbolic.derive import potential_formulas


@attrs.frozen
class Slope(Potential):
    """A soft trap on a slope: it confines where the trap is steeper."""

    name = "slope"
    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")
    w: float = parameter(1.0, unit="1", above=0, doc="width")
    f: float = parameter(0.5, unit="energy", doc="slope")

    def energy(self, x):
        return self.k * self.w**2 * sympy.log(sympy.cosh(x / self.w)) - self.f * x

    def constraints(self):
        return [abs(self.f) < self.k * self.w]


def related(*relations):
    """A class with parameters a = 1 and b = 2 and these relations of them, given as functions."""

    @attrs.frozen
    class Related(Potential):
        name = "related"
        a: float = parameter(1.0, unit="1", doc="first")
        b: float = parameter(2.0, unit="1", doc="second")

        def energy(self, x):
            return (1 + self.a**2 + self.b**2) * x**2

        def constraints(self):
            return [relation(self.a, self.b) for relation in relations]

    return Related


@pytest.mark.parametrize("values", [{}, {"f": 0.999}, {"f": -0.999}, {"f": 3, "k": 2, "w": 2}, {"f": 0, "k": 1e-9}])
def test_what_holds_is_accepted(values):
    Slope(**values)


def test_the_message_shows_the_relation_with_the_numbers_put_in():
    with pytest.raises(ConstraintError) as caught:
        Slope(f=-3, k=0.5)
    assert str(caught.value) == (
        "k = 0.5, w = 1, f = -3 break the constraint |f| < k*w of 'slope': |-3| < 0.5*1 does not hold"
    )
    assert isinstance(caught.value, ParameterError)
    ((_, names),) = caught.value.broken
    assert names == ("k", "w", "f")


def test_all_broken_relations_are_named_at_once():
    cls = related(lambda a, b: a < b, lambda a, b: a + b < 10, lambda a, b: a * b < 100)
    with pytest.raises(ConstraintError) as caught:
        cls(a=9, b=2)
    assert [message.partition(": ")[2] for message, _ in caught.value.broken] == [
        "9 < 2 does not hold",
        "9 + 2 < 10 does not hold",
    ]


@pytest.mark.parametrize(
    ("relation", "good", "bad"),
    [
        (lambda a, b: a < b, (1, 2), (2, 2)),
        (lambda a, b: a <= b, (2, 2), (3, 2)),
        (lambda a, b: a > -b, (-1, 2), (-2, 2)),
        (lambda a, b: a >= -b, (-2, 2), (-3, 2)),
        (lambda a, b: sympy.Ne(a, b), (1, 2), (2, 2)),
        (lambda a, b: (a < b) & (a > -b), (-1, 2), (-3, 2)),
        (lambda a, b: (a < b) | (b > 5), (7, 6), (4, 3)),
        (lambda a, b: sympy.Max(a, b) < 3, (1, 2), (4, 2)),
        (lambda a, b: sympy.Piecewise((a, a > 0), (-2 * a, True)) < b, (-0.9, 2), (-1.1, 2)),
        (lambda a, b: sympy.log(a) < b, (1, 2), (8, 2)),
    ],
)
def test_numbers_on_either_side(relation, good, bad):
    cls = related(relation)
    cls(*good)
    with pytest.raises(ConstraintError):
        cls(*bad)
    cls(a=[good[0], 1], b=[good[1], 2])
    cls(a=[good[0], good[0]], b=good[1])
    with pytest.raises(ConstraintError, match="unit 1, counted from 0"):
        cls(a=[1, bad[0]], b=[2, bad[1]])
    with pytest.raises(ConstraintError, match=r"unit 0, counted from 0 .2 of 2 units do"):
        cls(a=bad[0], b=[bad[1], bad[1]])


@pytest.mark.parametrize(
    ("relation", "bad"),
    [
        (lambda a, b: sympy.Ne(sympy.sqrt(a), 7), (-1, 2)),  # the root of a negative number differs from everything
        (lambda a, b: sympy.log(a) < b, (-1, 2)),
        (lambda a, b: ~(sympy.sqrt(a) > b), (-1, 2)),
        (lambda a, b: (a**2 - 4) / (b - 2.5) < 9, (2, 2.5)),  # 0 / 0
    ],
)
def test_what_is_no_number_never_passes(relation, bad):
    with pytest.raises(ConstraintError):
        related(relation)(*bad)


def test_rounding_decides_nothing():
    assert 0.02 < 0.1 * 0.2  # in floating point
    with pytest.raises(ConstraintError):
        Slope(f=0.02, k=0.1, w=0.2)
    assert not 0.1 + 0.2 <= 0.3
    related(lambda a, b: a + b <= 3)(a=1, b=2)
    related(lambda a, b: a / 10 + b / 10 <= sympy.Float(0.3))(a=1, b=2)


@pytest.mark.parametrize(("f", "unit", "count"), [([0.1, 0.2, 3.0], 2, 1), ([0.1, 2.0, -3.0], 1, 2)])
def test_one_value_per_unit_names_the_first_unit(f, unit, count):
    with pytest.raises(ConstraintError, match=rf"at unit {unit}, counted from 0 \({count} of 3 units do\)"):
        Slope(f=f)
    Slope(f=f, k=[1, 4, 4])


def test_values_for_different_numbers_of_units():
    with pytest.raises(ShapeError, match=r"one value per unit, but w has 2, f has 3 values; they share \|f\| < k\*w"):
        Slope(f=[0.1, 0.2, 0.3], w=[1, 2])


def test_bounds_come_first():
    with pytest.raises(ParameterError, match=r"Slope.k must lie in \(0, inf\), got -1"):
        Slope(k=-1)


def test_evolving_checks_and_copies_are_equal():
    one = Slope(f=0.9)
    with pytest.raises(ConstraintError):
        attrs.evolve(one, w=0.5)
    assert attrs.evolve(one, w=2.0).w == 2.0
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    error = ConstraintError("said", [("said", ("f",))])
    assert str(pickle.loads(pickle.dumps(error))) == "said"


def test_symbols_are_not_asked_for_their_truth():
    copied, symbols = symbolic_copy(Slope())
    assert copied.f is symbols["f"]
    assert str(potential_formulas(Slope()).gradient).startswith("-f + ")
    Slope(f=sympy.Float(3))


def test_a_method_after_init_of_the_author_keeps_the_check():
    seen = []

    @attrs.frozen
    class Counting(Potential):
        name = "counting"
        a: float = parameter(1.0, unit="1", doc="first")
        b: float = parameter(2.0, unit="1", doc="second")

        def __attrs_post_init__(self):
            seen.append(self.a)

        def energy(self, x):
            return x**2

        def constraints(self):
            return [self.a < self.b]

    with pytest.raises(ConstraintError):
        Counting(a=3)
    assert 3.0 in seen


def test_a_plugin_without_constraints_is_not_traced(monkeypatch):
    from thermozoo.constraints import tracing

    monkeypatch.setattr(tracing, "symbolic_copy", lambda plugin: pytest.fail("traced"))
    assert constraints_of(related_to_nothing()) == ()


def related_to_nothing():
    @attrs.frozen
    class Free(Potential):
        name = "free"
        k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

        def energy(self, x):
            return self.k * x**2

    return Free()


@attrs.frozen
class Holding(Potential):
    name = "holding"
    base: Slope = option(Slope(), doc="what is shifted")
    by: float = parameter(0.0, unit="1", doc="shift")

    def energy(self, x):
        return self.base.energy(x - self.by)

    def constraints(self):
        return [self.by < self.base.w]


def test_a_plugin_that_holds_another():
    Holding(base=Slope(w=4), by=3)
    with pytest.raises(ConstraintError, match=r"by = 3, base.w = 2 break .* by < base.w of 'holding': 3 < 2 does not"):
        Holding(base=Slope(w=2), by=3)


def test_a_setting_without_default_waits_for_the_first_instance():
    @attrs.frozen
    class Needs(Potential):
        name = "needs"
        power: int = option(doc="even power")
        a: float = parameter(3.0, unit="1", doc="first")

        def energy(self, x):
            return self.a * x**self.power

        def constraints(self):
            return [self.a < self.power]

    Needs(power=4)
    with pytest.raises(ConstraintError, match="a = 3 breaks the constraint a < 2 of 'needs': 3 < 2 does not hold"):
        Needs(power=2)


def test_values_per_unit_are_asked_together():
    values = np.linspace(-0.99, 0.99, 100_000)
    assert Slope(f=values).f.shape == (100_000,)
