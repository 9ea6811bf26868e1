"""Derivatives of potentials and objectives; gradients that an author wrote are proved or refused."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from thermozoo import Objective, Potential, option, parameter
from thermozoo.computer.onsite import unit_energy
from thermozoo.errors import FormulaError
from thermozoo.symbolic.derive import loss_gradients, potential_formulas
from thermozoo.symbolic.formula import formula_key


def with_gradient(written):
    @attrs.frozen
    class Written(Potential):
        name = "written"
        k: float = parameter(2.0, unit="energy", above=0, doc="stiffness")

        def energy(self, x):
            return self.k * sympy.log(sympy.cosh(x))

        def gradient(self, x):
            return written(self.k, x)

    return Written()


def test_a_true_gradient_is_proved_and_used():
    formulas = potential_formulas(with_gradient(lambda k, x: k * sympy.sinh(x) / sympy.cosh(x)))
    k = formulas.parameters["k"]
    assert formulas.gradient == k * sympy.sinh(formulas.x) / sympy.cosh(formulas.x)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda k, x: -k * sympy.tanh(x),
        lambda k, x: 2 * k * sympy.tanh(x),
        lambda k, x: k * sympy.tanh(x) + sympy.Rational(1, 10**12),
        lambda k, x: sympy.tanh(x),
        lambda k, x: k * x,
    ],
    ids=["sign", "factor", "a trillionth", "parameter", "linearized"],
)
def test_a_false_gradient_is_refused_with_both_shown(wrong):
    with pytest.raises(FormulaError, match=r"not the derivative of its energy .*written .*derived .*tanh"):
        potential_formulas(with_gradient(wrong))


@given(data=st.data())
def test_derivatives_against_five_point_differences(drawn, data):
    """U', U'' and dU/dp of drawn potentials against differences of U alone."""
    potential = data.draw(drawn.potentials())
    x = data.draw(st.floats(-2, 2))
    one = unit_energy(potential)
    h = 1e-3

    def stencil(function, at):
        # exact for polynomials up to the fourth degree
        return (function(at - 2 * h) - 8 * function(at - h) + 8 * function(at + h) - function(at + 2 * h)) / (12 * h)

    energy = lambda at: float(one.energy(np.array([at]))[0])  # noqa: E731
    scale = max(1.0, *(abs(energy(x + d)) for d in (-2 * h, 2 * h)))
    tolerance = 20 * np.finfo(float).eps * scale / h
    assert abs(stencil(energy, x) - one.gradient(np.array([x]))[0]) <= tolerance
    gradient = lambda at: float(one.gradient(np.array([at]))[0])  # noqa: E731
    scale = max(1.0, *(abs(gradient(x + d)) for d in (-2 * h, 2 * h)))
    tolerance = 20 * np.finfo(float).eps * scale / h
    assert abs(stencil(gradient, x) - one.curvature(np.array([x]))[0]) <= tolerance
    for name, by in one.formulas.energy_by_parameter.items():
        value = getattr(potential, name)
        there = lambda v: float(  # noqa: E731
            unit_energy(attrs.evolve(potential, **{name: v})).energy(np.array([x]))[0]  # noqa: B023
        )
        scale = max(1.0, abs(there(value)))
        tolerance = 20 * np.finfo(float).eps * scale / h
        assert abs(stencil(there, value) - one.evaluate("by", by, np.array([x]))[0]) <= tolerance
        mixed = one.evaluate("mixed", one.formulas.gradient_by_parameter[name], np.array([x]))[0]
        slope = lambda v: float(  # noqa: E731
            unit_energy(attrs.evolve(potential, **{name: v})).gradient(np.array([x]))[0]  # noqa: B023
        )
        tolerance = 20 * np.finfo(float).eps * max(1.0, abs(slope(value))) / h
        assert abs(stencil(slope, value) - mixed) <= tolerance


def test_an_energy_without_derivative_is_refused():
    @attrs.frozen
    class Jump(Potential):
        name = "jump"

        def energy(self, x):
            return x**2 + sympy.Integral(
                sympy.Symbol("z", real=True), (sympy.Symbol("z", real=True), 0, sympy.Mod(x, 2))
            )

    with pytest.raises(FormulaError):
        potential_formulas(Jump())


def test_derivations_are_shared_by_formula_not_by_value():
    from thermozoo_plugins.potentials import DoubleWell, Quartic

    assert potential_formulas(Quartic(J2=1.0)) is potential_formulas(Quartic(J2=2.0))
    assert formula_key(Quartic()) != formula_key(DoubleWell())


def test_linear_parameters():
    from thermozoo_plugins.potentials import Quartic

    assert potential_formulas(Quartic()).linear_parameters == ("J2", "J4")


def test_gradients_of_the_reverse_loss(objective):
    """r = (-D + mu g' dt) / (2 kT), and nothing from the gradient at x."""
    d = loss_gradients(objective)
    f = d.formula
    expected = (-(f.x_next - f.x) + f.mobility * f.gradient_next * f.dt) / (2 * f.kT)
    assert sympy.simplify(d.by_gradient_next - expected) == 0
    assert d.by_gradient == 0
    assert d.quadratic


@pytest.mark.parametrize(
    ("loss", "quadratic"),
    [
        (lambda s: (s.gradient_next - s.x) ** 2 + s.gradient * s.gradient_next, True),
        (lambda s: s.gradient_next**3, False),
        (lambda s: sympy.cosh(s.gradient_next), False),
        (lambda s: sympy.Abs(s.gradient_next), False),
        (lambda s: s.x**4 * s.gradient_next, True),
    ],
)
def test_whether_a_loss_is_quadratic_is_found_symbolically(loss, quadratic):
    @attrs.frozen
    class Drawn(Objective):
        name = "drawn"

        def step_loss(self, s):
            return loss(s)

    assert loss_gradients(Drawn()).quadratic is quadratic


def kinked(formula):
    @attrs.frozen
    class Kinked(Potential):
        name = "kinked"
        k: float = parameter(1.5, unit="energy", above=0, doc="strength")

        def energy(self, x):
            return formula(self.k, x) + x**4

    return Kinked()


@pytest.mark.parametrize(
    ("formula", "by_hand"),
    [
        (lambda k, x: k * sympy.Abs(x), lambda k, x: 0 * x),
        (lambda k, x: k * sympy.Max(0, x - 0.5) ** 2, lambda k, x: 2 * k * (x > 0.5)),
        (lambda k, x: k * sympy.Heaviside(x) * x**2, lambda k, x: 2 * k * (x > 0)),
        (
            lambda k, x: sympy.Piecewise((x**2 / 2, sympy.Abs(x) < 0.5), ((sympy.Abs(x) - 0.25) / 2, True)),
            lambda k, x: 1.0 * (abs(x) < 0.5),
        ),
    ],
    ids=["abs", "max", "heaviside", "huber"],
)
def test_where_the_force_jumps_the_curvature_is_that_of_either_side(formula, by_hand):
    one = unit_energy(kinked(formula))
    x = np.array([-1.2, -0.4, 0.0, 0.3, 0.8])
    beside = x + 1e-9
    np.testing.assert_allclose(one.curvature(beside), by_hand(1.5, beside) + 12 * beside**2, rtol=1e-12)
    assert np.isfinite(one.curvature(x)).all()


@pytest.mark.parametrize("jump", [sympy.sign, lambda x: sympy.Heaviside(x - 1) * x], ids=["sign", "heaviside"])
def test_an_energy_that_jumps_is_refused(jump):
    with pytest.raises(FormulaError, match="Kinked: the energy jumps"):
        potential_formulas(kinked(lambda k, x: k * jump(x)))


def test_formulas_are_told_apart_by_every_digit_of_every_entry_of_an_array():
    @attrs.frozen
    class Polynomial(Potential):
        name = "polynomial"
        coefficients: np.ndarray = option(doc="of x, x^2, ...", eq=False)

        def energy(self, x):
            return x**4 + sum(float(c) * x**k for k, c in enumerate(self.coefficients, start=1))

    one, other = Polynomial(np.array([0.123456789012])), Polynomial(np.array([0.123456789013]))
    assert formula_key(one) != formula_key(other)
    assert potential_formulas(one).energy != potential_formulas(other).energy
    long, changed = np.zeros(2000), np.zeros(2000)
    changed[1000] = 1.0
    assert formula_key(Polynomial(long)) != formula_key(Polynomial(changed))
