"""What a formula may contain is found out where it is read; every function that passes has code in every engine."""

from __future__ import annotations

import attrs
import mpmath
import numpy as np
import pytest
import sympy
from sympy.codegen import cfunctions

from thermozoo import Objective, Potential, Protocol, parameter
from thermozoo.dynamics.engines.lines import FUNCTIONS as COMPILED
from thermozoo.errors import FormulaError
from thermozoo.symbolic.codegen import NumPyPrinter, array_function
from thermozoo.symbolic.derive import potential_formulas
from thermozoo.symbolic.functions import FUNCTIONS, in_known_functions
from thermozoo.symbolic.trace import trace_energy, trace_intensity, trace_loss

X = sympy.Symbol("x", real=True)


def potential(formula):
    @attrs.frozen
    class Drawn(Potential):
        name = "drawn"
        k: float = parameter(1.5, unit="energy", above=0, doc="strength")

        def energy(self, x):
            return formula(self.k, x)

    return Drawn()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_known_function_has_numpy_code_and_kernel_code(function):
    printed_otherwise = {"Max", "Min", "Heaviside", "Piecewise"}
    name = function.__name__
    assert name in printed_otherwise or name in {*NumPyPrinter._functions, *NumPyPrinter._special}
    assert name in printed_otherwise or name in COMPILED


@pytest.mark.parametrize(
    ("formula", "by_mpmath"),
    [
        (sympy.sec, mpmath.sec),
        (sympy.csc, mpmath.csc),
        (sympy.cot, mpmath.cot),
        (sympy.sech, mpmath.sech),
        (sympy.csch, mpmath.csch),
        (sympy.coth, mpmath.coth),
        (sympy.acot, mpmath.acot),
        (lambda u: sympy.asec(3 + u**2), lambda u: mpmath.asec(3 + u**2)),
        (lambda u: sympy.acsc(3 + u**2), lambda u: mpmath.acsc(3 + u**2)),
        (lambda u: sympy.asech(1 / (1 + u**2)), lambda u: mpmath.asech(1 / (1 + u**2))),
        (sympy.acsch, mpmath.acsch),
        (lambda u: sympy.acoth(3 + u**2), lambda u: mpmath.acoth(3 + u**2)),
        (sympy.sinc, mpmath.sinc),
        (sympy.frac, mpmath.frac),
        (lambda u: sympy.Mod(u, 0.7), lambda u: u - mpmath.mpf(0.7) * mpmath.floor(u / mpmath.mpf(0.7))),
        (lambda u: sympy.erf2(u, 2), lambda u: mpmath.erf(2) - mpmath.erf(u)),
        (cfunctions.expm1, mpmath.expm1),
        (cfunctions.log1p, mpmath.log1p),
        (cfunctions.hypot, None),
        (lambda u: sympy.real_root(u, 3), lambda u: mpmath.sign(u) * mpmath.cbrt(abs(u))),
        (
            lambda u: sympy.Piecewise((u, sympy.ITE(u < 1, u > 0, u > 2)), (0, True)),
            lambda u: u if (u > 0 if u < 1 else u > 2) else 0,
        ),
        (
            lambda u: sympy.Piecewise((1, sympy.Implies(u > 0, u > 1)), (0, True)),
            lambda u: 1 if u <= 0 or u > 1 else 0,
        ),
    ],
)
def test_what_has_a_form_in_known_functions_is_written_in_it(formula, by_mpmath):
    if by_mpmath is None:
        expression, by_mpmath = formula(X, 2), lambda u: mpmath.hypot(u, 2)
    else:
        expression = formula(X)
    points = np.array([-0.9, -0.31, 0.2, 0.77, 1.3, 2.4])
    got = array_function("f", [X], [in_known_functions(expression)])(points)[0]
    with mpmath.workdps(50):
        expected = [float(mpmath.re(by_mpmath(mpmath.mpf(float(p))))) for p in points]
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-14)


Z = sympy.Symbol("z", real=True)


@pytest.mark.parametrize(
    ("formula", "function"),
    [
        (lambda k, x: sympy.besselj(0, x), "besselj"),
        (lambda k, x: sympy.LambertW(x), "LambertW"),
        (lambda k, x: x**2 + sympy.polylog(2, x), "polylog"),
        (lambda k, x: sympy.Si(x), "Si"),
        (lambda k, x: sympy.DiracDelta(x), "DiracDelta"),
        (lambda k, x: sympy.Integral(sympy.sin(Z), (Z, 0, x)), "Integral"),
        (lambda k, x: sympy.Sum(x**Z, (Z, 0, k)), "Sum"),
        (lambda k, x: sympy.Derivative(sympy.sin(x), x), "Derivative"),
        (lambda k, x: sympy.KroneckerDelta(x, 1), "KroneckerDelta"),
        (lambda k, x: sympy.AccumBounds(0, 1) * x, "AccumulationBounds"),
        (lambda k, x: sympy.gamma(2 + x**2), "has a gradient that contains polygamma"),
        (lambda k, x: sympy.loggamma(2 + x**2), "has a gradient that contains polygamma"),
        (lambda k, x: x**2 * sympy.gamma(k), "has a derivative by k that contains polygamma"),
    ],
)
def test_a_function_without_code_is_refused_by_its_name_where_the_formula_is_read(formula, function):
    with pytest.raises(FormulaError, match=rf"Drawn\.energy .*{function}.*test_functions\.py, line .*Write it with"):
        potential_formulas(potential(formula))


def test_other_kinds_of_formula_are_read_alike():
    @attrs.frozen
    class Odd(Protocol):
        name = "odd"

        def intensity(self, t, duration):
            return sympy.besselj(0, t / duration)

    @attrs.frozen
    class Lossy(Objective):
        name = "lossy"

        def step_loss(self, s):
            return sympy.Si(s.gradient_next)

    with pytest.raises(FormulaError, match=r"Odd\.intensity contains besselj"):
        trace_intensity(Odd())
    with pytest.raises(FormulaError, match=r"Lossy\.step_loss contains Si"):
        trace_loss(Lossy())


def test_a_formula_of_known_functions_is_not_touched():
    formula = lambda k, x: k * sympy.log(sympy.cosh(x)) + sympy.Max(0, x) ** 2  # noqa: E731
    traced = trace_energy(potential(formula))
    assert traced.energy == formula(traced.parameters["k"], traced.x)
