"""Rewritten formulas are the same numbers, and numbers where the formula as written overflows."""

from __future__ import annotations

import attrs
import mpmath
import numpy as np
import pytest
import sympy

from thermozoo import Potential, parameter
from thermozoo.computer.onsite import unit_energy
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.symbolic.codegen import array_function
from thermozoo.symbolic.derive import potential_formulas
from thermozoo.symbolic.stable import stable
from thermozoo.testing.probes import UNITS, ProbeStep, record, uncoupled

X, K = sympy.Symbol("x", real=True), sympy.Symbol("k", positive=True)

#: Each with whether its second derivative is a number at large states too.
FORMULAS = {
    "log cosh": (K * sympy.log(sympy.cosh(X)), True),
    "log of a multiple": (sympy.log(2 * sympy.cosh(K * X)), True),
    "log of a power": (sympy.log(sympy.cosh(X) ** 2), True),
    "softplus": (sympy.log(1 + K * sympy.exp(2 * X)) - X, True),
    "another base": (sympy.log(1 + sympy.exp(X), 10), True),
    "sum of two": (sympy.log(sympy.exp(X) + sympy.exp(-X)), True),
    "logistic": (sympy.exp(K * X) / (3 + sympy.exp(K * X)), True),
    "its slope": (sympy.exp(X) / (1 + sympy.exp(X)) ** 2, True),
    "quotients": (sympy.sinh(X) ** 2 / sympy.cosh(X) ** 3 + sympy.cosh(X) / sympy.sinh(X), True),
    "Langevin's": (sympy.log(K * sympy.sinh(X) / X), True),
    "an oscillator": (sympy.log(2 * sympy.sinh(1 + K * X**2)), True),
    "two normal densities": (-sympy.log(sympy.exp(-((X - 1) ** 2)) + sympy.exp(-((X + 1) ** 2))), False),
}


def values(expression, at):
    function = sympy.lambdify((X, K), expression, "numpy")
    with np.errstate(all="ignore"):
        return function(np.array(at, dtype=np.longdouble), np.longdouble(1.5))


@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_derivatives_stay(name):
    formula, _ = FORMULAS[name]
    at = np.array([-7.0, -1.3, -0.2, 0.4, 2.0, 6.5])
    for order in (0, 1, 2):
        expression = sympy.diff(formula, X, order) if order else formula
        np.testing.assert_allclose(
            values(stable(expression), at), values(expression, at), rtol=0, atol=1e-14 * 1.5**6 * 10**order
        )


@pytest.mark.parametrize("name", FORMULAS)
def test_large_states_give_numbers(name):
    formula, twice = FORMULAS[name]
    at = np.array([-4e4, -2e4, 2e4, 4e4])  # beyond the range of long doubles too
    for order in range(3 if twice else 2):
        expression = stable(sympy.diff(formula, X, order) if order else formula)
        assert np.isfinite(values(expression, at)).all()
    np.testing.assert_allclose(values(stable(FORMULAS["softplus"][0]), at), np.abs(at), rtol=1e-4)


@pytest.mark.parametrize(
    "formula", [X**4 - X, sympy.log(X**2 + sympy.E), sympy.log(2 + sympy.exp(-(X**2))), 1 / sympy.cosh(X)]
)
def test_what_cannot_overflow_is_left_as_it_is(formula):
    assert stable(formula) == formula


@attrs.frozen
class LogCosh(Potential):
    name = "log-cosh"
    A: float = parameter(2.0, unit="energy", above=0, doc="strength")

    def energy(self, x):
        return self.A * sympy.log(sympy.cosh(3 * x)) + x**2


@pytest.mark.long
@pytest.mark.parametrize("precision", ["single", "double"])
def test_engines_apply_the_force_where_cosh_overflows(precision):
    """A step of unit length at no temperature: x - 2 x - 3 A tanh(3 x)."""
    x = np.array([[-900.0, -300.0, -40.0, -0.5, 0.25, 50.0, 400.0, 1000.0]])
    assert x.shape[1] == UNITS
    for name in ("reference", "compiled"):
        dynamics = Dynamics(uncoupled(LogCosh(), 1e-30), ProbeStep(), dt=1.0, precision=precision)
        (moved,) = record(engine_named(name), dynamics, x, 1, NoiseKey(1))[1]
        np.testing.assert_allclose(moved, -x[0] - 6.0 * np.tanh(3.0 * x[0]), rtol=4 * np.finfo(dynamics.dtype).eps)


def test_a_derived_force_is_shown_with_tanh():
    formulas = potential_formulas(LogCosh())
    x, A = formulas.x, formulas.parameters["A"]
    assert formulas.gradient == 3 * A * sympy.tanh(3 * x) + 2 * x
    assert not formulas.curvature.has(sympy.sinh, sympy.cosh)


def test_an_even_energy_of_the_size_of_the_state_bends_at_zero_too():
    @attrs.frozen
    class Smooth(Potential):
        name = "smooth"

        def energy(self, x):
            return sympy.Abs(x) + sympy.log((1 + sympy.exp(-2 * sympy.Abs(x))) / 2)

    np.testing.assert_allclose(unit_energy(Smooth()).curvature(np.array([-1e-9, 0.0, 1e-9])), 1.0, rtol=1e-8)


@pytest.mark.parametrize(
    "expression",
    [
        sympy.log(sympy.cosh(X / K)),
        K * (1 - sympy.tanh(K * X) ** 2),
        sympy.diff(K * sympy.tanh(X / K), X, 2),
        K * X**2 - K * X**2 / sympy.tanh(X) ** 2,
    ],
    ids=str,
)
def test_no_digit_is_lost_where_terms_cancel(expression):
    """Against mpmath, close to zero and far out, where the terms as written are equal in all digits of a double."""
    code = array_function("tested", [X, K], [expression])
    at = [s * v for v in (1e-9, 1e-4, 0.3, 0.99, 1.01, 3.0, 18.0, 45.0) for s in (-1, 1)]
    with mpmath.workdps(120):
        exact = sympy.lambdify((X, K), expression, "mpmath")
        expected = [float(exact(mpmath.mpf(x), mpmath.mpf(1.5))) for x in at]
    np.testing.assert_allclose(code(np.array(at), 1.5)[0], expected, rtol=2e-14)
