"""Both ways of descending against updates written plainly, one after the other."""

from __future__ import annotations

from types import SimpleNamespace

import attrs
import numpy as np
import pytest
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.potentials import Quartic

from thermozoo import Connectivity, Objective
from thermozoo.dynamics.noise import STREAMS, NoiseKey
from thermozoo.errors import FormulaError, TrainingError
from thermozoo.training.loss import StepLoss
from thermozoo.training.sampled import descent
from thermozoo.training.sampled.descent import Schedule, train_by_descent
from thermozoo.training.sampled.online import train_online


@attrs.frozen
class FewEdges(Connectivity):
    name = "few-edges"

    def edges(self, layout):
        return [(0, 5), (1, 4), (2, 5), (3, 4)]


class Recorded:
    """A noising process whose trajectories were drawn beforehand; it records what it is asked for."""

    def __init__(self, computer, images=2, steps=70, precision=np.float64, dt=0.01, engine="reference"):
        self.engine = SimpleNamespace(name=engine)
        self.signals = np.zeros((images, computer.n))
        self.steps = steps
        self.asked = []
        self.moving = computer.layout.free
        self.dynamics = SimpleNamespace(dtype=precision, dt=dt, computer=computer, one_computer=computer)
        self.frozen_state = np.random.default_rng(77).standard_normal(computer.n)

    def stretches(self, key, trajectories, which, length):
        self.asked.append((key, tuple(int(t) for t in trajectories), tuple(int(w) for w in which)))
        whole = self.trajectory(key, trajectories)
        for first in range(0, self.steps, length):
            yield first, whole[first : first + length + 1]

    def trajectory(self, key, trajectories):
        columns = []
        for t in trajectories:
            random = np.random.default_rng([key.seed, key.stream, int(t)])
            walk = 0.15 * np.cumsum(random.standard_normal((self.steps + 1, len(self.moving))), axis=0)
            walk[:, ~self.moving] = self.frozen_state[~self.moving]
            columns.append(walk)
        return np.stack(columns, axis=1).astype(self.dynamics.dtype)


def plainly(computer, plain, dt, x, rate, *, each_step):
    """Update J and b by hand over one trajectory; return the matrices and the summed loss."""
    J, b = computer.couplings.matrix(), computer.biases.copy()
    allowed = np.zeros_like(J)
    i, j = computer.couplings.edges.T
    allowed[i, j] = allowed[j, i] = 1.0
    kT, mobility, moving = computer.temperature, computer.mobility, computer.layout.free
    total, change, shift = 0.0, np.zeros_like(J), np.zeros_like(b)
    for k in range(len(x) - 1):
        g = plain.gradient(computer, x[k + 1], J, b)
        residual = np.where(moving, -(x[k + 1] - x[k]) + mobility * g * dt, 0.0)
        total += (residual**2).sum() / (4 * mobility * kT * dt)
        r = residual / (2 * kT)
        change += allowed * (np.outer(r, x[k + 1]) + np.outer(x[k + 1], r))
        shift += np.where(computer.trainable_biases, r, 0.0)
        if each_step:
            J, b = J - rate * change, b - rate * shift
            change, shift = np.zeros_like(J), np.zeros_like(b)
    return J - rate * change, b - rate * shift, total


CASES = {
    "dense": (Dense(), ()),
    "bipartite": (Bipartite(), ()),
    "within": (Bipartite(within=["hidden"]), ()),
    "few edges": (FewEdges(), ()),
    "clamped": (Dense(), ("visible",)),
    "clamped within": (Bipartite(within=["hidden"]), ("hidden",)),
    "clamped edges": (FewEdges(), ("visible",)),
}


@pytest.mark.thinned(8)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("trainable", [(), ("hidden",), ("visible", "hidden")], ids=["no bias", "hidden", "all"])
@pytest.mark.parametrize("method", ["online", "descent"])
@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize(
    ("precision", "together"), [(np.float64, "one by one"), (np.float32, "one by one"), (np.float64, "twelve")]
)
def test_updates_are_the_plain_ones(
    make_computer, plain, objective, name, trainable, method, engine, precision, together, monkeypatch
):
    if together == "one by one":
        monkeypatch.setattr(descent, "_BYTES", 0)
        monkeypatch.setattr(descent, "STRETCH", 32)  # two whole stretches and a shorter one
    structure, clamped = CASES[name]
    computer = make_computer(
        {"visible": 4, "hidden": 3},
        {"visible": Quartic(), "hidden": Quartic(J2=0.5)},
        structure,
        temperature=0.4,
        mobility=1.3,
        trainable=trainable,
        clamped=clamped,
    )
    dt, rate, seed = 0.02, 5e-3 if method == "online" else 1e-3, 12
    process = Recorded(computer, precision=precision, dt=dt, engine=engine)
    train = train_online if method == "online" else train_by_descent
    schedule = Schedule(cycles=2, learning_rate=rate)
    done = train(computer, process, StepLoss(objective, dt), schedule, seed=seed)
    J, b = computer.couplings.matrix(), computer.biases
    current, losses = computer, []
    key = NoiseKey(seed, STREAMS["noising"])
    for number in range(4):
        x = Recorded(computer, precision=precision).trajectory(key, [number])[:, 0].astype(float)
        J, b, total = plainly(current, plain, dt, x, rate, each_step=method == "online")
        i, j = computer.couplings.edges.T
        current = attrs.evolve(current, couplings=computer.couplings.with_vector(J[i, j]), biases=b)
        losses.append(total / process.steps)
    size = 1 + np.abs(J).max() + np.abs(b).max()
    tolerance = 70 * 4 * 20 * np.finfo(precision).eps * size
    assert np.abs(done.computer.couplings.matrix() - J).max() <= tolerance
    assert np.abs(done.computer.biases - b).max() <= tolerance
    assert np.abs(computer.couplings.matrix() - J).max() > 100 * tolerance or precision == np.float32
    assert done.history["training"] == pytest.approx(losses, rel=3000 * float(np.finfo(precision).eps))
    assert done.history["trajectories"].tolist() == [1, 2, 3, 4]
    assert done.method == method


@pytest.mark.parametrize("long", [False, True])
def test_what_trajectories_are_asked_for(make_computer, objective, monkeypatch, long):
    """Images take turns; validation has a stream of its own and is fixed."""
    computer = make_computer({"visible": 3, "hidden": 2}, Quartic(), Dense(), temperature=0.5)
    process = Recorded(computer, images=3, steps=10)
    if long:
        monkeypatch.setattr(descent, "_BYTES", 100)
    counted = []
    done = train_by_descent(
        computer, process, StepLoss(objective, 0.01), Schedule(5, 1e-4), seed=9, progress=counted.append
    )
    (first, numbers, which), *rest = process.asked
    assert (first.seed, first.stream, numbers, which) == (9, STREAMS["validation"], (0,), (0,))
    learned = [one for one in rest if one[0].stream == STREAMS["noising"]]
    assert [t for _, numbers, _ in learned for t in numbers] == list(range(15))
    assert [w for _, _, which in learned for w in which] == [t % 3 for t in range(15)]
    assert [len(numbers) for _, numbers, _ in learned] == ([1] * 15 if long else [12, 3])
    assert all(one == process.asked[0] for one in rest if one not in learned)
    assert sum(counted) == 15
    assert done.details["noising_trajectories"] == 15


@pytest.mark.parametrize("train", [train_by_descent, train_online])
def test_validation_is_the_loss_of_one_fixed_trajectory(make_computer, plain, objective, train):
    computer = make_computer({"visible": 3, "hidden": 2}, Quartic(), Dense(), temperature=0.5)
    process = Recorded(computer, images=1, steps=20)
    done = train(computer, process, StepLoss(objective, 0.01), Schedule(4, 1e-3, validations=4), seed=9)
    fixed = Recorded(computer, images=1, steps=20).trajectory(NoiseKey(9, STREAMS["validation"]), [0])[:, 0]
    assert done.history["validation_trajectories"].tolist() == [0, 1, 2, 3, 4]
    assert done.history["validation"][0] == pytest.approx(plain.loss(computer, 0.01, fixed[:-1], fixed[1:]) / 20)
    assert done.history["validation"][-1] == pytest.approx(plain.loss(done.computer, 0.01, fixed[:-1], fixed[1:]) / 20)


@pytest.mark.filterwarnings("error::RuntimeWarning")  # the message is all that is said
@pytest.mark.parametrize("train", [train_by_descent, train_online])
def test_a_learning_rate_that_is_too_large_is_named(make_computer, objective, train):
    computer = make_computer({"visible": 3, "hidden": 2}, Quartic(), Dense(), temperature=0.5)
    with pytest.raises(TrainingError, match=r"the learning rate 1e.10 is too large; divide it by 10"):
        train(computer, Recorded(computer, dt=0.1), StepLoss(objective, 0.1), Schedule(40, 1e10), seed=1)


def test_online_refuses_an_objective_of_the_gradient_before(make_computer):
    @attrs.frozen
    class Forward(Objective):
        name = "forward"

        def step_loss(self, s):
            return (s.x_next - s.x + s.mobility * s.gradient * s.dt) ** 2

    computer = make_computer({"visible": 3, "hidden": 2}, Quartic(), Dense())
    with pytest.raises(
        FormulaError, match="needs an objective that uses gradient_next only; Forward uses gradient too"
    ):
        train_online(computer, Recorded(computer), StepLoss(Forward(), 0.01), Schedule(1, 1e-3), seed=1)
