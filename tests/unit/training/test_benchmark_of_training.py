"""Sampled training over its products: what is counted, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import Quartic
from thermozoo_plugins.protocols import LinearFade

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.training.benchmark import sampled_over_products
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess

STEPS, DT = 64, 0.02


@pytest.mark.long
def test_products_are_those_of_the_published_algorithms():
    """64 units, all to all: 2,016 couplings; 8,064 multiply-adds a step, of moments 2 x 2,016 and 64 x 65 / 2."""
    computer = assemble({"visible": 64}, Quartic(), Dense(), temperature=0.1)
    dynamics = Dynamics(computer.bare(), EulerMaruyama(), DT, "single", steps=STEPS)
    images = np.random.default_rng(0).standard_normal((2, 64))
    process = NoisingProcess(Noising.of(dynamics, images, LinearFade()), engine_named("compiled"))
    loss = StepLoss(ReverseLikelihood(), DT)
    found = sampled_over_products(computer, process, loss, threads=1)
    assert (found["threads"], found["clock"]) == (1, "processor")
    rows = {row["method"]: row for row in found["rows"]}
    counted = {"descent": 8064, "online": 8064, "moments": 4032 + 2080}
    assert list(rows) == list(counted)
    for name, row in rows.items():
        assert row["products"] * 1e9 * found["multiply_adds_per_ns"] == pytest.approx(STEPS * counted[name])
        assert row["ratio"] == pytest.approx(row["seconds"] / row["products"])
