"""The task `denoiser`: what is counted, what the steps out of noise make, and what the comparison says."""

from __future__ import annotations

import re
import types

import numpy as np
import pytest
from thermozoo_plugins.tasks import denoiser
from thermozoo_plugins.tasks.denoiser_network import Network, angles, pairs, trained_network

import thermozoo as tz
from thermozoo.cli.app import run as command
from thermozoo.config.load import check_config
from thermozoo.dynamics.engines import engine_named
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.phase import Run

#: Three images of 36 pixels, zero mean and unit variance each.
IMAGES = np.random.default_rng(0).standard_normal((3, 36))
IMAGES = (IMAGES - IMAGES.mean(1, keepdims=True)) / IMAGES.std(1, keepdims=True)


@pytest.fixture(scope="module")
def network():
    return trained_network(IMAGES, 10, 150, 60, 2e-3, seed=1)


def test_products_are_counted_as_they_are_made(network):
    """Layer by layer in numpy, where each product of a row with a weight is one multiply-accumulate."""
    noisy = np.random.default_rng(1).standard_normal((7, 36)).astype(np.float32)
    layer, products = noisy, 0
    for k, (weights, biases) in enumerate(zip(network.model.coefs_, network.model.intercepts_, strict=True)):
        products += layer.shape[0] * layer.shape[1] * weights.shape[1]
        layer = layer @ weights + biases
        if k < 2:
            layer = np.maximum(layer, 0)
    before = network.operations
    assert np.allclose(network.image(noisy), layer, atol=1e-5)
    assert network.operations - before == products == 7 * (36 * 128 + 128 * 128 + 128 * 36)
    before = network.operations
    network.denoise(noisy, 10, 1.0, np.random.default_rng(2), 1)
    assert network.operations - before == 10 * products
    assert network.parameters == 36 * 128 + 128 + 128 * 128 + 128 + 128 * 36 + 36


def test_training_counts_forward_and_backward(network):
    """150 updates of 60 rows: forward, gradients of weights, and errors, which the first layer passes on to nobody."""
    first, second, third = 36 * 128, 128 * 128, 128 * 36
    assert network.training_operations == 150 * 60 * (2 * (first + second + third) + second + third)


class Oracle:
    """The best answer for pixels that are Gaussian with variance s^2, told the angle by the order of its calls."""

    coefs_ = intercepts_ = ()

    def __init__(self, variance, levels):
        self.variance, self.angles = variance, list(angles(levels))

    def predict(self, noisy):
        theta = self.angles.pop()
        signal = self.variance * np.cos(theta) ** 2
        return noisy * np.cos(theta) * self.variance / (signal + np.sin(theta) ** 2)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_steps_by_the_best_answer_make_the_distribution_of_the_images(eta):
    """Exact as steps become many: variance of 40,000 pixels, 5 standard errors and the order of a step."""
    variance, levels = 0.49, 400
    random = np.random.default_rng(3)
    noise = random.standard_normal((10, 4000)).astype(np.float32)
    made = Network(Oracle(variance, levels)).denoise(noise, levels, eta, random, 2)
    assert made.way.shape == (levels + 1, 2, 4000)
    assert np.array_equal(made.way[0], noise[:2])
    found = made.images.astype(float).var() / variance
    assert found == pytest.approx(1, abs=5 * np.sqrt(2 / 40_000) + 4 / levels)
    correlation = np.corrcoef(made.images.ravel(), noise.ravel())[0, 1]
    assert (correlation > 0.999) == (eta == 0)  # without fresh noise an image is a function of the first


def test_one_image_comes_back_whole():
    """Whatever the noise: a network that knows one image answers it, and steps end at the last answer."""

    class One:
        coefs_ = intercepts_ = ()

        def predict(self, noisy):
            return np.broadcast_to(IMAGES[0], noisy.shape)

    random = np.random.default_rng(4)
    for eta in (0.0, 1.0):
        made = Network(One()).denoise(random.standard_normal((2, 36)), 5, eta, random, 1)
        assert np.allclose(made.images, IMAGES[0], atol=1e-6)


def test_pairs_keep_the_variance_and_show_every_level():
    noisy, shown = next(pairs(IMAGES.astype(np.float32), 4, 4000, np.random.default_rng(5)))
    part = (noisy * shown).mean(1)  # cos(theta) but for noise of 1 / 6
    levels = np.abs(part[:, None] - np.cos(angles(4)[1:])).argmin(1)
    assert (np.bincount(levels, minlength=4) > 700).all()
    assert np.abs(noisy.var() - 1) < 0.02
    which = np.abs(shown[:, None] - IMAGES).sum(2).argmin(1)
    assert (np.bincount(which, minlength=3) > 1000).all()


def test_it_learns_more_than_the_mean_image(network):
    noisy, shown = next(pairs(IMAGES.astype(np.float32), 10, 2000, np.random.default_rng(6)))
    of_mean = ((IMAGES.mean(0) - shown) ** 2).mean()
    assert ((network.image(noisy) - shown) ** 2).mean() < 0.5 * of_mean


def test_the_same_seed_gives_the_same_bits():
    def made(seed):
        found = trained_network(IMAGES, 5, 20, 30, 1e-3, seed)
        return found.image(IMAGES.astype(np.float32))

    assert made(3).tobytes() == made(3).tobytes()
    assert made(3).tobytes() != made(4).tobytes()
    first, other = (trained_network(IMAGES, 5, 1, 30, 1e-9, seed).model.coefs_[0] for seed in (3, 4))
    assert np.abs(first - other).max() > 0.01  # weights before training are drawn by the seed as well


SMALL = {
    "seed": 2,
    "task": {"plugin": "denoiser", "updates": 30, "batch": 40},
    "computer": {
        "temperature": 0.1,
        "units": {"visible": 784, "hidden": 4},
        "connectivity": {"plugin": "bipartite"},
    },
    "dynamics": {"dt": 0.01, "duration": 0.2, "engine": "reference"},
    "data": {"plugin": "digits", "classes": [0, 1]},
    "generation": {"samples": 12},
}


def compared(given, engine="reference"):
    """The run after all work of the task, without a run folder."""
    config = check_config(given, catalogue(), "x.toml")
    run = Run(config, catalogue(), None, None, assemble_machine)
    run.machine, run.engine = assemble_machine(config), engine_named(engine)
    run.outcome = Outcome(run.machine, run.engine, "exact")
    for phase in config.task.phases(config):
        if phase.name not in ("assembly", "preparation"):
            phase.run(run, lambda amount: None)
    return run


def test_the_advantage_is_that_of_both_sides_that_ran(monkeypatch):
    """From heats and images of all samples; judges, which take seconds, are those of `generate` and tested there."""
    verdicts = types.SimpleNamespace(judge=None, quality=None, diversity=0.5)
    monkeypatch.setattr(denoiser.tz, "judge_images", lambda run, outputs: verdicts)
    run = compared(SMALL)
    found, samples = run.figures, run.samples
    energy = 10 * (2 * 784 * 128 + 128**2) * 1e-12 / (1.380649e-23 * 300)
    heat = samples["heat"].values / 0.1
    error = heat.std(ddof=1) / np.sqrt(12)
    assert found.operations == found.reference["operations"] == 2_170_880
    assert (found.energy_kT, found.heat_mean_kT) == pytest.approx((energy, heat.mean()))
    assert found.energy_joule == pytest.approx(2.17088e-6)
    assert heat.mean() > 0
    assert (found.advantage, found.advantage_se) == pytest.approx(
        (energy / heat.mean(), energy / heat.mean() ** 2 * error)
    )
    for side in ("digital", "computer"):
        images, learned = samples[side].values.astype(float), samples["prototype"].values
        likeness = np.abs(np.corrcoef(images, learned)[:12, 12:])
        assert getattr(found, side).correlation == pytest.approx(likeness.max(1).mean(), rel=1e-5)
        assert sum(getattr(found, side).class_counts.values()) == 12
    computer = run.machine.computer
    final = run.outcome.computer.generated.final
    assert np.array_equal(samples["computer"].values, final[:, computer.layout.slice("visible")])
    assert run.trained.digest() != computer.digest()


@pytest.mark.long
def test_the_packaged_comparison():
    """Ten digits: both sides show them all, and the advantage is above the 1e11 that is published for three."""
    found = compared(tz.load_config("denoiser").given, "compiled").figures
    for side in (found.digital, found.computer):
        assert side.correlation > 0.95
        assert side.coverage == 1.0
    assert 1e11 < found.advantage < 1e12
    assert found.energy_kT == pytest.approx(5.24e14, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("task.levels=1", "task.levels: levels must be a whole number of 2 or more, got 1"),
        ("task.updates=0", "task.updates: updates must be a whole number of 1 or more, got 0"),
        ("task.learning_rate=0", "task.learning_rate: learning_rate must be a number above 0 and at most 1, got 0"),
        ("task.eta=2", "task.eta: eta must be a number from 0 to 1, got 2"),
        ("training.by_class=true", "training.by_class: expected one program for all images; leave it out"),
        ("task.masses=1", "task.masses: .*"),
    ],
)
def test_what_it_refuses_is_said_in_a_line(change, said, capsys):
    assert command(["check", "denoiser", "--set", change]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any(re.match("thermozoo: --set: " + said, line) for line in lines), lines


def test_training_that_is_killed_goes_on_to_the_same_bits(killed_at_every_checkpoint):
    from thermozoo.checkpoints.pieces import rounds

    def trained(**more):
        model = trained_network(IMAGES, 5, 6, 30, 1e-3, seed=2, **more).model
        return [one.tobytes() for one in (*model.coefs_, *model.intercepts_)], model.t_, model.loss_curve_

    def saved(name, count, take, put, progress):
        return rounds(name, count, take, put, progress=progress)

    done = killed_at_every_checkpoint(lambda: trained(rounds=saved))
    assert done.result == trained()
    assert (done.kills, done.skipped) == (5, [])
