"""Path probabilities: the exact discrete identity, its limit, Jarzynski and Crooks."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import DoubleWell, Quartic

from thermozoo import Integrator
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Drive, Dynamics
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import KeptStates
from thermozoo.thermodynamics.paths import StepDensity, log_path_ratio, midpoint_heat


@given(data=st.data())
def test_the_step_density_is_the_normal_one(drawn, plain, euler, data):
    """ln p(x'|x) against scipy's normal density with mean x - mu dV dt + mu f dt and variance 2 mu kT dt."""
    computer = data.draw(drawn.computers(clamped=data.draw(st.booleans())))
    dt, x, x_next = data.draw(drawn.steps(computer))
    imposed = np.random.default_rng(1).standard_normal(x.shape)
    found = StepDensity(euler, dt).log_density(computer, x, x_next, imposed)
    mean = x + computer.mobility * (imposed - plain.gradient(computer, x)) * dt
    spread = np.sqrt(2 * computer.mobility * computer.temperature * dt)
    by_unit = stats.norm(mean, spread).logpdf(x_next)[:, computer.layout.free]
    assert found == pytest.approx(by_unit.sum(axis=-1), rel=1e-10, abs=1e-10 * np.abs(by_unit).sum())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(data=st.data())
def test_exact_discrete_identity(drawn, plain, euler, dtype, data):
    """For any path, time step, energies and imposed, to rounding:

    ln P_0[w] / P_theta[w~] = -(beta/2) sum D.(g+ + g-) + (beta mu dt/4) sum (|g+|^2 - |g-|^2).

    In single precision the path is rounded once and the forces are evaluated in it.
    """
    forward = data.draw(drawn.computers())
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    backward = forward.with_parameters(random.standard_normal(len(forward.parameters)))
    dt = data.draw(st.floats(1e-4, 0.1))
    beta, mobility = 1 / forward.temperature, forward.mobility
    steps, batch = 6, 3
    # any path will do, not only a typical one
    walk = random.standard_normal((steps + 1, batch, forward.n))
    states = (data.draw(st.floats(0.05, 1.0)) * walk).astype(dtype)
    imposed = random.standard_normal((steps, batch, forward.n)).astype(dtype)
    found = log_path_ratio(euler, dt, states, forward, backward, imposed)
    wide = states.astype(float)
    d = np.diff(wide, axis=0)
    before = plain.gradient(forward, wide[:-1]) - imposed
    after = plain.gradient(backward, wide[1:])
    expected = -(beta / 2) * (d * (after + before)).sum(axis=(0, 2))
    expected += (beta * mobility * dt / 4) * (after**2 - before**2).sum(axis=(0, 2))
    # what is subtracted: two actions and two logarithms a unit and step
    actions = beta / (4 * mobility * dt) * ((np.abs(d) + mobility * dt * np.abs(before)) ** 2)
    actions = actions + beta / (4 * mobility * dt) * ((np.abs(d) + mobility * dt * np.abs(after)) ** 2)
    inner = np.abs(wide).max() * (1 + beta / (2 * mobility * dt) * (np.abs(d) + mobility * dt * np.abs(after)).max())
    size = actions.sum(axis=(0, 2)) + steps * forward.n * (20 + inner)
    assert np.all(np.abs(found - expected) <= 200 * np.finfo(dtype).eps * size)


def test_the_identity_would_notice_another_noise_strength(euler, make_computer):
    """A guard on the tolerance above: one per cent in kT moves the two sides apart by far more than rounding."""
    forward = make_computer({"a": 4}, Quartic(), Dense(), temperature=0.5)
    states = np.random.default_rng(0).standard_normal((7, 3, 4))
    warm = attrs.evolve(forward, temperature=0.505)
    one, other = (log_path_ratio(euler, 0.01, states, c, c) for c in (forward, warm))
    assert np.abs(one / other - 1.01).max() < 1e-9


def test_heat_is_the_log_ratio_as_dt_falls(euler, make_computer, plain):
    """W. eq. 14: ln P[w]/P[w~] -> beta Q, with a difference of order dt.

    Along a path of duration tf the difference is the sum of the errors of the trapezoidal rule, of the third power of D
    each, of zero mean and size dt^(3/2), over tf / dt steps, and of (beta mu dt/4) (|g|^2 at the end less that at the
    start): both of order dt. The slope of the logarithms has a standard error below 0.03 with 600 trajectories, so 0.15
    is five of them (false-alarm rate below 1e-6).
    """
    computer = make_computer({"a": 3}, DoubleWell(J2=-1.0, J4=1.0), Dense(), temperature=0.6, mobility=1.2, seed=2)
    differences, trapezoids = [], []
    time_steps = np.array([0.02, 0.01, 0.005, 0.0025])
    for dt in time_steps:
        kept = KeptStates()
        start = 0.3 * np.random.default_rng(3).standard_normal((600, 3))
        steps = round(0.4 / dt)
        simulate(Dynamics(computer, euler, dt), start, steps, key=NoiseKey(4), every=1, observers=[kept])
        energy = [np.array([plain.energy(computer, x) for x in kept.states[k]]) for k in (0, -1)]
        heat = energy[0] - energy[1]
        ratio = log_path_ratio(euler, dt, kept.states, computer, computer)
        differences.append(np.sqrt(np.mean((ratio - heat / 0.6) ** 2)))
        middle = midpoint_heat(kept.states, computer)
        trapezoids.append(np.sqrt(np.mean((middle - heat) ** 2)))
        ends = sum(s * (plain.gradient(computer, kept.states[k]) ** 2).sum(axis=1) for s, k in ((1, -1), (-1, 0)))
        assert ratio == pytest.approx(middle / 0.6 + 1.2 * dt / (4 * 0.6) * ends, rel=1e-8, abs=1e-8)
    for errors in (differences, trapezoids):
        slope = np.polyfit(np.log(time_steps), np.log(errors), 1)[0]
        assert abs(slope - 1.0) < 0.15, f"observed order {slope:.3f}"
    assert differences[-1] < 0.1


def grid_of(n):
    return np.linspace(-2.6, 2.6, {2: 401, 3: 101}[n])


def energies_on_grid(computer, signal, a):
    """V - a s.x on a grid of all states, written out by hand."""
    axis = grid_of(computer.n)
    x = np.stack(np.meshgrid(*[axis] * computer.n, indexing="ij"), axis=-1)
    matrix = computer.couplings.matrix()
    p = computer.onsite.potentials["a"]
    energy = (p.J2 * x**2 + p.J4 * x**4).sum(axis=-1) + x @ (computer.biases - a * signal)
    for i in range(computer.n):
        for j in range(i + 1, computer.n):
            energy += matrix[i, j] * x[..., i] * x[..., j]
    return x.reshape(-1, computer.n), energy.ravel(), axis[1] - axis[0]


def equilibrium_samples(computer, signal, a, count, seed):
    """States in equilibrium: a cell of the grid by its weight, and a place in the cell."""
    x, energy, h = energies_on_grid(computer, signal, a)
    weight = np.exp(-(energy - energy.min()) / computer.temperature)
    random = np.random.default_rng(seed)
    cell = np.searchsorted(np.cumsum(weight) / weight.sum(), random.random(count))
    return x[cell] + h * (random.random((count, computer.n)) - 0.5)


def free_energy(computer, signal, a):
    _, energy, h = energies_on_grid(computer, signal, a)
    kT = computer.temperature
    weight = np.exp(-(energy - energy.min()) / kT).sum() * h**computer.n
    return energy.min() - kT * np.log(weight)


def ramp(computer, euler, signal, ends, count, seed, dt=0.0025, duration=0.5):
    """Work of a ramp a(0) -> a(tf) of the bias -a s from equilibrium."""
    steps = round(duration / dt)
    drive = Drive(signal[None], np.zeros(count, dtype=int), np.linspace(*ends, steps + 1))
    start = equilibrium_samples(computer, signal, ends[0], count, seed)
    return simulate(Dynamics(computer, euler, dt), start, steps, key=NoiseKey(seed), drive=drive).work


@pytest.mark.parametrize(
    ("n", "potential"),
    [(2, DoubleWell(J2=-0.6, J4=0.8)), pytest.param(3, Quartic(J2=0.5, J4=0.5), marks=pytest.mark.long)],
)
def test_jarzynski(euler, make_computer, n, potential):
    """<exp(-beta (W - dF))> = 1, with dF by quadrature over all states.

    Tolerance: five standard errors (false-alarm rate 6e-7) and 0.5 per cent for the time step of 0.0025.
    """
    computer = make_computer({"a": n}, potential, Dense(), seed=n, temperature=0.7, mobility=1.4)
    signal = np.array([1.0, -0.5, 0.8])[:n]
    ends, count = (-0.4, 1.0), 2000
    work = ramp(computer, euler, signal, ends, count, seed=21)
    change = free_energy(computer, signal, ends[1]) - free_energy(computer, signal, ends[0])
    factor = np.exp(-(work - change) / 0.7)
    error = factor.std(ddof=1) / np.sqrt(count)
    assert abs(factor.mean() - 1) < 5 * error + 0.005
    # the second law, and a ramp fast enough that the equality is no accident
    assert work.mean() - change > 10 * work.std() / np.sqrt(count)


def test_crooks(euler, make_computer):
    """P_F(W) / P_R(-W) = exp(beta (W - dF)): the acceptance averages of Bennett (1976) agree for both directions.

    Tolerance: five standard errors (false-alarm rate 6e-7) and 0.5 per cent for the time step.
    """
    computer = make_computer({"a": 2}, DoubleWell(J2=-0.6, J4=0.8), Dense(), seed=2, temperature=0.7)
    signal = np.array([1.0, -0.5])
    change = free_energy(computer, signal, 1.0) - free_energy(computer, signal, -0.4)
    forward = ramp(computer, euler, signal, (-0.4, 1.0), 2000, seed=31)
    reverse = ramp(computer, euler, signal, (1.0, -0.4), 2000, seed=32)
    accept = [1 / (1 + np.exp((w - c) / 0.7)) for w, c in ((forward, change), (reverse, -change))]
    error = np.sqrt(sum(a.var(ddof=1) / len(a) for a in accept))
    assert abs(accept[0].mean() - accept[1].mean()) < 5 * error + 0.005 * accept[0].mean()


@attrs.frozen
class Midpoint(Integrator):
    """Its force is evaluated half a step ahead, without noise."""

    name = "midpoint"

    def step(self, s):
        ahead = s.x + s.mobility * s.force(s.x) * s.dt / 2
        return s.x + s.mobility * s.force(ahead) * s.dt + sympy.sqrt(2 * s.mobility * s.kT * s.dt) * s.noise()


def test_clamped_units_stay_where_they_are_within_a_step():
    """A later stage sees the moving units ahead, the clamped ones where they are, as the engines do."""
    kT, mobility, dt = 0.4, 1.3, 0.05
    computer = assemble({"a": 3, "b": 2}, Quartic(), Dense(), temperature=kT, mobility=mobility, clamped=["b"])
    rng = np.random.default_rng(7)
    computer = computer.with_parameters(rng.normal(size=10))
    x = rng.normal(size=(6, 5))
    dynamics = Dynamics(computer, Midpoint(), dt=dt)
    x_next = simulate(dynamics, x, 1, key=NoiseKey(1)).final
    J, moves = computer.couplings.matrix(), np.array([True] * 3 + [False] * 2)

    def drift(y):
        return np.where(moves, -mobility * (2 * y + 4 * y**3 + y @ J) * dt, 0.0)

    mean = x + drift(x + drift(x) / 2)
    expected = stats.norm.logpdf(x_next, mean, np.sqrt(2 * mobility * kT * dt))[:, moves].sum(axis=1)
    np.testing.assert_allclose(StepDensity(Midpoint(), dt).log_density(computer, x, x_next), expected, rtol=1e-10)
