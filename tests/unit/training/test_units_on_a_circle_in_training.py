"""Training phases: exact training refuses, noising begins with the weight of one turn or refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import Periodic
from thermozoo_plugins.protocols import Constant

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import ParameterError, TrainingError
from thermozoo.training.exact.exact_equations import exact_equations
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess


def noising(amplitude):
    computer = assemble({"a": 400}, Periodic(), Dense(), temperature=0.5)
    dynamics = Dynamics(computer, EulerMaruyama(), dt=1e-2, steps=10)
    return computer, Noising.of(dynamics, np.ones((1, 400)), Constant(amplitude=amplitude))


def test_exact_training_names_the_circle_and_the_remedy():
    computer, quiet = noising(0.0)
    with pytest.raises(TrainingError, match=r"'periodic' live on a circle .* method = 'moments'"):
        exact_equations(computer, quiet, quiet.loss(ReverseLikelihood()))


def test_noising_begins_in_the_equilibrium_of_one_turn():
    """20,000 samples of cos 2x, 4.5 standard errors: false-alarm rate 7e-6."""
    x = NoisingProcess(noising(0.0)[1], engine_named("reference")).prepare(
        NoiseKey(1), np.arange(50), np.zeros(50, dtype=np.int64)
    )
    assert np.abs(x).max() <= np.pi
    values = np.cos(2 * x)
    expected = -special.i1(2.0) / special.i0(2.0)
    assert abs(values.mean() - expected) < 4.5 * values.std() / np.sqrt(values.size)


def test_noising_that_drives_phases_around_is_refused():
    process = NoisingProcess(noising(0.3)[1], engine_named("reference"))
    with pytest.raises(ParameterError, match=r"the imposed force f = 0\.3 drives a unit"):
        process.prepare(NoiseKey(1), np.arange(2), np.zeros(2, dtype=np.int64))
