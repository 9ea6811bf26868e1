"""What training learns has the same bits for any number of threads, of kernels and of linear algebra."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

#: Large enough for OpenBLAS to share its products out to threads, and for kernels to share a stretch.
SCRIPT = """
import hashlib
import numpy as np
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import Quartic
from thermozoo_plugins.protocols import LinearFade
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.training.exact.train import train_exact
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.descent import Schedule, train_by_descent
from thermozoo.training.sampled.moments import train_by_moments
from thermozoo.training.sampled.online import train_online

sizes = {"visible": 150, "hidden": 90}
computer = assemble(sizes, Quartic(), Bipartite(within=["hidden"]), temperature=0.3, trainable_biases=["hidden"])
signals = np.random.default_rng(3).normal(size=(2, computer.n))
noising = Noising.of(Dynamics(computer, EulerMaruyama(), 0.01, "single", 150), signals, LinearFade())
loss = noising.loss(ReverseLikelihood())
for engine in ("compiled", "reference"):
    process = NoisingProcess(noising, engine_named(engine))
    for train in (train_by_descent, train_online):
        done = train(computer, process, loss, Schedule(2, 1e-4, 1), seed=1)
        print(engine, done.method, hashlib.sha256(done.computer.parameters.tobytes()).hexdigest())
    done = train_by_moments(computer, process, loss, cycles=5, seed=1)
    print(engine, done.method, hashlib.sha256(done.computer.parameters.tobytes()).hexdigest())
sizes = {"visible": 784, "hidden": 96}
computer = assemble(sizes, Quartic(), Bipartite(), temperature=0.1, trainable_biases=["hidden"])
signals = np.random.default_rng(3).normal(size=(2, computer.n))
noising = Noising.of(Dynamics(computer, EulerMaruyama(), 0.02, "single", 30), signals, LinearFade())
done = train_exact(computer, noising, noising.loss(ReverseLikelihood()))
print("no engine", done.method, hashlib.sha256(done.computer.parameters.tobytes()).hexdigest())
"""


def digests(threads, of_algebra):
    number = str(of_algebra)
    environment = {"THERMOZOO_THREADS": str(threads), "OPENBLAS_NUM_THREADS": number, "OMP_NUM_THREADS": number}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.long
def test_bits_do_not_depend_on_threads():
    one, several = digests(1, 1), digests(3, 4)
    assert len(one) == 7
    assert len({line.split()[-1] for line in one}) == 7
    assert one == several
