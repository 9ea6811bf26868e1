"""Judging on held-out noising: loss and likelihood gain, found again from whole trajectories."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from scipy import stats
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.potentials import Quartic
from thermozoo_plugins.protocols import LinearFade

from thermozoo import Integrator
from thermozoo.computer.computer import assemble
from thermozoo.computer.program import Program
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.training.evaluate import evaluate
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess

DT, STEPS, COUNT = 0.004, 130, 7


@attrs.frozen
class Twice(Integrator):
    """Euler-Maruyama that looks at a noisy position: it has no closed transition density."""

    name = "twice"

    def step(self, s):
        kick = (2 * s.mobility * s.kT * s.dt) ** 0.5 * s.noise()
        return s.x + s.mobility * s.force(s.x + kick / 1000) * s.dt + kick


def machine(integrator, clamped=()):
    sizes = {"visible": 4, "hidden": 3}
    computer = assemble(sizes, Quartic(), Bipartite(within=["hidden"]), temperature=0.3, mobility=1.2, clamped=clamped)
    signals = np.random.default_rng(1).standard_normal((2, 7)) * computer.layout.free
    noising = Noising.of(Dynamics(computer, integrator, DT, steps=STEPS), signals, LinearFade())
    return computer, NoisingProcess(noising, engine_named("reference"))


def trained(computer, seed):
    random = np.random.default_rng(seed)
    return computer.with_parameters(0.3 * random.standard_normal(len(computer.parameters)))


def held_out(process):
    return process.trajectory(NoiseKey(5).named("held-out"), np.arange(COUNT), np.arange(COUNT) % 2)


def log_density(plain, computer, x, x_next):
    mean = x - computer.mobility * plain.gradient(computer, x) * DT
    spread = np.sqrt(2 * computer.mobility * computer.temperature * DT)
    return stats.norm(mean, spread).logpdf(x_next)[..., computer.layout.free].sum(axis=(0, 2))


@pytest.mark.parametrize("clamped", [(), ("hidden",)])
def test_loss_and_gain(plain, euler, objective, clamped):
    bare, process = machine(euler, clamped)
    computer = trained(bare, 2)
    initial, found = evaluate(computer, process, StepLoss(objective, DT), seed=5, trajectories=COUNT)
    states = held_out(process)
    x, x_next = states[:-1], states[1:]
    assert initial == pytest.approx(plain.loss(bare, DT, x, x_next) / (STEPS * COUNT))
    assert found.loss == pytest.approx(plain.loss(computer, DT, x, x_next) / (STEPS * COUNT))
    # ln P_theta[w~] - ln P_untrained[w~]: every step backwards
    gain = log_density(plain, computer, x_next, x) - log_density(plain, bare, x_next, x)
    assert found.gain == pytest.approx(gain.mean())
    assert found.gain_se == pytest.approx(gain.std(ddof=1) / np.sqrt(COUNT))
    # the loss is minus the log-likelihood of the reverse: both say the same
    assert found.gain == pytest.approx((initial - found.loss) * STEPS)


def test_windows_act_in_the_order_of_generation(plain, euler, objective):
    """Noising runs backwards: its first part belongs to the last window of generation."""
    bare, process = machine(euler)
    first, last = trained(bare, 2), trained(bare, 3)
    _, found = evaluate(Program([first, last]), process, StepLoss(objective, DT), seed=5, trajectories=COUNT)
    states = held_out(process)
    half = STEPS // 2
    expected = plain.loss(last, DT, states[:half], states[1 : half + 1]) + plain.loss(
        first, DT, states[half:-1], states[half + 1 :]
    )
    assert found.loss == pytest.approx(expected / (STEPS * COUNT))


def test_the_gain_of_a_program_is_the_sum_over_its_windows(plain, euler, objective):
    """Uneven windows, whose edges lie inside of the stretches that are judged at once."""
    bare, process = machine(euler)
    program = Program([trained(bare, seed) for seed in (2, 3, 4)], [0.5, 0.2, 0.3])
    initial, found = evaluate(program, process, StepLoss(objective, DT), seed=5, trajectories=COUNT)
    states = held_out(process)
    total, gain = 0.0, np.zeros(COUNT)
    for computer, a, b in zip(program.computers[::-1], (0, 39, 65), (39, 65, 130), strict=True):
        x, x_next = states[a:b], states[a + 1 : b + 1]
        total += plain.loss(computer, DT, x, x_next)
        gain += log_density(plain, computer, x_next, x) - log_density(plain, bare, x_next, x)
    assert found.loss == pytest.approx(total / (STEPS * COUNT))
    assert found.gain == pytest.approx(gain.mean())
    assert found.gain_se == pytest.approx(gain.std(ddof=1) / np.sqrt(COUNT))
    assert found.gain == pytest.approx((initial - found.loss) * STEPS)


def test_an_integrator_without_closed_density_has_no_likelihood(objective):
    bare, process = machine(Twice())
    _, found = evaluate(trained(bare, 2), process, StepLoss(objective, DT), seed=5, trajectories=COUNT)
    assert found.gain is None
    assert found.gain_se is None
    assert np.isfinite(found.loss)


def test_another_seed_holds_out_other_trajectories(euler, objective):
    bare, process = machine(euler)
    loss = StepLoss(objective, DT)
    first, second, again = (evaluate(bare, process, loss, seed=s, trajectories=COUNT)[0] for s in (5, 6, 5))
    assert first == again
    assert first != second
