"""Descent and online training of computers whose units any interaction couples, against the loss itself."""

from __future__ import annotations

from types import SimpleNamespace

import attrs
import numpy as np
import pytest
import sympy

import thermozoo as tz
from thermozoo import Interaction, Objective
from thermozoo.computer.terms import TupleCouplings, couple
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import TrainingError
from thermozoo.training.loss import StepLoss
from thermozoo.training.sampled.descent import Schedule, train_by_descent
from thermozoo.training.sampled.moving import moving
from thermozoo.training.sampled.online import train_online

DT = 0.02


@attrs.frozen
class Short(Interaction):
    """phi = 1 - exp(-(x - y)^2 / 2): no sum of products."""

    name = "short"
    symmetric = True

    def energy(self, *x):
        return 1 - sympy.exp(-((x[0] - x[1]) ** 2) / 2)


@attrs.frozen
class Both(Objective):
    """A loss that uses the gradient before the step as well."""

    name = "both"

    def step_loss(self, s):
        return (s.x_next - s.x + s.mobility * s.dt * (s.gradient + 2 * s.gradient_next)) ** 2


def computer(interaction, terms=True):
    base = tz.assemble(
        {"visible": 4, "hidden": 2},
        tz.get("quartic"),
        tz.get("dense"),
        temperature=0.3,
        mobility=1.2,
        trainable_biases="hidden",
        interaction=interaction,
    )
    if terms:
        triples = TupleCouplings(6, np.array([[0, 1, 5], [2, 4, 3]]), np.zeros(2), tz.get("three-body"))
        base = attrs.evolve(base, terms={"triples": triples, "springs": couple(tz.get("ring"), base.layout)})
    return base.with_parameters(0.3 * np.random.default_rng(0).standard_normal(base.parameters.size))


INTERACTIONS = {
    "cosine": tz.get("interaction:cosine"),
    "difference": tz.get("difference"),
    "short": Short(),
    "none": None,
}


@pytest.mark.parametrize("name", list(INTERACTIONS))
@pytest.mark.parametrize("objective", [tz.get("reverse-likelihood"), Both()], ids=["likelihood", "both"])
def test_the_gradient_is_that_of_the_loss(name, objective):
    """Central differences by every parameter; the loss is quadratic in each, so that they are exact to rounding."""
    one, loss = computer(INTERACTIONS[name]), StepLoss(objective, DT)
    x, x_next = np.random.default_rng(1).standard_normal((2, 5, one.n))
    _, gradient = loss.gradient(one, x, x_next)

    def value(parameters):
        return float(loss.value(one.with_parameters(parameters), x, x_next).sum())

    h = 1e-3
    expected = [
        (value(one.parameters + h * e) - value(one.parameters - h * e)) / (2 * h) for e in np.eye(len(gradient))
    ]
    assert np.allclose(gradient, expected, rtol=1e-8, atol=1e-8 * np.abs(gradient).max())


class Recorded:
    """A noising process whose trajectories were drawn beforehand."""

    def __init__(self, one, steps, dtype=np.float64):
        self.signals, self.steps = np.zeros((2, one.n)), steps
        self.engine = SimpleNamespace(name="reference")
        dynamics = tz.Dynamics(one, tz.get("euler-maruyama"), DT, "double")
        self.dynamics = dynamics
        self.dtype = dtype

    def trajectory(self, key, number):
        random = np.random.default_rng([key.seed, key.stream, int(number)])
        return 0.2 * np.cumsum(random.standard_normal((self.steps + 1, self.signals.shape[1])), axis=0)

    def stretches(self, key, trajectories, which, length):
        whole = np.stack([self.trajectory(key, t) for t in trajectories], axis=1)
        for first in range(0, self.steps, length):
            yield first, whole[first : first + length + 1]


@pytest.mark.parametrize("name", list(INTERACTIONS))
def test_updates_are_those_that_a_loop_does(name):
    """One update a trajectory, or one a step: longer than what online training holds back at a time."""
    one, loss, rate = computer(INTERACTIONS[name]), StepLoss(tz.get("reverse-likelihood"), DT), 2e-3
    process, schedule = Recorded(one, 70), Schedule(2, rate)
    trained = {
        "descent": train_by_descent(one, process, loss, schedule, seed=4),
        "online": train_online(one, process, loss, schedule, seed=4),
    }
    for method, result in trained.items():
        expected = one
        for number in range(4):
            x = process.trajectory(NoiseKey(4).named("noising"), number)
            steps = [slice(k, k + 1) for k in range(70)] if method == "online" else [slice(0, 70)]
            for part in steps:
                before, after = x[:-1][part], x[1:][part]
                _, gradient = loss.gradient(expected, before, after)
                expected = expected.with_parameters(expected.parameters - rate * gradient)
        change = np.abs(expected.parameters - one.parameters).max()
        assert change > 1e-3
        assert np.allclose(result.computer.parameters, expected.parameters, rtol=0, atol=1e-10 * (1 + change))


def test_what_is_held_back_is_in_the_precision_of_states():
    one = computer(tz.get("interaction:cosine"))
    r, x = np.random.default_rng(2).standard_normal((2, 3, one.n)).astype(np.float32)
    for term in (one.couplings, *one.terms.values()):
        assert moving(term, np.float32).pending(r, x)(1).dtype == np.float32


@pytest.mark.parametrize("method", ["exact", "moments"])
@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            lambda: computer(tz.get("interaction:cosine"), terms=False),
            "interaction 'cosine' is not the product of two states",
        ),
        (lambda: computer(None), "further terms 'triples', 'springs'"),
    ],
)
def test_methods_that_train_products_only_refuse_by_name_with_the_remedy(method, one, said):
    dynamics = tz.Dynamics(one(), tz.get("euler-maruyama"), DT, steps=10)
    with pytest.raises(TrainingError, match=f"{said}.*train by descent or online"):
        tz.train(dynamics, [[[0.0, 1.0], [1.0, 0.0]]], method=method, cycles=5)


@pytest.mark.long
def test_phases_learn_by_descent_from_arrays():
    """The loss of held-out trajectories falls."""
    stripes = np.kron([[[1, 0], [1, 0]], [[1, 1], [0, 0]]], np.ones((2, 2)))
    layout = {"visible": 16, "hidden": 4}
    phases = tz.assemble(
        layout, tz.get("quartic"), tz.get("dense"), temperature=0.1, interaction=tz.get("interaction:cosine")
    )
    dynamics = tz.Dynamics(phases, tz.get("euler-maruyama"), dt=0.01, steps=100)
    for method in ("descent", "online"):
        done = tz.train(dynamics, stripes, method=method, cycles=10, learning_rate=1e-3, seed=1, engine=tz_reference())
        validation = done.history["validation"]
        assert validation[-1] < validation[0] - 0.02


def tz_reference():
    from thermozoo.dynamics.engines import engine_named

    return engine_named("reference")
