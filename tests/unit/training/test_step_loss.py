"""The gradient of the reverse loss, and the four traps into which published code or print has fallen.

The oracle is the loss written out by hand (W. eq. 7), differentiated by a complex step, which is exact to rounding.
"""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import DoubleWell, Quartic

from thermozoo import Objective, Potential, option, parameter
from thermozoo.computer.computer import assemble
from thermozoo.training.loss import StepLoss


def edge_direction(computer, e):
    i, j = computer.couplings.edges[e]
    unit = np.zeros((computer.n, computer.n))
    unit[i, j] = unit[j, i] = 1.0
    return unit


def by_hand(plain, computer, dt, x, x_next):
    """Gradient for couplings, then for every bias, by complex steps."""
    matrix = computer.couplings.matrix()
    couplings = [
        plain.complex_step(lambda m: plain.loss(computer, dt, x, x_next, matrix=m), matrix, edge_direction(computer, e))
        for e in range(computer.couplings.size)
    ]
    biases = [
        plain.complex_step(
            lambda b: plain.loss(computer, dt, x, x_next, biases=b), computer.biases, np.eye(computer.n)[i]
        )
        for i in range(computer.n)
    ]
    return np.array(couplings), np.array(biases)


def sizes(computer, dt, x, x_next):
    """Size of what is added up in r, and in the gradients of couplings and biases."""
    x, x_next = x.astype(float), x_next.astype(float)
    g = np.abs(x_next) @ np.abs(computer.couplings.matrix()) + np.abs(computer.biases)
    for where, one in computer.onsite.parts():
        p = one.potential
        g[:, where] += (
            2 * abs(p.J2) * np.abs(x_next[:, where]) + 4 * getattr(p, "J4", 0) * np.abs(x_next[:, where]) ** 3
        )
    r = (np.abs(x) + np.abs(x_next) + computer.mobility * g * dt) / (2 * computer.temperature)
    i, j = computer.couplings.edges.T
    couplings = (r[:, i] * np.abs(x_next[:, j]) + r[:, j] * np.abs(x_next[:, i])).sum(axis=0)
    return couplings, r.sum(axis=0), (r**2).sum() * computer.temperature / (computer.mobility * dt)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(data=st.data(), clamped=st.booleans())
def test_gradients_against_the_loss_by_hand(drawn, plain, objective, dtype, data, clamped):
    computer = data.draw(drawn.computers(clamped=clamped))
    dt, x, x_next = data.draw(drawn.steps(computer))
    x, x_next = x.astype(dtype), x_next.astype(dtype)
    loss = StepLoss(objective, dt)
    total, gradient = loss.gradient(computer, x, x_next)
    wide, wide_next = x.astype(float), x_next.astype(float)
    couplings, biases = by_hand(plain, computer, dt, wide, wide_next)
    for_couplings, for_biases, for_loss = sizes(computer, dt, x, x_next)
    eps = (computer.n + 20) * np.finfo(dtype).eps
    edges = computer.couplings.size
    assert gradient.dtype == np.float64
    assert len(gradient) == len(computer.parameters)
    assert np.all(np.abs(gradient[:edges] - couplings) <= eps * for_couplings)
    trainable = computer.trainable_biases
    assert np.all(np.abs(gradient[edges:] - biases[trainable]) <= eps * for_biases[trainable])
    expected = plain.loss(computer, dt, wide, wide_next)
    assert abs(total - expected) <= eps * for_loss
    value = loss.value(computer, x, x_next)
    assert value.shape == (len(x),)
    assert value.dtype == np.float64
    assert abs(value.sum() - expected) <= eps * for_loss


@given(data=st.data())
def test_gradients_against_differences_of_the_loss_itself(drawn, objective, data):
    """Central differences of `StepLoss.value`: the loss is quadratic, so they are exact up to rounding."""
    computer = data.draw(drawn.computers())
    dt, x, x_next = data.draw(drawn.steps(computer))
    loss = StepLoss(objective, dt)
    _, gradient = loss.gradient(computer, x, x_next)
    vector = computer.parameters
    for p in range(len(vector)):
        h = 0.5
        up, down = (
            loss.value(computer.with_parameters(vector + s * h * np.eye(len(vector))[p]), x, x_next).sum()
            for s in (1, -1)
        )
        tolerance = 100 * np.finfo(float).eps * (abs(up) + abs(down)) / h
        assert abs(gradient[p] - (up - down) / (2 * h)) <= tolerance


@given(data=st.data())
def test_gradients_by_on_site_parameters(drawn, plain, objective, data):
    """Every parameter group of every potential, one entry a unit, by complex steps of the loss by hand."""
    computer = data.draw(drawn.computers())
    dt, x, x_next = data.draw(drawn.steps(computer))
    loss = StepLoss(objective, dt)
    _, for_biases, _ = sizes(computer, dt, x, x_next)
    for group in computer.layout.groups:
        where = computer.layout.slice(group)
        potential = computer.onsite.potentials[group]
        for name, power in (("J2", 1), ("J4", 3)):
            if not hasattr(potential, name):
                continue
            found = loss.gradient_by_parameter(computer, group, name, x, x_next)
            assert found.shape == (computer.layout.sizes[group],)
            for k, unit in enumerate(range(where.start, where.stop)):
                # d2U/dxdJ2 = 2 x and d2U/dxdJ4 = 4 x^3: the parameter shifts the force like a bias that depends on x'
                shift = (power + 1) * x_next[:, unit] ** power

                def changed(v, shift=shift, unit=unit):
                    g = plain.gradient(computer, x_next).astype(complex)
                    g[:, unit] += v[0] * shift
                    residual = -(x_next - x) + computer.mobility * g * dt
                    return (residual**2).sum() / (4 * computer.mobility * computer.temperature * dt)

                expected = plain.complex_step(changed, np.zeros(1), np.ones(1))
                scale = for_biases[unit] * np.abs(shift).max()
                assert abs(found[k] - expected) <= 200 * np.finfo(float).eps * (scale + 1e-300)


@pytest.fixture(scope="module")
def case(make_computer, objective):
    """Mobility, temperature and time step that all differ from one, so that no factor can hide."""
    computer = make_computer(
        {"a": 3}, Quartic(J2=0.7, J4=1.3), Dense(), temperature=0.3, mobility=1.7, seed=4, trainable=["a"]
    )
    random = np.random.default_rng(9)
    x = random.standard_normal((1, 3))
    x_next = x + 0.2 * random.standard_normal((1, 3))
    dt = 0.05
    _, gradient = StepLoss(objective, dt).gradient(computer, x, x_next)
    g = 2 * 0.7 * x_next + 4 * 1.3 * x_next**3 + x_next @ computer.couplings.matrix() + computer.biases
    return computer, dt, x[0], x_next[0], g[0], gradient


def couplings_gradient(r, state):
    return np.array(
        [r[0] * state[1] + r[1] * state[0], r[0] * state[2] + r[2] * state[0], r[1] * state[2] + r[2] * state[1]]
    )


def test_trap_state_that_multiplies_r_is_x_next(case):
    """W. prints x in eq. 10; the derivative of eq. 7 gives x'."""
    _, dt, x, x_next, g, gradient = case
    r = (-(x_next - x) + 1.7 * g * dt) / (2 * 0.3)
    assert gradient[:3] == pytest.approx(couplings_gradient(r, x_next), rel=1e-12)
    assert np.abs(gradient[:3] / couplings_gradient(r, x) - 1).max() > 0.1


def test_trap_displacement_enters_with_a_minus_sign(case):
    _, dt, x, x_next, g, gradient = case
    minus, plus = ((s * (x_next - x) + 1.7 * g * dt) / (2 * 0.3) for s in (-1, 1))
    assert gradient[3:] == pytest.approx(minus, rel=1e-12)
    assert np.abs(gradient[3:] / plus - 1).max() > 0.1


def test_trap_mobility_multiplies_only_the_force(case):
    _, dt, x, x_next, g, gradient = case
    d = x_next - x
    assert gradient[3:] == pytest.approx((-d + 1.7 * g * dt) / (2 * 0.3), rel=1e-12)
    for wrong in (1.7 * (-d + g * dt), -d + g * dt, (-d + 1.7 * g * dt) / 1.7):
        assert np.abs(gradient[3:] / (wrong / (2 * 0.3)) - 1).max() > 0.1


def test_trap_bias_gradient_has_one_over_two_kT(case):
    _, dt, x, x_next, g, gradient = case
    residual = -(x_next - x) + 1.7 * g * dt
    assert gradient[3:] == pytest.approx(residual / (2 * 0.3), rel=1e-12)
    assert np.abs(gradient[3:] / (residual / 0.3) - 1).max() > 0.4


def test_clamped_units_have_no_loss_but_act_on_others(make_computer, objective, plain):
    computer = make_computer(
        {"input": 2, "free": 2}, DoubleWell(), Dense(), clamped=["input"], trainable=["input", "free"]
    )
    random = np.random.default_rng(3)
    x = random.standard_normal((4, 4))
    x_next = x.copy()
    x_next[:, 2:] += 0.1 * random.standard_normal((4, 2))
    loss = StepLoss(objective, 0.01)
    _, gradient = loss.gradient(computer, x, x_next)
    couplings, biases = by_hand(plain, computer, 0.01, x, x_next)
    assert gradient == pytest.approx(np.concatenate([couplings, biases]), rel=1e-9, abs=1e-9)
    edges = [tuple(e) for e in computer.couplings.edges]
    assert gradient[edges.index((0, 1))] == 0.0  # between two clamped units
    assert gradient[edges.index((0, 2))] != 0.0  # from a clamped unit to a free one
    assert np.all(gradient[6:8] == 0.0)


@attrs.frozen
class Midpoint(Objective):
    """An objective that uses the gradient at both ends, so that q = dl/dg counts too."""

    name = "midpoint"

    def step_loss(self, s):
        mean = (s.gradient + s.gradient_next) / 2
        return (-(s.x_next - s.x) + s.mobility * mean * s.dt) ** 2 / (4 * s.mobility * s.kT * s.dt)


@settings(max_examples=15)
@given(data=st.data())
def test_an_objective_of_both_gradients(drawn, plain, data):
    computer = data.draw(drawn.computers())
    dt, x, x_next = data.draw(drawn.steps(computer))

    def total(matrix, biases):
        g = (plain.gradient(computer, x, matrix, biases) + plain.gradient(computer, x_next, matrix, biases)) / 2
        residual = -(x_next - x) + computer.mobility * g * dt
        return (residual**2).sum() / (4 * computer.mobility * computer.temperature * dt)

    matrix, biases = computer.couplings.matrix(), computer.biases
    value, gradient = StepLoss(Midpoint(), dt).gradient(computer, x, x_next)
    expected = [
        plain.complex_step(lambda m: total(m, biases), matrix, edge_direction(computer, e))
        for e in range(computer.couplings.size)
    ]
    expected += [
        plain.complex_step(lambda b: total(matrix, b), biases, np.eye(computer.n)[i])
        for i in np.flatnonzero(computer.trainable_biases)
    ]
    for_couplings, for_biases, _ = sizes(computer, dt, x, x_next)
    other_couplings, other_biases, _ = sizes(computer, dt, x_next, x)
    scale = np.concatenate([for_couplings + other_couplings, (for_biases + other_biases)[computer.trainable_biases]])
    assert value == pytest.approx(total(matrix, biases), rel=1e-9)
    assert np.all(np.abs(gradient - np.array(expected)) <= 100 * np.finfo(float).eps * scale)


def test_weights_count_once_where_both_derivatives_are_one_expression(make_computer):
    """dl/dg and dl/dg' of the midpoint are one expression; central differences, exact for a quadratic loss."""
    computer = make_computer({"visible": 3}, Quartic(), Dense(), trainable=("visible",), temperature=0.4)
    x, x_next = np.random.default_rng(5).normal(size=(2, 4, 3))
    loss = StepLoss(Midpoint(), 0.05, [3.0, 0.5, 1.0])
    _, gradient = loss.gradient(computer, x, x_next)
    differences = [
        sum(s * loss.value(computer.with_parameters(computer.parameters + s * e), x, x_next).sum() for s in (1, -1)) / 2
        for e in np.eye(len(gradient))
    ]
    np.testing.assert_allclose(gradient, differences, rtol=1e-9)


@attrs.frozen
class Tilted(Potential):
    name = "tilted"
    inner: Potential = option(factory=Quartic, doc="what is tilted")
    tilt: float = parameter(0.3, unit="energy", doc="slope")

    def energy(self, x):
        return self.inner.energy(x) + self.tilt * x


@pytest.mark.parametrize(("name", "slope"), [("inner.J2", lambda x: 2 * x), ("tilt", np.ones_like)])
def test_gradient_by_a_parameter_of_a_held_plugin(objective, name, slope):
    """Its name has a dot: dl/dp_i = r_i d2U/dxdp(x')."""
    computer = assemble({"a": 3}, Tilted(), Dense(), temperature=0.3, mobility=1.4)
    x, x_next = np.random.default_rng(5).normal(size=(2, 8, 3))
    loss = StepLoss(objective, 0.01)
    _, r, _ = loss.responses(computer, x, x_next)
    found = loss.gradient_by_parameter(computer, "a", name, x, x_next)
    np.testing.assert_allclose(found, (r * slope(x_next)).sum(axis=0), rtol=1e-12)
