"""Generated code against the expression itself, evaluated by sympy, at points that include the edges of branches."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from thermozoo.symbolic.codegen import array_function, lower

X, P, Q = sympy.Symbol("x", real=True), sympy.Symbol("p", real=True), sympy.Symbol("q", positive=True)

EXPRESSIONS = {
    "polynomial": P * X**4 - Q * X**2 + 3 * X - sympy.Rational(1, 3),
    "high power": X**17 + X**12,
    "negative powers": 1 / (1 + X**2) + (2 + X**2) ** -3,
    "roots": sympy.sqrt(1 + X**2) + 1 / sympy.sqrt(2 + X**2) + Q ** sympy.Rational(1, 3),
    "transcendental": sympy.sin(X) * sympy.exp(-(X**2)) + sympy.log(Q) + sympy.tanh(P * X) + sympy.atan(X),
    "hyperbolic": sympy.cosh(X) - sympy.sinh(P) + sympy.asinh(X),
    "constants": sympy.pi * X + sympy.E + sympy.sqrt(2),
    "big integer": X + sympy.Integer(2) ** 60,
    "max": sympy.Max(0, X, P),
    "min": sympy.Min(1, X - P),
    "abs": sympy.Abs(X - 1) + sympy.sign(X) * sympy.Abs(P),
    "heaviside": sympy.Heaviside(X, sympy.Rational(1, 2)) * X,
    "piecewise": sympy.Piecewise((X**2, X < 0), (sympy.sin(X), X <= 1), (P, True)),
    "nested": sympy.Piecewise((1, sympy.And(X > -1, X < 1)), (2, sympy.Or(X > 2, X <= -2)), (3, True)),
    "error function": sympy.erf(X) + sympy.erfc(P),
    "floor": sympy.floor(X) + sympy.ceiling(P),
}

#: Points at, just below and just above every edge of the branches.
EDGES = [e + d for e in (-2.0, -1.0, 0.0, 1.0, 2.0) for d in (-(2.0**-40), 0.0, 2.0**-40)]


def exact(expression, **values):
    point = {s: sympy.Rational(*float(values[s.name]).as_integer_ratio()) for s in (X, P, Q)}
    return float(expression.subs(point).evalf(40))


@pytest.mark.parametrize("name", EXPRESSIONS)
@given(
    x=st.one_of(st.sampled_from(EDGES), st.floats(-2.5, 2.5)),
    p=st.one_of(st.sampled_from(EDGES), st.floats(-2, 2)),
    q=st.floats(0.1, 3),
)
def test_numpy_code_against_sympy(name, x, p, q):
    expression = EXPRESSIONS[name]
    function = array_function("drawn", [X, P, Q], [expression])
    (value,) = function(np.array([x]), p, q)
    expected = exact(expression, x=x, p=p, q=q)
    size = 1 + abs(expected) + (3.0**17 if name == "high power" else 10.0)
    assert abs(value[0] - expected) <= 8 * np.finfo(float).eps * size


@given(x=st.floats(-2.5, 2.5), p=st.floats(-2, 2), q=st.floats(0.1, 3))
def test_horner_form_is_the_same_polynomial(x, p, q):
    expression = EXPRESSIONS["polynomial"]
    (value,) = array_function("horner", [X, P, Q], [expression], X)(np.array([x]), p, q)
    assert value[0] == pytest.approx(exact(expression, x=x, p=p, q=q), abs=1e-13)
    (prepared,) = lower([expression], X).outputs
    assert sympy.count_ops(prepared) <= sympy.count_ops(expression)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 4)])
def test_constants_broadcast_to_the_batch(dtype, shape):
    x = np.ones(shape, dtype=dtype)
    one, parameter, state = array_function("constants", [X, P], [sympy.Integer(7), P, X + P])(x, 2.0)
    for result, expected in ((one, 7), (parameter, 2), (state, 3)):
        assert result.shape == shape
        assert result.dtype == dtype
        assert np.all(result == expected)
        result[...] = 0  # each is an array of its own, writable
    assert np.all(x == 1)


def test_one_value_per_unit_broadcasts():
    x = np.arange(6.0).reshape(2, 3)
    (value,) = array_function("per_unit", [X, P], [P * X])(x, np.array([1.0, 10.0, 100.0]))
    assert value.tolist() == [[0.0, 10.0, 200.0], [3.0, 40.0, 500.0]]


def test_single_precision_stays_single():
    (value,) = array_function("typed", [X, P], [sympy.sqrt(X) * sympy.pi + P / 3])(np.ones(3, dtype=np.float32), 0.1)
    assert value.dtype == np.float32


def test_common_subexpressions_are_computed_once():
    shared = sympy.tanh(X * P)
    function = array_function("shared", [X, P], [shared + 1, shared**2, sympy.sin(shared)])
    assert function.source.count("np.tanh") == 1


def test_a_piecewise_without_default_is_undefined_elsewhere():
    function = array_function("partial", [X], [sympy.Piecewise((X, X > 0))])
    (value,) = function(np.array([1.0, -1.0]))
    assert value[0] == 1.0
    assert np.isnan(value[1])


@pytest.mark.filterwarnings("error")
def test_values_that_are_not_finite_come_without_warnings():
    pole, root, large = array_function("poles", [X], [1 / X**2, sympy.log(X), sympy.exp(X)])(np.array([0.0, -1.0, 1e4]))
    assert pole[0] == np.inf
    assert np.isnan(root[1])
    assert large[2] == np.inf


def test_a_function_without_code_is_named():
    with pytest.raises(TypeError, match="no NumPy code for the function zeta"):
        array_function("unknown", [X], [sympy.zeta(X)])
