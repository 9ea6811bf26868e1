"""What a turn of a circle does to force and energy."""

from __future__ import annotations

import math

import attrs
import pytest
import sympy
from thermozoo_plugins.potentials import Periodic, Quartic, Washboard

from thermozoo import Potential, parameter
from thermozoo.errors import FormulaError, PluginClassError
from thermozoo.symbolic.circle import circumference
from thermozoo.symbolic.derive import potential_formulas


def on_a_circle(length, formula, **declared):
    """Return a potential of one parameter k with the energy `formula(k, x)`."""

    @attrs.frozen
    class Made(Potential):
        name = "made"
        period = length
        k: float = parameter(1.0, unit="energy", doc="strength")

        def energy(self, x):
            return formula(self.k, x)

    return Made()


@pytest.mark.parametrize(
    ("period", "exact"),
    [
        (2 * math.pi, 2 * sympy.pi),
        (math.pi / 3, sympy.pi / 3),
        (1, sympy.Integer(1)),
        (0.1, sympy.Rational(0.1)),
        (113 * math.pi / 355, 113 * sympy.pi / 355),
        (3.1416, sympy.Rational(3.1416)),
    ],
)
def test_a_circumference_is_a_fraction_of_pi_or_the_number_that_it_is(period, exact):
    assert circumference(period) == exact


def test_what_a_turn_adds_to_the_energy():
    assert potential_formulas(Quartic()).climb is None
    assert potential_formulas(Periodic()).climb == 0
    washboard = potential_formulas(Washboard())
    assert washboard.climb == -2 * sympy.pi * washboard.parameters["f"]


@pytest.mark.parametrize(
    ("period", "formula", "climb"),
    [
        (2 * math.pi, lambda k, x: k * sympy.sin(x) ** 3 * sympy.cos(x), 0),
        (math.pi, lambda k, x: k * sympy.Abs(sympy.sin(x)), 0),
        (1.0, lambda k, x: k * sympy.cos(2 * sympy.pi * x) + 3 * x, 3),
        (2 * math.pi, lambda k, x: sympy.exp(k * sympy.cos(x)) / (2 + sympy.sin(x)), 0),
        (2 * math.pi, lambda k, x: sympy.log(1 + k**2 + sympy.cos(x + k)), 0),
    ],
)
def test_formulas_of_a_circle(period, formula, climb):
    assert potential_formulas(on_a_circle(period, formula)).climb == climb


@pytest.mark.parametrize(
    ("period", "formula"),
    [
        (math.pi, lambda k, x: k * sympy.cos(x)),
        (2 * math.pi, lambda k, x: sympy.cos(k * x)),
        (2 * math.pi, lambda k, x: x**2),
        (1.0, lambda k, x: sympy.cos(2 * math.pi * x)),
        (2 * math.pi, lambda k, x: k * sympy.cos(x) + sympy.Rational(1, 10**9) * x**2),
    ],
)
def test_a_force_that_is_another_one_after_a_turn_is_refused(period, formula):
    wrong = on_a_circle(period, formula)
    with pytest.raises(
        FormulaError, match=r"not the same after one turn.*test_turns_of_a_circle\.py.*or leave period out"
    ):
        potential_formulas(wrong)


@pytest.mark.parametrize("length", [0, -1.0, math.inf, "2 pi"])
def test_a_circumference_that_is_none_is_refused(length):
    with pytest.raises(PluginClassError, match=r"must be a positive number such as 2 \* math\.pi, got"):
        on_a_circle(length, lambda k, x: k)
