"""What cannot be trained on is said in one sentence, wherever it is given."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import Quartic
from thermozoo_plugins.protocols import LinearFade

from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.errors import ArgumentError, ParameterError, ShapeError
from thermozoo.runs.generation import generate
from thermozoo.training.evaluate import evaluate
from thermozoo.training.exact.train import train_exact
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising, window_edges
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.descent import Schedule
from thermozoo.training.sampled.moments import train_by_moments
from thermozoo.training.signals import encode_groups

LOSS = StepLoss(ReverseLikelihood(), 0.1)
OPTIONS = {"integrator": EulerMaruyama(), "dt": 0.1, "steps": 5, "precision": "double"}


@pytest.fixture
def small(make_computer):
    return make_computer({"visible": 2, "hidden": 1}, Quartic(), Dense())


def test_images(small):
    for images, error, said in (
        ([1.0, -1.0], ShapeError, r"images must have shape \(images, pixels\), got \(2,\): one image is"),
        ([[1.0, np.nan]], ParameterError, r"images must be finite, got nan at \(0, 1\)"),
        ([["a", "b"]], ArgumentError, "images must be real numbers, got strings"),
        (np.zeros((1, 2, 2)), ShapeError, r"images must have shape \(images, pixels\), got \(1, 2, 2\)"),
    ):
        with pytest.raises(error, match=said):
            encode_groups(small.layout, {}, images, None, 1, {})
    with pytest.raises(ArgumentError, match="seed must be a whole number"):
        encode_groups(small.layout, {}, [[1.0, -1.0]], None, 1.5, {})
    with pytest.raises(ShapeError, match=r"labels must have shape \(1,\), got \(2,\)"):
        encode_groups(small.layout, {}, [[1.0, -1.0]], [1, 2], 1, {})


def noised(computer, signals, protocol, steps):
    return Noising.of(Dynamics(computer, EulerMaruyama(), 0.1, steps=steps), signals, protocol)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"signals": np.zeros(3)}, ShapeError, r"signals must have shape \(images, 3\), got \(3,\): "),
        ({"signals": np.zeros((1, 2))}, ShapeError, r"signals must have shape \(images, 3\), got \(1, 2\)"),
        ({"signals": [[0, np.inf, 0]]}, ParameterError, r"signals must be finite, got inf at \(0, 1\)"),
        ({"steps": 0}, ParameterError, "steps must be a whole number of 1 or more, got 0"),
        ({"steps": 2.5}, ArgumentError, r"steps must be a whole number of \d or more, got 2.5"),
        ({"protocol": LinearFade}, ArgumentError, "protocol must be a Protocol, got the class LinearFade"),
        ({"protocol": "linear-fade"}, ArgumentError, "got 'linear-fade': give an instance; catalogue"),
    ],
)
def test_signals_steps_and_protocol(small, changes, error, said):
    given = {"signals": np.zeros((1, 3)), "protocol": LinearFade(), "steps": 5, **changes}
    with pytest.raises(error, match=said):
        noised(small, given["signals"], given["protocol"], given["steps"])


def exactly(computer, loss, settings):
    return train_exact(computer, noised(computer, np.zeros((1, 3)), LinearFade(), 5), loss, **settings)


def by_moments(computer, loss, settings):
    return train_by_moments(computer, None, loss, **{"cycles": 5, "seed": 1, **settings})


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"windows": 0}, ParameterError, "windows must be a whole number of 1 or more, got 0"),
        ({"tolerance": np.nan}, ParameterError, "tolerance must be positive and finite, got nan"),
        ({"potential_parameters": 3}, ArgumentError, "potential_parameters must be names"),
        ({"loss": ReverseLikelihood()}, ArgumentError, "loss must be a StepLoss, got ReverseLikelihood"),
    ],
)
@pytest.mark.parametrize("train", [exactly, by_moments])
def test_settings_of_exact_training_and_of_moments(small, train, changes, error, said):
    given = {"loss": LOSS, **changes}
    loss = given.pop("loss")
    with pytest.raises(error, match=said):
        train(small, loss, given)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, 0.1), "cycles must be a whole number of 1 or more, got 0"),
        ((1.5, 0.1), "cycles must be a whole number of 1 or more, got 1.5"),
        ((1, np.nan), "learning_rate must be positive and finite, got nan"),
        ((1, 0.1, -1), "validations must be a whole number of 1 or more, got -1"),
    ],
)
def test_schedules(arguments, said):
    with pytest.raises((ArgumentError, ParameterError), match=said):
        Schedule(*arguments)


def test_losses_evaluation_and_windows(small):
    with pytest.raises(ArgumentError, match="objective must be an Objective, got the class ReverseLikelihood"):
        StepLoss(ReverseLikelihood, 0.1)
    with pytest.raises(ParameterError, match="dt must be positive and finite, got nan"):
        StepLoss(ReverseLikelihood(), np.nan)
    engine = engine_named("reference")
    noising = Noising.of(Dynamics(small, EulerMaruyama(), 0.1, steps=5), np.zeros((1, 3)), LinearFade())
    process = NoisingProcess(noising, engine)
    with pytest.raises(ParameterError, match="trajectories must be a whole number of 1 or more, got 0"):
        evaluate(small, process, LOSS, seed=1, trajectories=0)
    with pytest.raises(ParameterError, match="windows must be a whole number of 1 or more, got 0"):
        window_edges(10, 0)
    for name, samples, steps in (("samples", 0, 5), ("samples", 2.5, 5), ("steps", 2, 0)):
        dynamics = Dynamics(small, EulerMaruyama(), 0.1, steps=steps)
        with pytest.raises((ArgumentError, ParameterError), match=f"{name} must be a whole number of 1 or more"):
            generate(dynamics, dynamics, samples, seed=1, engine=engine)
    assert attrs.evolve(process, steps=2).steps == 2
