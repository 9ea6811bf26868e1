"""Jumps and kinks are found whatever they are written with; a step of zero height is none."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy

from thermozoo import Potential, parameter
from thermozoo.computer.onsite import unit_energy
from thermozoo.errors import FormulaError
from thermozoo.symbolic.defined import kinks
from thermozoo.symbolic.derive import potential_formulas
from thermozoo.symbolic.smoothness import breaks, without_points, zeros

X, A, H = sympy.symbols("x a h", real=True)
VALUES = {A: 0.3, H: 1.5}
And, Or, Not, ITE = sympy.And, sympy.Or, sympy.Not, sympy.ITE


def piecewise(condition, inside=H, outside=0):
    return sympy.Piecewise((inside, condition), (outside, True))


JUMPS = [
    (H * sympy.Heaviside(X - 1), {1.0: 1.5}),
    (piecewise(X < 1, 0, H), {1.0: 1.5}),
    (piecewise(X < A), {0.3: -1.5}),
    (piecewise(X < A + H), {1.8: -1.5}),
    (piecewise(X * H < A), {0.2: -1.5}),
    (piecewise(X**2 < 2), {-np.sqrt(2): 1.5, np.sqrt(2): -1.5}),
    (piecewise(X**3 - X < A), {-0.786482541161627: -1.5, -0.338936241594999: 1.5, 1.12541878275663: -1.5}),
    (piecewise(sympy.exp(X) < 2), {np.log(2): -1.5}),
    (piecewise(And(X > A, X < 2)), {0.3: 1.5, 2.0: -1.5}),
    (piecewise(Or(X < A, X > 2)), {0.3: -1.5, 2.0: 1.5}),
    (piecewise(Not(And(X > A, X < 2))), {0.3: -1.5, 2.0: 1.5}),
    (piecewise(ITE(X < A, X < 0, X > 2)), {0.0: -1.5, 2.0: 1.5}),
    (H * sympy.sign(X), {0.0: 3.0}),
    (H * sympy.Abs(X - A) / (X - A), {0.3: 3.0}),
    (piecewise(X < 1, sympy.sign(X), X), {0.0: 2.0}),
    (sympy.Max(0, sympy.Heaviside(X - A)), {0.3: 1.0}),
    (sympy.Min(X, sympy.sign(X) - 5), {-6.0: 0.0, -4.0: 0.0, 0.0: 2.0}),
    (sympy.atan(1 / X), {0.0: np.pi}),
    (1 / (1 + sympy.exp(-1 / X)), {0.0: 1.0}),
    (sympy.sign(sympy.tanh(X) - 0.5), {np.arctanh(0.5): 2.0}),
    (sympy.atan2(X, -1), {0.0: 2 * np.pi}),
    (sympy.Piecewise((X**2 + 1, sympy.Ne(X, 0)), (0, True)), {0.0: -1.0}),
]


@pytest.mark.parametrize(("expression", "places"), JUMPS, ids=str)
def test_jumps(expression, places):
    found = {one.x: one.jumps[0] for one in breaks([expression], X, VALUES, points=True)}
    expected = {x: height for x, height in places.items() if height}
    assert sorted(found) == pytest.approx(sorted(expected), abs=1e-12)
    assert [found[x] for x in sorted(found)] == pytest.approx([expected[x] for x in sorted(expected)])


@pytest.mark.parametrize(
    "expression",
    [
        X**4,
        sympy.tanh(1e9 * X),
        X**2 * sympy.sign(X),
        sympy.Heaviside(X - A) * (X - A),
        sympy.Heaviside(X - A) * (X - A) ** 2,
        piecewise(X < A, X**2, A * (2 * X - A)),
        piecewise(sympy.Abs(X) < A, X**2 / 2, A * (sympy.Abs(X) - A / 2)),
        piecewise(sympy.Abs(X) > 1e-3, sympy.sin(X) / X, 1 - X**2 / 6),
        sympy.Piecewise((sympy.sin(X) / X, sympy.Ne(X, 0)), (1, True)),
        sympy.floor(X) * sympy.sin(sympy.pi * X),
        sympy.sqrt(sympy.Abs(X)) * sympy.sign(X),
        sympy.cbrt(sympy.Abs(X)) * sympy.sign(X),
        sympy.Max(0, X - A),
        sympy.Abs(sympy.sin(X)),
        sympy.sin(X) / X,
    ],
    ids=str,
)
def test_a_step_of_zero_height_is_no_jump(expression):
    assert not breaks([expression], X, VALUES, points=True)


def test_staircases_have_their_steps():
    found = breaks([sympy.floor(3 * X) / 4], X, {})
    near = [one for one in found if abs(one.x) < 1.1]
    assert [one.x for one in near] == pytest.approx([-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1])
    assert [one.jumps[0] for one in near] == pytest.approx([0.25] * 7)


def potential(formula, h=1.0):
    @attrs.frozen
    class Trap(Potential):
        name = "trap"
        h: float = parameter(1.0, unit="energy", doc="height")
        a: float = parameter(1.0, unit="1", doc="place")

        def energy(self, x):
            return x**2 / 2 + formula(self.h, self.a, x)

    return Trap(h=h)


SPELLINGS = [
    lambda h, a, x: h * sympy.Heaviside(x - a),
    lambda h, a, x: sympy.Piecewise((0, x < a), (h, True)),
    lambda h, a, x: h * (1 + sympy.sign(x - a)) / 2,
    lambda h, a, x: h * (1 + sympy.Abs(x - a) / (x - a)) / 2,
    lambda h, a, x: h * sympy.Max(0, sympy.Heaviside(x - a)),
    lambda h, a, x: sympy.Piecewise((h, sympy.And(x >= a, x < 100)), (0, True)),
    lambda h, a, x: sympy.Piecewise((h, sympy.Not(x < a)), (0, True)),
    lambda h, a, x: h * sympy.floor(sympy.Max(0, sympy.Min(1, x / a))),
]


@pytest.mark.parametrize("formula", SPELLINGS)
def test_a_step_is_refused_alike_however_it_is_written(formula):
    with pytest.raises(
        FormulaError, match=r"Trap: the energy jumps, .* infinite: by 1 at x = 1 with h = 1, a = 1 \(.*"
    ):
        potential_formulas(potential(formula))


@pytest.mark.parametrize("formula", [s for k, s in enumerate(SPELLINGS) if k != 3])  # |u| / u is 0 / 0 even so
def test_a_step_of_height_zero_is_accepted_alike(formula):
    potential_formulas(potential(formula, h=0.0))


def test_a_unit_with_parameters_of_its_own_is_looked_at():
    step = potential(SPELLINGS[1], h=np.array([0.0, 0.0, 2.0]))
    with pytest.raises(FormulaError, match=r"by 2 at x = 1 with h = 2, a = 1"):
        unit_energy(step)


@pytest.mark.parametrize(
    ("formula", "places"),
    [
        (lambda h, a, x: h * sympy.Abs(x), {0.0: -2.0}),
        (lambda h, a, x: h * sympy.Max(x, -x), {0.0: -2.0}),
        (lambda h, a, x: h * sympy.Max(0, x - a), {1.0: -1.0}),
        (lambda h, a, x: sympy.Piecewise((0, x < a), (h * (x - a), True)), {1.0: -1.0}),
        (lambda h, a, x: h * sympy.sqrt((x - a) ** 2), {1.0: -2.0}),
        (lambda h, a, x: h * sympy.Max(0, x - a) ** 2, {}),
        (lambda h, a, x: h * sympy.cosh(x - a), {}),
    ],
)
def test_kinks_are_found_with_the_jump_of_the_force(formula, places):
    found = dict(kinks(potential_formulas(potential(formula)), {"h": 1.0, "a": 1.0}))
    assert found == pytest.approx(places)


def test_a_triangle_wave_has_a_curvature_between_its_kinks():
    one = unit_energy(potential(lambda h, a, x: h * sympy.Abs(sympy.Mod(x, 2) - 1)))
    x = np.array([-0.3, 0.4, 1.7])
    np.testing.assert_allclose(one.energy(x), x**2 / 2 + np.abs(np.mod(x, 2) - 1))
    np.testing.assert_allclose(one.gradient(x), x + np.sign(np.mod(x, 2) - 1))
    np.testing.assert_allclose(one.curvature(x), 1.0)


def test_values_at_single_states_are_left_out():
    gap = sympy.Piecewise((sympy.sin(X) / X, sympy.Ne(X, 0)), (1, True))
    assert without_points(gap, X) == sympy.sin(X) / X
    by_parameter = sympy.Piecewise((X, sympy.Eq(A, 0)), (A * X, True))
    assert without_points(by_parameter, X) == by_parameter


@pytest.mark.parametrize(
    ("expression", "places"),
    [
        (sympy.exp(X / 1000) - sympy.exp(3), [3000.0]),
        ((sympy.exp(X) - 2) ** 2, [np.log(2)]),
        (1 - sympy.cos(X / 4000) + X**2, [0.0]),
        (sympy.tanh(X) ** 2 * (sympy.exp(X) - 1), [0.0]),
        (sympy.exp(-(X**2)), []),
        (sympy.exp(-(X**2)) + sympy.exp(-((X - 5) ** 2)), []),
        (sympy.cosh(X), []),
        (sympy.Max(0, sympy.exp(X) - 1), [0.0]),
    ],
    ids=str,
)
def test_zeros_far_out_and_without_a_change_of_sign(expression, places):
    """Underflow is no zero, and of an interval of zeros only its end is found."""
    found = sorted({float(place) for place in zeros(expression, X, {})})
    assert found == pytest.approx(places, abs=1e-30)


def test_zeros_that_are_touched_nearest_to_the_origin():
    found = sorted((float(place) for place in zeros(1 - sympy.sin(X) ** 2, X, {})), key=abs)
    assert sorted(found[:4]) == pytest.approx([-1.5 * np.pi, -0.5 * np.pi, 0.5 * np.pi, 1.5 * np.pi], abs=1e-15)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (lambda h, a, x: h / (x - a) ** 2, "infinite at x = 1 "),
        (lambda h, a, x: h / sympy.Abs(x - a), "infinite at x = 1 "),
        (lambda h, a, x: h / (x**2 - 2), "infinite at x = -?1.41421 "),
        (lambda h, a, x: -h * sympy.log(sympy.Abs(x - a)), "infinite at x = 1 "),
        (lambda h, a, x: -h * sympy.log(1 - x**2 / 4), "no real number below x = -2 "),
        (lambda h, a, x: h * sympy.sqrt(x + a), "no real number below x = -1 "),
        (lambda h, a, x: h * sympy.log(a + 1 - x), "no real number above x = 2 "),
        (lambda h, a, x: h * sympy.tan(x) ** 2, "infinite at x = -?1.5708 "),
        (lambda h, a, x: h * sympy.acos(x), "no real number below x = -1 "),
        (lambda h, a, x: h * sympy.acosh(x + 2), "no real number below x = -1 "),
    ],
)
def test_an_energy_that_is_no_finite_number_somewhere_is_refused_by_the_state(formula, said):
    with pytest.raises(FormulaError, match=rf"the energy is {said}with h = 1, a = 1.*test_smoothness\.py, line \d+"):
        unit_energy(potential(formula))


@pytest.mark.parametrize(
    "formula",
    [
        lambda h, a, x: h * (x - a) ** 2 * sympy.log(sympy.Abs(x - a)),
        lambda h, a, x: h * sympy.Abs(x**2 - 2) ** sympy.Rational(5, 2),
        lambda h, a, x: h * sympy.log(a + x**2) + 1 / (x**2 + a),
        lambda h, a, x: sympy.Piecewise((h / x**2, sympy.Abs(x) > a), (h / a**2, True)),
        lambda h, a, x: sympy.Piecewise((sympy.sqrt(x - a), x > a + 1), (1, True)),
    ],
)
def test_what_is_finite_everywhere_is_accepted(formula):
    unit_energy(potential(formula))


def test_a_state_between_two_branches_is_named():
    def formula(h, a, x):
        return sympy.Piecewise((h * x, x < a), (h * x**2, x > a))

    with pytest.raises(FormulaError, match=r"no value at x = 1 with h = 1, a = 1, where no branch .*, line \d+"):
        unit_energy(potential(formula))
    unit_energy(potential(lambda h, a, x: sympy.Piecewise((h * x, x <= a), (h * x**2, x > a))))
