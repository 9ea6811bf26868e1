"""Removable singularities are lifted: energy, force, curvature right to rounding at the state and beside it.

The oracle is mpmath with 200 digits a distance of 1e-30 beside the asked state, where nothing is 0 / 0.
"""

from __future__ import annotations

import attrs
import mpmath
import numpy as np
import pytest
import sympy

from thermozoo import Potential, parameter
from thermozoo.computer.onsite import unit_energy
from thermozoo.errors import FormulaError
from thermozoo.symbolic.removable import lifted

CENTER = 0.3
BESIDE = np.array([s * d for d in (0.0, 1e-14, 1e-8, 1e-5, 1e-3, 0.05, 0.3, 0.55, 1.1, 2.3, 6.0) for s in (-1, 1)])


def potential(formula):
    @attrs.frozen
    class Drawn(Potential):
        name = "drawn"
        k: float = parameter(1.7, unit="1", above=0, doc="scale")
        a: float = parameter(0.3, unit="1", doc="place")

        def energy(self, x):
            return x**2 + formula(self.k, self.a, x)

    return Drawn()


def sin_over_x(k, a, x):
    return sympy.sin(x) / x


def x_coth(k, a, x):
    return x * sympy.coth(k * x)


FORMULAS = [
    (sin_over_x, 0.0),
    (lambda k, a, x: a * sympy.sinc(k * x), 0.0),
    (x_coth, 0.0),
    (lambda k, a, x: (1 - sympy.cos(k * x)) / x**2, 0.0),
    (lambda k, a, x: sympy.sinh(x) / x, 0.0),
    (lambda k, a, x: k * x / (sympy.exp(x) - 1), 0.0),
    (lambda k, a, x: sympy.log(1 + x**2) / x**2, 0.0),
    (lambda k, a, x: sympy.tanh(sympy.Abs(x)) / sympy.Abs(x), 0.0),
    (lambda k, a, x: sympy.log(sympy.sinh(x) / x), 0.0),
    (lambda k, a, x: sympy.exp(-k * x**2) * sympy.sin(x) / x, 0.0),
    (lambda k, a, x: k * sympy.sin(x - a) / (x - a), CENTER),
    (lambda k, a, x: sympy.erf(x) / x, 0.0),
    (lambda k, a, x: (a * x + x**3) / x, 0.0),
    (lambda k, a, x: sympy.sqrt(1 + sympy.sin(x) / x), 0.0),
    (lambda k, a, x: sympy.Piecewise((1, sympy.Eq(x, 0)), (sympy.sin(x) / x, True)), 0.0),
    (lambda k, a, x: sympy.Piecewise((sympy.sin(x) / x, sympy.Ne(x, 0)), (1, True)), 0.0),
]


@pytest.mark.parametrize(("formula", "center"), FORMULAS)
def test_energy_force_curvature_and_parameter_derivatives_beside_the_singularity(formula, center):
    plugin = potential(formula)
    one = unit_energy(plugin)
    x = center + BESIDE
    symbol, k, a = sympy.symbols("x k a", real=True)
    energy = sympy.sympify(plugin.__class__.energy(type("twin", (), {"k": k, "a": a})(), symbol))
    energy = energy.replace(sympy.Eq, lambda *args: sympy.false).replace(sympy.Ne, lambda *args: sympy.true)
    energy = energy.rewrite(sympy.sin) if energy.has(sympy.sinc) else energy
    by = {"energy": energy, "gradient": sympy.diff(energy, symbol), "curvature": sympy.diff(energy, symbol, 2)}
    got = {what: getattr(one, what)(x) for what in by}
    for name, parameter_symbol in (("k", k), ("a", a)):
        by[name] = sympy.diff(energy, parameter_symbol)
        by[f"force {name}"] = sympy.diff(energy, parameter_symbol, symbol)
        got[name] = one.evaluate(name, one.formulas.energy_by_parameter[name], x)
        got[f"force {name}"] = one.evaluate(name, one.formulas.gradient_by_parameter[name], x)
    for what, expression in by.items():
        smooth = expression.replace(sympy.DiracDelta, lambda *args: sympy.Integer(0))
        function = sympy.lambdify([symbol, k, a], smooth, modules="mpmath")
        with mpmath.workdps(200):
            at = [mpmath.mpf(float(v)) + mpmath.mpf(10) ** -30 for v in x]
            expected = np.array([float(function(v, mpmath.mpf(1.7), mpmath.mpf(0.3))) for v in at])
        np.testing.assert_allclose(got[what], expected, rtol=3e-14, atol=3e-14, err_msg=what)


def test_single_precision_is_right_beside_the_singularity_too():
    one = unit_energy(potential(sin_over_x))
    x = np.array([0.0, 1e-7, 1e-4, 1e-2, 0.3], dtype=np.float32)
    expected = 2 - np.array([float((2 * mpmath.mpf(1)) / 6) for _ in x]) + x.astype(float) ** 2 / 10
    np.testing.assert_allclose(one.curvature(x)[:4], expected[:4], rtol=1e-6)
    assert one.curvature(x).dtype == np.float32


@pytest.mark.parametrize(
    "expression",
    [
        lambda x: 1 / sympy.cosh(x),
        lambda x: x / (1 + x**2),
        lambda x: 1 / x,
        lambda x: sympy.cos(x) / x**2,
        lambda x: sympy.Abs(x) / x,
        lambda x: sympy.sqrt(1 - sympy.cos(x)) / x,
        lambda x: sympy.exp(1 / x),
        lambda x: sympy.log(sympy.Abs(x)) / x,
        lambda x: (1 - sympy.sqrt(x)) / x,
    ],
)
def test_what_is_regular_or_has_no_limit_stays_as_it_is(expression):
    x = sympy.Symbol("x", real=True)
    assert lifted(expression(x), x) == expression(x)


def test_the_series_ends_before_the_next_singularity():
    """tan(x) / x has poles at pi / 2: close to them the formula itself is taken."""
    x = sympy.Symbol("x", real=True)
    (piece,) = lifted(sympy.tan(x) / x, x).atoms(sympy.Piecewise)
    radius = max(v for v in np.linspace(0, 2, 201) if piece.args[0].cond.subs(x, v) == sympy.true)
    assert radius < np.pi / 2


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (lambda k, a, x: (sympy.cosh(k * x) - sympy.cos(a * x)) / x**2, "energy is not a number .* at x = 0 with"),
        (lambda k, a, x: k / x**2, "energy is infinite at x = 0"),
        (lambda k, a, x: -sympy.log(x), "energy is infinite at x = 0"),
        (lambda k, a, x: sympy.sqrt(sympy.Abs(x)), "force is .* at x = 0"),
        (lambda k, a, x: sympy.sqrt(1 - sympy.cos(x)), "force is not a number .* at x = 0"),
        (
            lambda k, a, x: (sympy.cosh(k * (x - a)) - sympy.cos(2 * (x - a))) / (x - a) ** 2,
            "energy has a limit at x = 0.3 with",
        ),
    ],
)
def test_what_cannot_be_lifted_is_refused_with_class_state_parameters_and_line(formula, said):
    with pytest.raises(FormulaError, match=rf"Drawn: the {said}.*test_removable\.py, line \d+"):
        unit_energy(potential(formula))


@pytest.mark.parametrize("spelling", ["modulus", "square", "scaled", "shifted root"])
@pytest.mark.parametrize("p", [2.0, 2.5, 3.0, 4.0])
def test_a_power_of_the_modulus(spelling, p):
    """U = |x|^p: force, curvature and derivatives by p in closed form, at x = 0 too."""

    @attrs.frozen
    class Power(Potential):
        name = "power"
        p: float = parameter(2.0, unit="1", at_least=2, at_most=6, doc="power")

        def energy(self, x):
            return {
                "modulus": lambda: sympy.Abs(x) ** self.p,
                "square": lambda: (x**2) ** (self.p / 2),
                "scaled": lambda: (4 * x**2) ** (self.p / 2) / 2**self.p,
                "shifted root": lambda: sympy.sqrt(sympy.Abs(x)) ** (2 * self.p),
            }[spelling]()

    one = unit_energy(Power(p=p))
    x = np.array([-1.3, -1e-9, 0.0, 1e-9, 0.4, 2.0])
    r = np.abs(x)
    log = np.log(r, where=r > 0, out=np.zeros_like(r))
    np.testing.assert_allclose(one.energy(x), r**p, rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(one.gradient(x), p * r ** (p - 1) * np.sign(x), rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(one.curvature(x), p * (p - 1) * r ** (p - 2), rtol=1e-13, atol=1e-300)
    by = one.evaluate("by", one.formulas.energy_by_parameter["p"], x)
    np.testing.assert_allclose(by, r**p * log, rtol=1e-13, atol=1e-14)
    mixed = one.evaluate("mixed", one.formulas.gradient_by_parameter["p"], x)
    np.testing.assert_allclose(mixed, r ** (p - 1) * np.sign(x) * (1 + p * log), rtol=1e-12, atol=1e-14)


def test_the_formulas_that_are_shown_are_those_of_the_author():
    formulas = unit_energy(potential(sin_over_x)).formulas
    x = formulas.x
    assert formulas.written == x**2 + sympy.sin(x) / x
    assert not formulas.plain.gradient.has(sympy.Piecewise)
    assert formulas.gradient.has(sympy.Piecewise)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
def test_a_factor_that_vanishes_beside_an_infinite_power(p):
    """The curvature p (p - 1) |x|^(p - 2) is zero beside the kink of p = 1, and infinite at the cusp of p = 1.5."""

    @attrs.frozen
    class Power(Potential):
        name = "power"
        p: float = parameter(2.0, unit="1", at_least=1, doc="power")

        def energy(self, x):
            return sympy.Abs(x) ** self.p

    one = unit_energy(Power(p=p))
    x = np.array([-2.0, 0.0, 3.0])
    here = {1.0: 0.0, 1.5: np.inf, 2.0: 2.0, 3.0: 0.0}[p]
    expected = [p * (p - 1) * 2 ** (p - 2), here, p * (p - 1) * 3 ** (p - 2)]
    np.testing.assert_allclose(one.curvature(x), expected, rtol=1e-14)
    np.testing.assert_allclose(one.gradient(x), [-p * 2 ** (p - 1), 0.0, p * 3 ** (p - 1)], rtol=1e-14)
