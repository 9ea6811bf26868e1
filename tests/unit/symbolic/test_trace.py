"""A formula that cannot be traced says what is wrong with it, where, and what to write instead."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
import sympy

from thermozoo import Integrator, Objective, Potential, Protocol, option, parameter
from thermozoo.errors import FormulaError
from thermozoo.interfaces.tree import flat_parameters
from thermozoo.symbolic import guard
from thermozoo.symbolic.trace import trace_energy, trace_intensity, trace_loss, trace_step


def potential(formula, written=None):
    @attrs.frozen
    class Drawn(Potential):
        name = "drawn"
        k: float = parameter(2.0, unit="energy", above=0, doc="stiffness")

        def energy(self, x):
            return formula(self, x)

        def gradient(self, x):
            return None if written is None else written(self, x)

    return Drawn()


def test_energy_is_called_with_symbols_of_the_declared_bounds():
    traced = trace_energy(potential(lambda self, x: self.k * x**2))
    (k,) = traced.parameters.values()
    assert traced.energy == k * traced.x**2
    assert k.is_positive
    assert traced.x.is_real
    assert traced.x.is_positive is None
    assert traced.written_gradient is None


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (
            lambda s: s.x + s.temperature,
            r"s has no attribute 'temperature'; s has dt, force\(at\), kT, mobility, noise\(\), uniform\(\), x",
        ),
        (lambda s: s.x + s.mobilty, "s has no attribute 'mobilty'; did you mean 'mobility'"),
        (lambda s: s.x + s.force * s.dt, r"call s\.force\(s\.x\), the force at the state s\.x"),
        (lambda s: s.x + s.noise, r"call s\.noise\(\)"),
        (lambda s: s.x + s.force(), r"raised TypeError: force\(\) missing .* write .* s\.force\(s\.x\) for the force"),
        (lambda s: s.x + s.noise(1), r"write s\.noise\(\) for a standard normal number"),
    ],
)
def test_a_step_that_misuses_its_symbols(formula, said):
    @attrs.frozen
    class Drawn(Integrator):
        name = "drawn"

        def step(self, s):
            return formula(s)

    with pytest.raises(FormulaError, match=said) as caught:
        trace_step(Drawn())
    assert "_Step" not in str(caught.value)


def test_a_loss_that_asks_for_what_is_not_there():
    @attrs.frozen
    class Drawn(Objective):
        name = "drawn"

        def step_loss(self, s):
            return s.force

    with pytest.raises(FormulaError, match="s has dt, gradient, gradient_next, kT, mobility, x, x_next"):
        trace_loss(Drawn())


def test_a_formula_that_takes_other_arguments():
    @attrs.frozen
    class Drawn(Potential):
        name = "drawn"

        def energy(self):
            return 1

    with pytest.raises(FormulaError, match=r"takes 1 positional argument .*: write def energy\(self, x\)\.$"):
        trace_energy(Drawn())


def formula_with_numpy(self, x):
    return self.k * np.abs(x) + np.sin(x)


def formula_with_math(self, x):
    return math.exp(x)


def formula_with_branch(self, x):
    if x > 0:
        return x
    return -x


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (lambda self, x: None, "returned None"),
        (lambda self, x: [x, x], "scalar, never a vector"),
        (lambda self, x: sympy.Matrix([x]), "scalar, never a vector"),
        (lambda self, x: "x**2", "must return one expression"),
        (lambda self, x: x**2 + sympy.Symbol("q"), "undeclared symbols: q"),
        (lambda self, x: sympy.Function("f")(x), "undefined function f"),
        (lambda self, x: sympy.I * x, "not a real, finite expression"),
        (lambda self, x: sympy.oo, "not a real, finite expression"),
        (lambda self, x: self.stiffness * x, "no attribute 'stiffness'"),
        (formula_with_numpy, r"sympy\.sin instead|sympy\.Abs instead"),
        (formula_with_math, r"math\.exp, which does not take symbols .*sympy\.exp instead"),
        (lambda self, x: sympy.Integer(10) ** 400 * x**2, r"a number above 1.8e\+308, too large"),
        (lambda self, x: setattr(self, "k", 2.0) or x**2, r"sets an attribute .*a plugin never changes"),
        (formula_with_branch, r"branches on a symbol .*sympy\.Piecewise"),
        (lambda self, x: self.k * x ^ 2, r"uses \^, which is no power in Python .*write \*\* instead"),
        (lambda self, x: x ^ 2, r"uses \^, which is no power in Python .*write \*\* instead"),
        (lambda self, x: x ^ self.k, r"uses \^, which is no power in Python .*write \*\* instead"),
        (lambda self, x: self.kk * x**2, r"no attribute 'kk'; did you mean 'k'\?; its parameters: k"),
        (lambda self, x: sympy.coshh(x), r"sympy has no attribute 'coshh'; did you mean 'cosh'\?"),
        (lambda self, x: sp.cosh(x), r"'sp', which is not defined .*write 'import sympy' at the top"),  # noqa: F821
        (lambda self, x: cosh(x), r"write 'import sympy' at the top of the file, and sympy\.cosh"),  # noqa: F821
        (lambda self, x: k * x, r"'k', which is not defined .*write self\.k"),  # noqa: F821
        (lambda self, x: max(x, 0), r"Python's max, .*write sympy\.Max instead"),
        (lambda self, x: x + min(x, 0), r"Python's min, .*write sympy\.Min instead"),
        (lambda self, x: np.log1p(x), r"np\.log1p, .*write sympy\.log\(1 \+ x\) instead"),
        (lambda self, x: math.expm1(x), r"math\.expm1, .*write sympy\.exp\(x\) - 1 instead"),
        (lambda self, x: np.ediff1d([0, 1, x]) + np.sin(x), "use arithmetic and sympy's functions"),
    ],
)
def test_a_formula_that_is_none_is_explained(formula, said):
    with pytest.raises(FormulaError, match=said) as caught:
        trace_energy(potential(formula))
    assert "Drawn.energy" in str(caught.value) or "formula" in str(caught.value)
    assert "test_trace.py, line" in str(caught.value)


def test_a_formula_that_loops_for_ever_is_stopped(monkeypatch):
    monkeypatch.setattr(guard, "TIME_LIMIT", 0.05)

    def endless(self, x):
        while True:
            pass

    with pytest.raises(FormulaError, match="does it loop for ever"):
        trace_energy(potential(endless))


def test_parameters_of_a_held_potential_have_dotted_names():
    held = potential(lambda self, x: self.k * x**2)

    @attrs.frozen
    class Shifted(Potential):
        name = "shifted"
        shift: float = parameter(0.5, unit="1", doc="where")
        inner: Potential = option(doc="what is shifted", default=held)

        def energy(self, x):
            return self.inner.energy(x - self.shift)

    assert [(n, v) for n, _, v in flat_parameters(Shifted())] == [("shift", 0.5), ("inner.k", 2.0)]
    traced = trace_energy(Shifted())
    shift, k = traced.parameters["shift"], traced.parameters["inner.k"]
    assert sympy.expand(traced.energy - k * (traced.x - shift) ** 2) == 0


def test_the_step_of_euler_maruyama(euler):
    step = trace_step(euler)
    assert step.stages == (step.x,)
    (f,), (xi,) = step.forces, step.noises
    expected = step.x + step.mobility * f * step.dt + sympy.sqrt(2 * step.mobility * step.kT * step.dt) * xi
    assert sympy.simplify(step.result - expected) == 0


def test_a_protocol_may_use_time_and_duration_only():
    @attrs.frozen
    class Odd(Protocol):
        name = "odd"

        def intensity(self, t, duration):
            return t / duration + sympy.Symbol("u")

    with pytest.raises(FormulaError, match="undeclared symbols: u"):
        trace_intensity(Odd())


def test_a_parameter_may_not_take_the_name_of_the_state():
    """Both would be one symbol: (y - x)^2 would vanish."""

    @attrs.frozen
    class Shifted(Potential):
        name = "shifted"
        x: float = parameter(0.7, unit="1", doc="place of the well")

        def energy(self, y):
            return (y - self.x) ** 2

    with pytest.raises(FormulaError, match=r"Shifted calls a parameter 'x'.*rename the parameter"):
        trace_energy(Shifted())


def test_a_parameter_may_not_share_its_symbol_with_that_of_a_held_plugin():
    @attrs.frozen
    class Inner(Potential):
        name = "inner"
        k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

        def energy(self, x):
            return self.k * x**2

    @attrs.frozen
    class Outer(Potential):
        name = "outer"
        inner: Potential = option(factory=Inner, doc="what it holds")
        inner_k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

        def energy(self, x):
            return self.inner.energy(x) + self.inner_k * x**4

    with pytest.raises(FormulaError, match=r"'inner_k' and 'inner\.k' would both be inner_k"):
        trace_energy(Outer())
