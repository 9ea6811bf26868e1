"""Training that is killed at every checkpoint is the undisturbed one, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import Quartic
from thermozoo_plugins.protocols import LinearFade

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.training.evaluate import evaluate
from thermozoo.training.exact.train import train_exact
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.descent import Schedule, train_by_descent
from thermozoo.training.sampled.moments import train_by_moments
from thermozoo.training.sampled.online import train_online


@pytest.fixture(scope="module")
def machine(request):
    from thermozoo_plugins.integrators import EulerMaruyama

    sizes = {"visible": 4, "hidden": 3}
    computer = assemble(sizes, Quartic(), Bipartite(within=["hidden"]), temperature=0.3, trainable_biases=["hidden"])
    signals = np.random.default_rng(3).normal(size=(3, computer.n))
    return computer, Noising.of(Dynamics(computer, EulerMaruyama(), 0.01, "single", 60), signals, LinearFade())


def descended(train, engine, stored=False):
    def work(computer, noising):
        loss, process = noising.loss(ReverseLikelihood()), NoisingProcess(noising, engine_named(engine))
        random = np.random.default_rng(5)
        kept = (lambda values: np.round(values, 3) + 1e-4 * random.standard_normal(values.shape)) if stored else None
        return train(computer, process, loss, Schedule(4, 1e-3, 3), seed=1, stored=kept)

    return work


def by_moments(engine, parameters=()):
    def work(computer, noising):
        loss, process = noising.loss(ReverseLikelihood()), NoisingProcess(noising, engine_named(engine))
        return train_by_moments(computer, process, loss, cycles=30, seed=1, windows=2, potential_parameters=parameters)

    return work


def exactly(computer, noising):
    return train_exact(computer, noising, noising.loss(ReverseLikelihood()), windows=4, potential_parameters=["J2"])


METHODS = {
    "descent": (descended(train_by_descent, "reference"), 12),
    "online": (descended(train_online, "reference"), 12),
    "stored": (descended(train_online, "reference", stored=True), 12),
    "moments": (by_moments("reference", ["J2"]), 2),
    "exact": (exactly, 4),
}
COMPILED = {
    "descent, compiled": (descended(train_by_descent, "compiled"), 12),
    "online, compiled": (descended(train_online, "compiled"), 12),
    "moments, compiled": (by_moments("compiled"), 2),
}


def bits(done):
    curves = [one.tobytes() for one in done.history.values()]
    figures = {name: value for name, value in done.details.items() if not name.startswith("seconds")}
    return [one.parameters.tobytes() for one in done.program.computers], done.program.digest(), curves, figures


@pytest.mark.parametrize("method", [*METHODS, *(pytest.param(one, marks=pytest.mark.long) for one in COMPILED)])
def test_what_is_learned_is_the_same(method, machine, killed_at_every_checkpoint):
    train, least = (METHODS | COMPILED)[method]
    undisturbed = bits(train(*machine))
    done = killed_at_every_checkpoint(lambda: bits(train(*machine)))
    assert done.result == undisturbed
    assert done.kills >= least
    assert done.skipped == []


def test_held_out_figures_are_the_same(machine, killed_at_every_checkpoint):
    computer, noising = machine
    process, loss = NoisingProcess(noising, engine_named("reference")), noising.loss(ReverseLikelihood())
    trained = computer.with_parameters(0.3 * np.random.default_rng(2).standard_normal(len(computer.parameters)))

    def work():
        return evaluate(trained, process, loss, seed=3, trajectories=7)

    undisturbed = work()
    done = killed_at_every_checkpoint(work)
    assert done.result == undisturbed
    assert done.kills == 3
