"""The oracles themselves, against closed forms."""

from __future__ import annotations

import math

import attrs
import mpmath
import numpy as np
import pytest
import sympy

from thermozoo import Potential, parameter
from thermozoo.testing.checks.common import _value
from thermozoo.testing.checks.integrator import closed_form_variance
from thermozoo.testing.checks.potential_minima import minima
from thermozoo.testing.edges import breakpoints, energy_jumps, force_jumps
from thermozoo.testing.exact import Exact
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import CheckFailed
from thermozoo.testing.probes import ProbeQuartic, ProbeStep
from thermozoo.testing.transfer import exact_average, kernel, step_function


def test_differences_in_ninety_digits():
    with mpmath.workdps(90):
        exact = Exact(ProbeQuartic(a=0.5, c=0.25), {"a": 0.5, "c": 0.25})
        first, second = exact.first(1.5, 1.0), exact.second(1.5, 1.0)
        by_c, mixed = exact.by_parameter(1.5, "c", 1.0)
        expected = (1.5 + 1.5**3, 1 + 3 * 1.5**2, 1.5**4, 4 * 1.5**3)
        for sides, value in zip((first, second, by_c, mixed), expected, strict=True):
            assert sides.settled(1.0)
            assert not sides.edge(1.0)
            assert all(abs(one - value) <= sides.error < 1e-20 for one in sides.values)


@attrs.frozen
class Power(Potential):
    name = "power"
    p: float = parameter(2.5, unit="1", above=0, doc="exponent")

    def energy(self, x):
        return sympy.Abs(x) ** self.p


@pytest.mark.parametrize("p", [2.02, 2.5, 3.0, 3.5])
def test_a_curvature_that_vanishes_slowly_is_zero_within_its_own_error(p):
    with mpmath.workdps(90):
        sides = Exact(Power(p), {"p": p}).second(0.0, 1.0)
        assert sides.gap(0, 1.0) == 0.0
        assert sides.settled(1.0) is (p > 2.2)  # one that goes like |x|^0.02 has not gone at a step of 1e-31


def test_where_there_is_no_derivative_differences_do_not_settle():
    with mpmath.workdps(90):
        exact = Exact(Power(1.5), {"p": 1.5})
        assert exact.first(0.0, 1.0).settled(1.0)
        assert not exact.second(0.0, 1.0).settled(1.0)
        corner = Exact(Power(1.0), {"p": 1.0}).first(0.0, 1.0)
        assert corner.edge(1.0)
        assert [float(v) for v in corner.values] == [-1.0, 1.0]
        assert corner.gap(0, 1.0) == 0.0  # the middle
        assert corner.gap(1.5, 1.0) > 0.3


def test_the_harmonic_unit():
    oracle = UnitOracle(ProbeQuartic(a=2.0, c=0.0), 0.5)  # U = 2 x^2: variance kT / 4
    assert oracle.width == pytest.approx(math.sqrt(0.125), rel=1e-9)
    assert oracle.log_partition == pytest.approx(0.5 * math.log(2 * math.pi * 0.125), rel=1e-9)
    tilted = UnitOracle(ProbeQuartic(a=2.0, c=0.0), 0.5, tilt=1.0)
    assert tilted.center == pytest.approx(0.25, rel=1e-9)
    assert minima(UnitOracle(ProbeQuartic(a=-1.0, c=1.0), 0.5)) == pytest.approx([-math.sqrt(0.5), math.sqrt(0.5)])


@attrs.frozen
class Flat(Potential):
    """U = a x^2 - 2 cosh(x) + x^4 = -2 + (a - 1) x^2 + (11/12) x^4 + ...: its curvature vanishes at 0 for a = 1."""

    name = "flat"
    a: float = parameter(1.0, unit="energy", doc="stiffness")

    def energy(self, x):
        return self.a * x**2 - 2 * sympy.cosh(x) + x**4


@pytest.mark.parametrize(("a", "count"), [(1.0, 1), (1.0 + 1e-9, 1), (1.0 - 1e-9, 2)])
def test_minima_that_rounding_makes_and_minima_that_are_there(a, count):
    """Beside x = 0 the slope is (11/3) x^3: at x = 1e-9 the rounding of its terms is a thousand times that."""
    oracle = UnitOracle(Flat(a), 1e-3)
    oracle.__dict__["interval"] = (-4.0, 4.0)  # further out the energy falls
    found = minima(oracle)
    assert len(found) == count
    expected = 0.0 if count == 1 else math.sqrt(2e-9 / (11 / 3))
    assert np.abs(found) == pytest.approx(expected, rel=1e-4, abs=1e-12)


def test_an_energy_that_falls_on_both_sides_has_no_interval():
    with pytest.raises(CheckFailed, match="no interval holds the Boltzmann weight"):
        minima(UnitOracle(ProbeQuartic(a=-1.0, c=0.0), 0.5))


def test_breakpoints():
    x, a = sympy.symbols("x a", real=True)
    f = sympy.Piecewise((x**2, x < a), (x, True)) + sympy.Abs(x + 3) + sympy.Max(x, 5)
    assert breakpoints(f, x, {a: 2.0}) == [-3.0, 2.0, 5.0]
    assert breakpoints(sympy.Min(x, 1, 2 - x, evaluate=False), x, {}) == [1.0]
    assert breakpoints(sympy.Abs(sympy.exp(x) - 2), x, {}) == pytest.approx([math.log(2)])
    assert breakpoints((x**2 - 1) ** sympy.Rational(3, 2), x, {}) == [-1.0, 1.0]


SPELLINGS = [
    lambda x: sympy.Abs(x - 0.3),
    lambda x: sympy.Max(x - 0.3, 0.3 - x),
    lambda x: (x - 0.3) * sympy.sign(x - 0.3),
    lambda x: (x - 0.3) * (2 * sympy.Heaviside(x - 0.3) - 1),
    lambda x: sympy.sqrt((x - 0.3) ** 2),
    lambda x: sympy.Piecewise((0.3 - x, x < 0.3), (x - 0.3, True)),
]


def made_of(formula):
    @attrs.frozen
    class Made(Potential):
        name = "made"

        def energy(self, x):
            return formula(x)

    return UnitOracle(Made(), 0.5)


@pytest.mark.parametrize("formula", SPELLINGS)
def test_a_jump_of_the_force_is_found_however_it_is_written(formula):
    [jump] = force_jumps(made_of(lambda x: formula(x) + x**2))
    assert jump.x == pytest.approx(0.3, abs=1e-10)
    assert jump.height == pytest.approx(2.0, rel=1e-6)
    assert energy_jumps(made_of(lambda x: formula(x) + x**2)) == []


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: sympy.Abs(x) ** sympy.Rational(5, 2),
        lambda x: sympy.Abs(x) ** sympy.Rational(3, 2),
        lambda x: sympy.sqrt(x**2 + 1e-4),
        lambda x: x**4 + 50 * sympy.tanh(20 * x),
        pytest.param(
            lambda x: -sympy.log(sympy.exp(-((x - 19.33) ** 2) / 0.5) + sympy.exp(-((x + 19.33) ** 2) / 0.5)),
            marks=pytest.mark.long,
        ),
    ],
)
def test_what_is_steep_or_rounded_is_no_jump(formula):
    """The last one is log(0) in doubles midway between its wells."""
    assert force_jumps(made_of(formula)) == []


def test_a_formula_that_is_0_over_0_at_one_state_is_taken_to_its_limit():
    oracle = made_of(lambda x: x**2 + sympy.sin(x) / x)
    x = np.array([0.0, 0.5])
    assert oracle.energy(x) == pytest.approx([1.0, 0.25 + math.sin(0.5) / 0.5])
    assert oracle.gradient(x)[0] == pytest.approx(0.0, abs=1e-20)
    assert oracle.curvature(x)[0] == pytest.approx(2 - 1 / 3)
    with mpmath.workdps(90):
        assert Exact(oracle.potential, {}).first(0.0, 1.0).settled(1.0)
    assert math.isnan(made_of(lambda x: sympy.Abs(x) / x + x**2).energy(np.array([0.0]))[0])


def test_a_jump_of_the_energy_is_found_without_its_formula():
    jumps = energy_jumps(made_of(lambda x: x**4 + sympy.floor(x + 0.2) / (1 + x**2)))
    assert [j.x for j in jumps if abs(j.x) < 1.5] == pytest.approx([-1.2, -0.2, 0.8])
    assert jumps[-2].height == pytest.approx(1 / (1 + jumps[-2].x ** 2), rel=1e-6)


def test_ornstein_uhlenbeck_averages():
    """<x> = x0 exp(-mu k t) and <x^2> = x0^2 exp(-2 mu k t) + kT (1 - exp(-2 mu k t)) / k."""
    k, mu, kT, t, x0 = 2.0, 1.3, 0.5, 0.4, 0.7

    def energy(x):
        return k * x**2 / 2, k * x, np.full_like(x, k)

    decay = math.exp(-mu * k * t)
    assert exact_average(lambda x: x, x0, t, energy, mu, kT, 5.0) == pytest.approx(x0 * decay, rel=1e-8)
    expected = x0**2 * decay**2 + kT * (1 - decay**2) / k
    assert exact_average(lambda x: x**2, x0, t, energy, mu, kT, 5.0) == pytest.approx(expected, rel=1e-8)


def test_step_averages_and_closed_form():
    step = step_function(ProbeStep())
    x = np.array([0.3, -1.1])
    got = step.average(lambda y: y**2, x, lambda y: -2 * y, 1.3, 0.5, 0.05)
    mean = x * (1 - 2 * 1.3 * 0.05)
    assert got == pytest.approx(mean**2 + 2 * 1.3 * 0.5 * 0.05, rel=1e-12)
    a = 1.3 * 2 * 0.05
    expected = (0.5 / 2) / (1 - a / 2)  # Euler-Maruyama on a harmonic unit
    assert closed_form_variance(ProbeStep(), 2.0, 1.3, 0.5, 0.05) == pytest.approx(expected, rel=1e-12)


def test_kernel_rows_sum_to_one():
    x = np.linspace(-6, 6, 601)
    rows = kernel(x, -x, 1.3, 0.5, 0.02).sum(axis=1)
    assert rows[100:-100] == pytest.approx(1.0, abs=1e-10)


def spelled(formula):
    @attrs.frozen
    class Spelled(Potential):
        name = "spelled"
        k: float = parameter(2.0, unit="1", above=0, doc="a parameter")

        def energy(self, x):
            return formula(self.k, x)

    return Spelled()


@pytest.mark.parametrize(
    ("formula", "places"),
    [
        (lambda k, x: sympy.sin(x) / x + x**2, [0.0]),
        (lambda k, x: x * sympy.coth(x) + x**2 / k, [0.0]),
        (lambda k, x: sympy.Abs(x) ** k, [0.0]),
        (lambda k, x: k * sympy.Abs(x), [0.0]),
        (lambda k, x: sympy.Abs(x - 1) ** (k / 2), [1.0]),
    ],
)
def test_minima_where_the_slope_is_0_over_0(formula, places):
    """By symmetry; the slope has a limit there, or jumps."""
    assert minima(UnitOracle(spelled(formula), 0.5)) == pytest.approx(places, abs=1e-6)


def test_conditions_of_parameters_beside_those_of_the_state():
    oracle = UnitOracle(spelled(lambda k, x: sympy.Piecewise((x**2, sympy.And(k > 1, x < 0)), (k * x**2, True))), 0.5)
    np.testing.assert_allclose(oracle.energy(np.array([-2.0, 3.0])), [4.0, 18.0])


def test_values_and_differences_beside_a_state_of_0_over_0_keep_their_digits():
    """U = k (1 - cos x) / x^2 = k / 2 - k x^2 / 24 + ...: closer to x = 0 than 90 digits reach, too."""
    potential = spelled(lambda k, x: k * (1 - sympy.cos(x)) / x**2)
    with mpmath.workdps(90):
        exact = Exact(potential, {"k": 2.0})
        assert float(exact.energy(2e-233)) == 1.0
        assert [float(v) for v in exact.second(3e-17, 1.0).values] == pytest.approx([-1 / 6, -1 / 6])
        assert [float(v) for v in exact.by_parameter(2e-233, "k", 1.0)[0].values] == [0.5, 0.5]
    oracle = UnitOracle(potential, 0.5)
    assert oracle.gradient(np.array(0.0)) == 0.0
    assert oracle.curvature(np.array(0.0)) == pytest.approx(-1 / 6)


def test_a_staircase_at_a_float():
    x = sympy.Symbol("x", real=True)
    assert _value(sympy.Abs(x - 2 * sympy.floor(x / 2) - 1), {x: 4.25}) == pytest.approx(0.75)
