"""Following steps that are shown: least squares by hand, by finite differences, and the rank by counting."""

from __future__ import annotations

import numpy as np
import pytest

import thermozoo as tz
from thermozoo.errors import ShapeError, ThermozooError, TrainingError
from thermozoo.training.loss import StepLoss

DT = 0.02


def computer(free=3, clamped=2, connectivity="dense"):
    sizes = {"held": clamped, "free": free} if clamped else {"free": free}
    return tz.assemble(
        sizes,
        tz.get("quartic", J2=0.7, J4=0.3),
        tz.get(connectivity),
        temperature=0.6,
        mobility=1.3,
        clamped=["held"] if clamped else [],
    )


def shown(seed, free=3, clamped=2, steps=30, examples=5):
    rng = np.random.default_rng(seed)
    held = rng.standard_normal((examples, clamped))
    return np.cumsum(0.2 * rng.standard_normal((steps + 1, examples, free)), axis=0), held


def whole(states, held):
    return np.concatenate([np.broadcast_to(held, (len(states), *held.shape)), states], axis=2)


@pytest.mark.parametrize("objective", ["forward-likelihood", "reverse-likelihood"])
@pytest.mark.parametrize("connectivity", ["dense", "bipartite"])
def test_the_gradient_of_the_whole_loss_vanishes_and_every_other_computer_loses_more(objective, connectivity):
    """By the loss of every step, which knows no sums: its gradient, and its value at computers nearby."""
    machine = computer(connectivity=connectivity)
    states, held = shown(1)
    steps = tz.ObservedSteps(machine, tz.get(objective), DT)
    for part in (slice(0, 2), slice(2, 5)):
        steps.add(states[:, part], held[part])
    found = steps.follow(tolerance=1e-12)
    loss, x = StepLoss(tz.get(objective), DT), whole(states, held)

    def value(one):
        return loss.value(one, x[:-1], x[1:]).sum()

    total, gradient = loss.gradient(found.computer, x[:-1], x[1:])
    touched = machine.layout.free[machine.couplings.edges].any(axis=1)
    gradient = gradient[: machine.couplings.size][touched], gradient[machine.couplings.size :]
    scale = abs(loss.gradient(steps.computer, x[:-1], x[1:])[1]).max()
    assert max(abs(one).max() for one in gradient) < 1e-9 * scale
    assert found.loss == pytest.approx(total / (30 * 5 * 3), rel=1e-9)
    assert found.loss * (30 * 5 * 3) == pytest.approx(value(found.computer), rel=1e-9)
    rng = np.random.default_rng(2)
    moved = found.computer.parameters + 0.01 * rng.standard_normal((10, len(found.computer.parameters)))
    assert all(value(found.computer.with_parameters(one)) > total for one in moved)


def test_held_values_that_scatter_add_the_square_of_their_couplings():
    """The gradient of the loss of the steps is that of the penalty, with the other sign; and the loss is without it."""
    machine = computer()
    states, held = shown(3)
    steps = tz.ObservedSteps(machine, tz.get("forward-likelihood"), DT)
    steps.add(states, held)
    found = steps.follow(scatter=0.7, tolerance=1e-12)
    x = whole(states, held)
    total, gradient = StepLoss(tz.get("forward-likelihood"), DT).gradient(found.computer, x[:-1], x[1:])
    ends = machine.layout.free[machine.couplings.edges].sum(axis=1)
    vector, by_coupling = found.computer.couplings.vector, gradient[: machine.couplings.size]
    curvature = 1.3 * DT / (2 * 0.6)  # of (mu g dt)^2 / (4 mu kT dt)
    assert by_coupling[ends == 1] == pytest.approx(-curvature * 0.49 * 150 * vector[ends == 1], rel=1e-6, abs=1e-8)
    assert abs(by_coupling[ends == 2]).max() < 1e-8 * abs(by_coupling).max()
    assert found.loss == pytest.approx(total / (30 * 5 * 3), rel=1e-9)
    assert found.loss > steps.follow().loss


def test_one_unit_and_one_input_by_hand():
    """Of a straight line from 0 to a in n steps: J p + b = -(mean of a / t + dU), a line through two points."""
    machine = tz.assemble(
        {"held": 1, "free": 1}, tz.get("quadratic", J2=0.5), tz.get("dense"), mobility=2.0, clamped=["held"]
    )
    ends, held, n = np.array([1.0, -0.5]), np.array([0.4, 1.4]), 10
    times = np.arange(n + 1) / n
    steps = tz.ObservedSteps(machine, tz.get("forward-likelihood"), DT)
    steps.add((times[:, None] * ends)[:, :, None], held[:, None])
    found = steps.follow().computer
    field = -(ends / (2.0 * n * DT) + ends * times[:-1].mean())  # dU = x
    slope = (field[1] - field[0]) / (held[1] - held[0])
    assert found.couplings.vector == pytest.approx([slope], rel=1e-9)
    assert found.biases[1] == pytest.approx(field[0] - slope * held[0], rel=1e-9)
    assert found.biases[0] == 0


def counted(machine, x):
    """The rank of the matrix that takes couplings and biases to forces, row by row."""
    edges, free = machine.couplings.edges, np.flatnonzero(machine.layout.free)
    rows = []
    for state in x.reshape(-1, machine.n):
        for i in free:
            row = np.zeros(len(edges) + len(free))
            for e, (p, q) in enumerate(edges):
                if i in (p, q):
                    row[e] = state[q if i == p else p]
            row[len(edges) + np.flatnonzero(free == i)] = 1
            rows.append(row)
    return int(np.linalg.matrix_rank(np.array(rows), tol=1e-7))


@pytest.mark.parametrize("noisy", [True, False])
@pytest.mark.parametrize("examples", [1, 2, 4, 9])
@pytest.mark.parametrize("connectivity", ["dense", "bipartite", "ring"])
def test_the_rank_is_that_of_the_matrix_written_out(examples, noisy, connectivity):
    machine = computer(free=4, clamped=3, connectivity=connectivity)
    states, held = shown(examples, 4, 3, steps=12, examples=examples)
    held[:, 1] = 0.0  # a pixel that is always dark
    if not noisy:
        states = np.linspace(0, 1, 13)[:, None, None] * states[-1]
    steps = tz.ObservedSteps(machine, tz.get("forward-likelihood"), DT)
    steps.add(states, held)
    found = steps.rank()
    assert found.unknowns == machine.couplings.size + 4
    assert found.rank == counted(machine, whole(states[:-1], held))
    assert (found.undetermined_among_free == 0) or not noisy


@pytest.mark.parametrize("seed", [1, 2])
def test_it_finds_the_computer_that_took_the_steps(seed):
    """Twelve parameters from their own steps: chi-square of 11, exceeded once in 1e7 times."""
    from scipy.stats import chi2

    rng = np.random.default_rng(seed)
    machine = computer()
    truth = attrs_with(machine, rng)
    held = rng.standard_normal((400, 2))
    x = whole(np.zeros((1, 400, 3)), held)[0]
    states = [x[:, 2:]]
    for _ in range(60):
        kick = np.sqrt(2 * 1.3 * 0.6 * DT) * rng.standard_normal((400, 3))
        x = np.concatenate([held, x[:, 2:] - 1.3 * DT * truth.gradient(x)[:, 2:] + kick], axis=1)
        states.append(x[:, 2:])
    steps = tz.ObservedSteps(machine, tz.get("forward-likelihood"), DT)
    steps.add(np.stack(states), held)
    found = steps.follow(tolerance=1e-12)
    # twice the log-likelihood ratio: loss at the truth less that at the minimum, over the free units' steps
    y = whole(np.stack(states), held)
    at_truth = StepLoss(tz.get("forward-likelihood"), DT).value(truth, y[:-1], y[1:]).sum()
    ratio = 2 * (at_truth - found.loss * 400 * 60 * 3)
    determined = machine.layout.free[machine.couplings.edges].any(axis=1).sum() + 3
    assert 0 < ratio < chi2.isf(1e-7, determined)
    assert found.loss == pytest.approx(0.5, abs=6 * np.sqrt(0.5 / (400 * 60 * 3)))


def attrs_with(machine, rng):
    import attrs

    vector = rng.standard_normal(machine.couplings.size)
    vector[~machine.layout.free[machine.couplings.edges].any(axis=1)] = 0.0  # of clamped units with each other
    biases = np.where(machine.layout.free, rng.standard_normal(machine.n), 0.0)
    return attrs.evolve(machine, couplings=machine.couplings.with_vector(vector), biases=biases)


def test_what_does_not_fit_is_refused():
    steps = tz.ObservedSteps(computer(), tz.get("forward-likelihood"), DT)
    states, held = shown(1)
    with pytest.raises(TrainingError, match="no steps were shown"):
        steps.equations()
    for wrong in ((states[:1], held), (states[..., :2], held), (states, held[:, :1]), (states, None)):
        with pytest.raises(ShapeError, match="3 free units, and held a row for each example, with 2 clamped units"):
            steps.add(*wrong)
    with pytest.raises(ThermozooError, match="held"):
        steps.add(states, np.where(held == held[0, 0], np.nan, held))


def test_images_are_not_learned_by_an_objective_that_follows():
    dynamics = tz.Dynamics(computer(4, 0), tz.get("euler-maruyama"), dt=DT, steps=4)
    with pytest.raises(ThermozooError, match="whose direction is reverse, such as 'reverse-likelihood'"):
        tz.train(dynamics, np.eye(2)[None], objective=tz.get("forward-likelihood"))
