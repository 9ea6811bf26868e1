"""Residual weights and clamped regressors in the sampled methods, against least squares on the recorded steps."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import DoubleWell, Quartic
from thermozoo_plugins.protocols import Constant, LinearFade

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import ParameterError
from thermozoo.training.evaluate import evaluate
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Imposed, Noising
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.descent import Schedule, train_by_descent
from thermozoo.training.sampled.moments import sampled_equations, train_by_moments
from thermozoo.training.sampled.online import train_online

DT, STEPS, IMAGES = 5e-3, 40, 3
#: Of visible, hidden and label: clamped units count nothing, whatever is given for them.
WEIGHTS = np.array([1.0, 1.0, 1.0, 0.1, 0.3, 7.0, 7.0])
#: Three protocols whose units are no blocks.
SEVERAL = (
    Imposed(LinearFade(amplitude=2.0, fade=0.5), [0, 3]),
    Imposed(Constant(amplitude=0.7), [1]),
    Imposed(LinearFade(amplitude=-3.0, fade=1.0), [2, 4]),
)
PROTOCOLS = {"one protocol": None, "several protocols": SEVERAL}
STRUCTURES = {"dense": Dense(), "bipartite": Bipartite(within=["hidden"])}


def process_of(structure, precision="double", protocols="several protocols"):
    computer = assemble(
        {"visible": 3, "hidden": 2, "label": 2},
        {"visible": Quartic(), "hidden": DoubleWell(J2=-0.5), "label": Quartic()},
        STRUCTURES[structure],
        temperature=0.3,
        mobility=1.2,
        trainable_biases=["visible", "hidden"],
        clamped=["label"],
    )
    signals = np.random.default_rng(3).normal(size=(IMAGES, 7))
    dynamics = Dynamics(computer, EulerMaruyama(), DT, precision, STEPS)
    noising = Noising.of(dynamics, signals, LinearFade())
    if PROTOCOLS[protocols]:
        noising = attrs.evolve(noising, protocols=PROTOCOLS[protocols])
    return computer, NoisingProcess(noising, engine_named("reference"))


def steps_of(process, numbers, seed=4):
    states = process.trajectory(NoiseKey(seed).named("noising"), numbers, numbers % IMAGES)
    return (z.reshape(-1, states.shape[-1]) for z in (states[:-1], states[1:]))


def least_squares(computer, x, x_next, weights, plain):
    """The J and b that minimize sum_i w_i (-D_i / (mu dt) + U'_i + (J x')_i + b_i)^2, by singular values."""
    free, edges = np.flatnonzero(computer.layout.free), computer.couplings.edges
    rows, targets = [], []
    slope = plain.gradient(computer, x_next)
    for i in free:
        row = np.zeros((len(x), len(edges) + len(free)))
        for e, (a, b) in enumerate(edges):
            if i in (a, b):
                row[:, e] = x_next[:, b if i == a else a]
        row[:, len(edges) :] = free == i
        rows.append(np.sqrt(weights[i]) * row)
        targets.append(np.sqrt(weights[i]) * ((x_next - x)[:, i] / (computer.mobility * DT) - slope[:, i]))
    return np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=1e-9)[0]


@pytest.mark.parametrize("protocols", PROTOCOLS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_moments_are_weighted_least_squares_with_clamped_regressors(structure, protocols, plain):
    computer, process = process_of(structure, protocols=protocols)
    numbers, loss = np.arange(9), process.noising.loss(ReverseLikelihood(), WEIGHTS)
    (equations,) = sampled_equations(computer, process, loss, numbers, seed=4)
    found = equations.solve(tolerance=1e-12).unknowns
    expected = least_squares(computer, *steps_of(process, numbers), WEIGHTS, plain)
    np.testing.assert_allclose(
        np.concatenate([found.couplings, found.local[0, :5]]), expected, atol=1e-6 * np.abs(expected).max()
    )
    clamped = ~computer.layout.free[computer.couplings.edges]
    both, one = clamped.all(axis=1), clamped.any(axis=1)
    assert not found.couplings[both].any()  # between clamped units nothing is felt
    assert np.all(found.couplings[one & ~both])


def by_hand(computer, x, x_next, rate, plain, each_step):
    """Descent on w_i (-D_i + mu dt g_i)^2 / (4 mu kT dt), for whole stretches or step by step."""
    free, edges = computer.layout.free, computer.couplings.edges
    J, b = computer.couplings.matrix(), computer.biases.copy()
    allowed = np.zeros_like(J)
    allowed[tuple(edges.T)] = allowed[tuple(edges.T[::-1])] = 1.0
    total = 0.0
    for part in [slice(k, k + 1) for k in range(len(x))] if each_step else [slice(None)]:
        g = plain.gradient(computer, x_next[part], J, b)
        residual = -(x_next - x)[part] + computer.mobility * DT * g
        scale = 4 * computer.mobility * computer.temperature * DT
        weights = np.where(free, WEIGHTS, 0.0)
        total += (weights * residual**2 / scale).sum()
        r = weights * 2 * residual * computer.mobility * DT / scale
        push = r.T @ x_next[part]
        J -= rate * (push + push.T) * allowed
        b -= rate * r.sum(axis=0)
    return J, b, total


@pytest.mark.parametrize("train", [train_by_descent, train_online])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_descent_moves_couplings_to_clamped_units_by_weighted_residuals(structure, train, plain):
    computer, process = process_of(structure)
    loss, rate = process.noising.loss(ReverseLikelihood(), WEIGHTS), 1e-3
    one = attrs.evolve(process, noising=attrs.evolve(process.noising, signals=process.signals[:1]))
    done = train(computer, one, loss, Schedule(1, rate, validations=1), seed=4)
    J, b, total = by_hand(computer, *steps_of(one, np.zeros(1, dtype=int)), rate, plain, train is train_online)
    assert done.computer.couplings.matrix() == pytest.approx(J, abs=1e-12)
    assert done.computer.biases == pytest.approx(b, abs=1e-12)
    assert done.history["training"] == pytest.approx([total / STEPS])
    to_label = computer.couplings.edges[:, 1] >= 5
    assert np.any(done.computer.couplings.vector[to_label])


@pytest.mark.parametrize("precision", ["single", "double"])
def test_clamped_units_hold_their_signal(precision):
    _, process = process_of("dense", precision)
    which = np.array([2, 0, 1])
    states = process.trajectory(NoiseKey(1).named("noising"), np.arange(3), which)
    held = process.signals[which, 5:].astype(states.dtype)
    assert np.array_equal(states[..., 5:], np.broadcast_to(held, (STEPS + 1, 3, 2)))
    assert not process.drive(which).signals[:, 5:].any()  # and the drive does no work on them
    assert np.array_equal(process.frames(NoiseKey(1).named("noising"), 1, 0, [0, 9]), states[[0, 9], 1])


def test_the_held_out_loss_is_weighted_and_the_gain_is_not(plain):
    computer, process = process_of("dense")
    changed = computer.with_parameters(0.2 * np.random.default_rng(6).standard_normal(len(computer.parameters)))
    weighted = process.noising.loss(ReverseLikelihood(), WEIGHTS)
    initial, found = evaluate(changed, process, weighted, seed=5, trajectories=6)
    _, unweighted = evaluate(changed, process, process.noising.loss(ReverseLikelihood()), seed=5, trajectories=6)
    assert (found.gain, found.gain_se) == (unweighted.gain, unweighted.gain_se)
    states = process.trajectory(NoiseKey(5).named("held-out"), np.arange(6), np.arange(6) % IMAGES)
    for one, value in ((computer, initial), (changed, found.loss)):
        residual = -np.diff(states, axis=0) + computer.mobility * DT * plain.gradient(one, states[1:])
        losses = residual**2 / (4 * computer.mobility * computer.temperature * DT)
        assert value == pytest.approx((losses * np.where(computer.layout.free, WEIGHTS, 0.0)).sum() / (6 * STEPS))


def test_a_free_unit_that_counts_nothing_is_refused():
    _, process = process_of("dense")
    with pytest.raises(ParameterError, match="weights of free units must be positive, got 0 for unit 3"):
        evaluate((), process, StepLoss(ReverseLikelihood(), DT, WEIGHTS * (np.arange(7) != 3)), seed=1)


def test_moments_choose_a_ridge_and_train_couplings_to_labels_of_a_fixed_sum():
    """One-hot labels add up to one, as a bias does: the equations are singular and consistent."""
    computer, process = process_of("dense")
    signals = process.signals.copy()
    signals[:, 5:] = np.eye(2)[[0, 1, 0]]
    process = attrs.evolve(process, noising=attrs.evolve(process.noising, signals=signals))
    done = train_by_moments(computer, process, process.noising.loss(ReverseLikelihood(), WEIGHTS), cycles=10, seed=3)
    assert max(done.details["residual"]) <= 1e-6
    to_label = (computer.couplings.edges[:, 1] >= 5) & (computer.couplings.edges[:, 0] < 5)
    assert np.all(done.computer.couplings.vector[to_label])


def test_the_gradient_of_descent_vanishes_at_the_minimum_of_moments():
    computer, process = process_of("bipartite")
    loss = process.noising.loss(ReverseLikelihood(), WEIGHTS)
    done = train_by_moments(computer, process, loss, cycles=3, seed=4, ridges=[0.0], tolerance=1e-12).computer
    x, x_next = steps_of(process, np.arange(9))
    _, at_zero = loss.gradient(computer, x, x_next)
    _, at_minimum = loss.gradient(done, x, x_next)
    assert np.abs(at_minimum).max() < 1e-8 * np.abs(at_zero).max()
