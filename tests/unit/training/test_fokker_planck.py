"""Moments of an uncoupled unit: quadrature, closed forms, sampling, promises of the scheme."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.interpolate import BarycentricInterpolator

from thermozoo.errors import ParameterError, TrainingError
from thermozoo.training.exact.fokker_planck import densities
from thermozoo.training.exact.refinement import solve_moments
from thermozoo.training.exact.unit_grid import Unit, make_grid
from thermozoo.training.exact.unit_moments import chebyshev_nodes, moment_names, series_from_values, values_from_series

DURATION = 1.0


def polynomial(J2, J4, kT=0.1, mobility=1.0):
    """A quartic unit or a double well."""
    # products, which arrays are much faster at than at powers
    return Unit(
        lambda x: (J2 + J4 * x * x) * x * x,
        lambda x: (2 * J2 + 4 * J4 * x * x) * x,
        kT,
        mobility,
    )


def rippled(kT=0.1):
    return Unit(lambda x: x**2 + 0.3 * np.cos(5 * x), lambda x: 2 * x - 1.5 * np.sin(5 * x), kT)


def fade(t):
    return 2 * np.maximum(0, 1 - t / 0.75)


POTENTIALS = {
    "quartic": polynomial(1.0, 1.0),
    "double-well": polynomial(-1.0, 1.0),
    "cosine": rippled(),
}

#: The rippled one takes seconds, and is for the long run.
MOST = [pytest.param(name, marks=pytest.mark.long) if name == "cosine" else name for name in POTENTIALS]


def average(unit, function, force):
    """Boltzmann average by the trapezoidal rule, which converges exponentially here."""
    x = np.linspace(-4, 4, 40_001)
    energy = unit.energy(x) - force * x
    weight = np.exp(-(energy - energy.min()) / unit.temperature)
    return np.sum(function(x) * weight) / np.sum(weight)


def at(moments, name, s, times):
    """A moment at given times, shape (T, *s.shape): the polynomial through the nodes of each time's segment."""
    segments = moments.breakpoints.size - 1
    nodes, values = (np.split(array, segments) for array in (moments.times, moments(name, s)))
    which = np.clip(np.searchsorted(moments.breakpoints, times) - 1, 0, segments - 1)
    return np.stack([BarycentricInterpolator(nodes[k], values[k])(t) for k, t in zip(which, times, strict=True)])


@pytest.mark.parametrize("name", POTENTIALS)
def test_moments_at_equilibrium_are_those_of_quadrature(name):
    unit = POTENTIALS[name]
    strengths = np.array([-0.7, 0.0, 0.3, 1.9])
    moments = solve_moments(unit, lambda t: 1.5, DURATION, (-1, 2), tolerance=1e-6)
    for s, mean, variance, force in zip(
        strengths, *(moments(n, strengths).T for n in ("mean", "variance", "force")), strict=True
    ):
        expected = average(unit, lambda x: x, 1.5 * s)
        spread = average(unit, np.square, 1.5 * s) - expected**2
        # Nothing moves at equilibrium: all times agree with quadrature.
        np.testing.assert_allclose(mean, expected, atol=2e-6)
        np.testing.assert_allclose(variance, spread, atol=2e-6)
        np.testing.assert_allclose(force, 1.5 * s, atol=2e-5)


def test_averages_of_observables_are_those_of_quadrature():
    plain = POTENTIALS["quartic"]
    functions = {
        "slope": lambda x: 2.0,
        "cube": lambda x: 4 * x**3,
        "product": lambda x: 4 * x**3 * plain.gradient(x),
        "square": lambda x: 16 * x**6,
    }
    unit = attrs.evolve(plain, observables=functions)
    moments = solve_moments(unit, lambda t: 1.0, DURATION, (-1, 2), tolerance=1e-7)
    assert moments.names == moment_names(unit) == ("mean", "variance", "force", *functions)
    for name, function in functions.items():
        np.testing.assert_allclose(moments(name, 1.3)[0], average(unit, function, 1.3), rtol=1e-5)


def test_linear_unit_follows_the_closed_form():
    stiffness, kT, mobility = 2.0, 0.3, 1.7
    unit = Unit(lambda x: stiffness * x**2 / 2, lambda x: stiffness * x, kT, mobility)
    moments = solve_moments(unit, fade, DURATION, (-1, 3), breakpoints=[0.75], tolerance=1e-5)
    s, rate = 2.2, mobility * stiffness

    def mean(t):
        """The start, forgotten, and the integral of exp(-rate (t - u)) mobility a(u) s over u, by parts."""
        end = np.minimum(t, 0.75)
        slope = 1 / (rate * 0.75)
        pushed = np.exp(rate * (end - t)) * (1 - end / 0.75 + slope) - np.exp(-rate * t) * (1 + slope)
        return np.exp(-rate * t) * fade(0) * s / stiffness + 2 * mobility * s / rate * pushed

    expected = mean(moments.times)
    np.testing.assert_allclose(moments("mean", s)[:, ...], expected, atol=5e-6)
    np.testing.assert_allclose(moments("variance", s), kT / stiffness, atol=5e-6)
    np.testing.assert_allclose(moments("force", s), stiffness * expected, atol=2e-5)
    # The nodes are a quadrature: the integral of the squared mean over the duration.
    integral = quad(lambda t: mean(t) ** 2, 0, DURATION, points=[0.75], epsabs=1e-10)[0]
    assert moments.weights @ moments("mean", s) ** 2 == pytest.approx(integral, abs=2e-5)


def sampled(unit, s, times, count, seed):
    """Stochastic Heun paths (weak order two) from equilibrium under a(0) s, by rejection."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-4, 4, 40001)
    weight = np.exp(-(unit.energy(x) - fade(0) * s * x - (unit.energy(x) - fade(0) * s * x).min()) / unit.temperature)
    x = np.interp(rng.random(count), np.cumsum(weight) / weight.sum(), x)
    dt, states = 2e-3, []
    for step in range(round(times[-1] / dt)):
        noise = np.sqrt(2 * unit.mobility * unit.temperature * dt) * rng.standard_normal(count)
        here = unit.mobility * (fade(step * dt) * s - unit.gradient(x))
        there = unit.mobility * (fade((step + 1) * dt) * s - unit.gradient(x + here * dt + noise))
        x = x + (here + there) * dt / 2 + noise
        if np.any(np.isclose((step + 1) * dt, times)):
            states.append(x)
    return np.stack(states)


@pytest.mark.parametrize("name", MOST)
def test_moments_in_time_are_those_of_sampled_paths(name):
    # 3 potentials x 2 s x 3 times x 3 moments = 54 comparisons at 4.5 standard errors:
    # one false alarm in 2,700 seeds.
    # Heun's bias is below (mu U'' dt)^2 / 2 = 1e-3 of a moment, a tenth of a standard error.
    unit, count, times = POTENTIALS[name], 20_000, np.array([0.2, 0.6, 1.0])
    moments = solve_moments(unit, fade, DURATION, (-0.6, 1.4), breakpoints=[0.75])
    for s in (-0.5, 1.3):
        x = sampled(unit, s, times, count, seed=20)
        force = unit.gradient(x)
        for found, sample, error in (
            (at(moments, "mean", s, times), x.mean(axis=1), x.std(axis=1)),
            (at(moments, "force", s, times), force.mean(axis=1), force.std(axis=1)),
            (
                at(moments, "variance", s, times),
                x.var(axis=1),
                ((x - x.mean(axis=1)[:, None]) ** 2).std(axis=1),
            ),
        ):
            assert np.all(np.abs(found - sample) < 4.5 * error / np.sqrt(count))


@settings(deadline=None, max_examples=30)
@given(
    J2=st.floats(-2, 2),
    J4=st.floats(0.3, 2),
    kT=st.floats(0.05, 1),
    step=st.floats(1e-4, 10),
    amplitude=st.floats(-3, 3),
)
def test_probability_is_positive_and_conserved_at_any_step(J2, J4, kT, step, amplitude):
    unit, strengths = polynomial(J2, J4, kT), np.array([-1.0, 0.0, 2.0])
    grid = make_grid(unit, strengths, (min(amplitude, 0), max(amplitude, 0)))
    edges = step * np.arange(6)
    for density in list(densities(unit, grid, strengths, lambda t: amplitude * np.cos(t / step) ** 2, edges))[1:]:
        assert density.min() > 0
        np.testing.assert_allclose(density.sum(axis=1), 1, rtol=1e-11)


@pytest.mark.parametrize("name", POTENTIALS)
@pytest.mark.parametrize("resolution", [0.3, 1.0])
def test_equilibrium_is_the_stationary_state_of_any_grid(name, resolution):
    unit, strengths = POTENTIALS[name], np.array([-1.0, 0.4, 2.0])
    grid = make_grid(unit, strengths, (1.2, 1.2), resolution=resolution)
    first, *_, last = densities(unit, grid, strengths, lambda t: 1.2 + 0 * t, np.arange(50.0))
    ratio = np.diff(np.log(first), axis=1)
    energy = unit.energy(grid.x) - 1.2 * strengths[:, None] * grid.x
    np.testing.assert_allclose(ratio, -np.diff(energy, axis=1) / unit.temperature, atol=1e-9)
    np.testing.assert_allclose(last, first, rtol=1e-9, atol=1e-15)


def errors(unit, resolutions, substeps, steps=8):
    """Error of the mean at one time against a much finer solution."""
    s, edges = np.array([1.5]), np.linspace(0, 0.4, steps + 1)

    def mean(resolution, count):
        grid = make_grid(unit, s, (0, 2), resolution=resolution)
        *_, last = densities(unit, grid, s, fade, edges, substeps=count)
        return float((last * grid.x).sum())

    return np.array([mean(r, n) for r, n in zip(resolutions, substeps, strict=True)])


def test_steps_are_of_first_order_and_spacings_of_second():
    unit = POTENTIALS["quartic"]
    by_step = np.diff(errors(unit, [1.0] * 4, [8, 16, 32, 64]))
    np.testing.assert_allclose(np.log2(by_step[:-1] / by_step[1:]), 1, atol=0.1)
    by_spacing = np.diff(errors(unit, [1.0, 2.0, 4.0, 8.0], [4] * 4))
    np.testing.assert_allclose(np.log2(by_spacing[:-1] / by_spacing[1:]), 2, atol=0.1)


@pytest.mark.parametrize("name", MOST)
def test_stated_errors_bound_the_true_ones(name):
    unit, s, times = POTENTIALS[name], np.linspace(-0.6, 1.4, 41), [0.1, 0.5, 0.9]
    rough = solve_moments(unit, fade, DURATION, (-0.6, 1.4), tolerance=3e-3, breakpoints=[0.75])
    fine = solve_moments(unit, fade, DURATION, (-0.6, 1.4), tolerance=1e-5, breakpoints=[0.75])
    stated = sum(rough.errors.values())
    assert max(rough.errors.values()) <= 3e-3
    for moment in ("mean", "variance", "force"):
        found, exact = (at(one, moment, s, times) for one in (rough, fine))
        assert np.abs(found - exact).max() <= stated * np.abs(exact).max()


def test_a_force_of_opposite_sign_mirrors_a_symmetric_unit():
    moments = solve_moments(POTENTIALS["double-well"], fade, DURATION, (-1, 1), breakpoints=[0.75])
    s = np.linspace(0, 1, 7)
    np.testing.assert_allclose(moments("mean", s), -moments("mean", -s), atol=1e-3)
    np.testing.assert_allclose(moments("variance", s), moments("variance", -s), atol=1e-3)


def test_one_value_of_s_is_enough():
    moments = solve_moments(POTENTIALS["quartic"], fade, DURATION, (1.0, 1.0), breakpoints=[0.75])
    wide = solve_moments(POTENTIALS["quartic"], fade, DURATION, (0.0, 2.0), breakpoints=[0.75])
    one, among = (at(found, "mean", 1.0, [0.0, 0.5]) for found in (moments, wide))
    np.testing.assert_allclose(one, among, atol=3e-4)


def test_few_values_of_s_are_solved_for_themselves():
    """They have the moments of a range of s, and of no other value; bounds as stated, of both."""
    unit, times, keys = POTENTIALS["quartic"], np.linspace(0.0, DURATION, 7), {"breakpoints": [0.75]}
    whole = solve_moments(unit, fade, DURATION, (-1, 2), **keys)
    few = solve_moments(unit, fade, DURATION, (-1, 2), listed=np.array([-1.0, 0.5, 2.0]), **keys)
    strengths = np.array([[2.0, 0.5], [-1.0, 2.0]])
    assert few.coefficients.shape[0] == 3
    for name in moment_names(unit):
        np.testing.assert_allclose(at(few, name, strengths, times), at(whole, name, strengths, times), atol=2e-3)
    with pytest.raises(ParameterError, match=r"one of the values that were solved for, -1, 0\.5, 2; got 0\.4"):
        few("mean", 0.4)


def test_many_short_segments_have_the_moments_of_few():
    unit, times = POTENTIALS["quartic"], np.linspace(0.0, DURATION, 9)
    few = solve_moments(unit, fade, DURATION, (-1, 2), breakpoints=[0.75], tolerance=1e-4)
    cuts = [0.75, *np.linspace(0, DURATION, 21)[1:-1]]
    many = solve_moments(unit, fade, DURATION, (-1, 2), breakpoints=cuts, tolerance=1e-4)
    strengths = np.array([-1.0, 0.3, 2.0])
    for name in moment_names(unit):
        np.testing.assert_allclose(at(many, name, strengths, times), at(few, name, strengths, times), atol=2e-3)


def test_a_held_intensity_keeps_the_equilibrium():
    """Until it changes nothing is to be solved, and the state afterwards is that of the same protocol in full."""
    unit, strengths = POTENTIALS["quartic"], np.array([-1.0, 2.0])
    grid, edges = make_grid(unit, strengths, (0.0, 2.0)), np.linspace(0.0, 1.0, 11)
    held = [p.copy() for p in densities(unit, grid, strengths, lambda t: np.where(t < 0.5, 2.0, 0.0), edges)]
    at_once = [p.copy() for p in densities(unit, grid, strengths, lambda t: np.where(t <= 0, 2.0, 0.0), edges[:6])]
    assert all(np.array_equal(one, held[0]) for one in held[1:6])
    np.testing.assert_allclose(held[10], at_once[5], atol=1e-13)
    assert np.abs(held[10] - held[0]).max() > 1e-3


@pytest.mark.parametrize("count", [1, 2, 9])
def test_series_and_values_at_chebyshev_points(count):
    assert series_from_values(count) @ values_from_series(count) == pytest.approx(np.eye(count), abs=1e-14)
    nodes = chebyshev_nodes(-1.0, 1.0, count)
    polynomial = np.polynomial.Chebyshev(np.arange(1.0, count + 1))
    assert values_from_series(count) @ polynomial.coef == pytest.approx(polynomial(nodes), abs=1e-13)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_units_of_length_do_not_matter(scale):
    unit = Unit(lambda x: (x / scale) ** 4, lambda x: 4 * x**3 / scale**4, 0.1, scale**2)
    one = Unit(lambda x: x**4, lambda x: 4 * x**3, 0.1)
    found = solve_moments(unit, lambda t: fade(t) / scale, DURATION, (0, 1), breakpoints=[0.75])
    expected = solve_moments(one, fade, DURATION, (0, 1), breakpoints=[0.75])
    np.testing.assert_allclose(found("mean", 0.7) / scale, expected("mean", 0.7), rtol=1e-6)


@pytest.mark.parametrize(
    ("energy", "gradient", "message"),
    [
        (np.cos, lambda x: -np.sin(x), "does not confine"),
        (np.abs, np.sign, "does not confine"),
        (lambda x: -(x**4) + x**2, lambda x: -4 * x**3 + 2 * x, "does not confine"),
        (lambda x: np.where(x > 0, x**2, np.nan), lambda x: 2 * x, "not a number"),
    ],
)
def test_a_potential_that_cannot_be_solved_is_refused(energy, gradient, message):
    with pytest.raises(TrainingError, match=message):
        solve_moments(Unit(energy, gradient, 0.1), fade, DURATION, (-1, 3))


@pytest.mark.parametrize("temperature", [1e-12, 1e-30])
def test_a_temperature_at_which_no_grid_resolves_the_well_is_refused(temperature):
    """At 1e-30 the thermal width is below the rounding of the place of the minimum under a force."""
    cold = Unit(lambda x: x**2 + x**4, lambda x: 2 * x + 4 * x**3, temperature)
    with pytest.raises(TrainingError, match="varies on too small a scale; raise the temperature"):
        solve_moments(cold, fade, DURATION, (-0.2, 0.2))


def test_a_protocol_with_unnamed_jumps_is_refused_with_the_remedy():
    with pytest.raises(TrainingError, match="breakpoints"):
        solve_moments(POTENTIALS["quartic"], lambda t: 1.0 * (np.sin(40 * t) > 0), DURATION, (-1, 1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration": 0.0}, "duration"),
        ({"strengths": (2, 1)}, "range of s"),
        ({"intensity": lambda t: 1 / (t - 0.5)}, "not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_arguments_that_make_no_sense_are_refused(change, message):
    given = {"intensity": fade, "duration": DURATION, "strengths": (-1, 1), **change}
    with pytest.raises(ParameterError, match=message):
        solve_moments(POTENTIALS["quartic"], **given)


def test_units_and_moments_that_make_no_sense_are_refused():
    with pytest.raises(ParameterError, match="temperature"):
        Unit(np.square, np.negative, 0.0)
    with pytest.raises(ParameterError, match="force"):
        Unit(np.square, np.negative, 0.1, 1.0, {"force": np.sin})
    moments = solve_moments(POTENTIALS["quartic"], fade, DURATION, (0, 1), tolerance=1e-2)
    with pytest.raises(ParameterError, match=r"\[0, 1\]"):
        moments("mean", 1.1)
    with pytest.raises(ParameterError, match="no moment"):
        moments("median", 0.5)


KINKS = {
    "vee": (lambda x: np.abs(x) + x**4, lambda x: np.sign(x) + 4 * x**3),
    "one-sided slope": (lambda x: np.abs(x) + x**4, lambda x: np.where(x > 0, 1.0, -1.0) + 4 * x**3),
    "vee aside": (lambda x: np.abs(x - 0.314) + x**4, lambda x: np.sign(x - 0.314) + 4 * x**3),
    "wall": (lambda x: np.maximum(x, 0.2) ** 2 + x**2, lambda x: 2 * x * (x > 0.2) + 2 * x),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_of_the_energy_are_resolved(name):
    """At equilibrium under a force f, <U'> = f exactly, and the mean is that of quadrature."""
    energy, gradient = KINKS[name]
    kT = 0.2
    moments = solve_moments(Unit(energy, gradient, kT), np.ones_like, 1.0, (-2.0, 2.0))
    x = np.linspace(-4, 4, 40_001)  # an edge costs the trapezoidal rule the square of its spacing, 4e-8
    for s in (-1.7, -0.2, 0.0, 0.9, 2.0):
        assert moments("force", s)[0] == pytest.approx(s, abs=2e-3)
        weight = np.exp(-(energy(x) - s * x - (energy(x) - s * x).min()) / kT)
        assert moments("mean", s)[0] == pytest.approx((weight * x).sum() / weight.sum(), abs=1e-3)


def test_all_values_of_s_share_one_lattice():
    unit = Unit(lambda x: np.abs(x) + x**4, lambda x: np.sign(x) + 4 * x**3, 0.2)
    grid = make_grid(unit, np.linspace(-2, 2, 7), (0.0, 1.0))
    multiples = grid.x / grid.spacing[0]
    np.testing.assert_allclose(multiples, np.round(multiples), atol=1e-9)
    assert np.ptp(grid.spacing) == 0
