"""Whether 95 % intervals of what learns cover: classifiers over test images, Boltzmann machines over chains.

Each test follows one machine through as many samples of what its error bars are over.
"""

from __future__ import annotations

import types

import attrs
import numpy as np
import pytest
from intervals import check_cover, few_and_many
from scipy import stats
from test_trained_devices import done, with_device
from thermozoo_plugins.tasks.boltzmann_results import _shown
from thermozoo_plugins.tasks.classify_data import split_of

import thermozoo as tz


def covered(intervals, known, count):
    """How many intervals of each figure, by Student's t of so many values, hold what is known of it."""
    width = stats.t.ppf(0.975, count - 1)
    values = np.array(intervals)
    return (np.abs(values[..., 0] - np.array(known)) < width * values[..., 1]).sum(axis=0)


@few_and_many
def test_intervals_of_a_classifier_cover_what_it_reaches_on_all_images(seeds):
    """One computer, and 60 test images at a time, drawn with replacement from 397 that it was not trained on.

    What is known is the mean over all of these, of 60 shots each. Heat is that of a computer whose couplings to pixels
    that are hardly ever lit are small: else a few images release several times as much as the others, and intervals of
    means over 60 images of so skewed figures cover 92 %.
    """
    run = done(with_device("classify", ("task", {"scatter": 0.1})))
    task, (split, teacher, followed) = run.config.task, run.outcome
    table = types.SimpleNamespace(classes=run.config.data.classes, per_class=0, skip=40)
    rest = split_of(tz.get("dataset:digits", side=8), table, 0.5, seed=1)
    pixels = np.concatenate([rest.pixels, rest.test_pixels])
    labels = np.concatenate([rest.labels, rest.test_labels])

    def figures(rows, seed):
        run.config = attrs.evolve(run.config, seed=seed)
        run.outcome = attrs.evolve(split, test_pixels=pixels[rows], test_labels=labels[rows]), teacher, followed
        task._classify(run, lambda steps: None)
        return run.figures

    whole = [figures(np.arange(len(pixels)), 1000 + k) for k in range(6)]
    names = (
        ("accuracy", "accuracy_se"),
        ("accuracy_of_10", "accuracy_of_10_se"),
        ("heat_per_inference_kT", "heat_se_kT"),
    )
    known = [np.mean([getattr(one, name) for one in whole]) for name, _ in names]
    known += [np.mean([one.reference[name] - getattr(one, name) for one in whole]) for name in whole[0].reference]
    assert 0.6 < known[0] < known[1] < 0.97  # neither a guess nor always right
    rng = np.random.default_rng(5)
    intervals = []
    for seed in range(seeds):
        one = figures(rng.integers(len(pixels), size=60), seed)
        own = [(getattr(one, name), getattr(one, error)) for name, error in names]
        short = [(one.reference[name] - getattr(one, name), one.error_bars[name]) for name in one.reference]
        intervals.append(own + short)
    check_cover(covered(intervals, known, 60), seeds)


CONTINUOUS = (
    ("task", {"amplitude": 0.5, "updates": 20, "learning_rate": 4e-4, "data_steps": 5, "model_steps": 5}),
    ("computer", {"temperature": 0.1, "potential": {"plugin": "quartic"}}),
    ("dynamics", {"integrator": "euler-maruyama", "dt": 0.02, "duration": 0.4}),
)


@few_and_many
@pytest.mark.parametrize("changed", [(("task", {"updates": 20}),), CONTINUOUS], ids=["p-bits", "continuous"])
def test_intervals_of_a_boltzmann_machine_cover_what_many_chains_find(changed, seeds):
    """One machine, and 40 chains at a time with noise of their own. What is known is the mean over 2,000 others."""
    run = done(with_device("boltzmann", *changed))
    task, learned = run.config.task, run.outcome

    def figures(seed, samples):
        one = attrs.evolve(task, samples=samples)
        run.config, run.outcome = attrs.evolve(run.config, seed=seed), learned
        one._sample(run, lambda steps: None)
        one._judge(run, lambda steps: None)
        found = run.figures
        return [
            (found.heat_mean_kT, found.heat_se_kT),
            (found.heat_relaxed_kT, found.heat_relaxed_se_kT),
            (found.generated.nearest, found.generated.nearest_se),
            (found.relaxed.nearest, found.relaxed.nearest_se),
        ]

    known = [value for value, _ in figures(1000, 2000)]
    assert known[0] > 1
    check_cover(covered([figures(seed, 40) for seed in range(seeds)], known, 40), seeds)


@pytest.mark.long
@pytest.mark.parametrize("right", [0.5, 0.9, 0.97])
def test_intervals_of_what_is_judged_right_cover_the_probability(right):
    """The judge's verdicts are drawn: 200 images, each right with a probability of its own; 4,000 samples.

    Intervals of shares that can be few values alone cover no more than about 95 %: here 93 to 98 % of them do.
    """
    rng = np.random.default_rng(3)
    outputs = np.ones((200, 4))
    hits = 0
    for _ in range(4000):
        row = attrs.make_class("Row", ["judged_right"])((rng.random(200) < right).mean())
        images = types.SimpleNamespace(
            images=np.ones((2, 4)),
            correlations=lambda x: np.ones((len(x), 2)),
            quality=lambda x, untrained, row=row: types.SimpleNamespace(rows=[row]),
        )
        found = _shown(images, outputs, 1.0)
        hits += abs(found.judged_right - right) < 1.96 * found.judged_right_se
    print(hits / 4000)
    assert 0.93 < hits / 4000 < 0.98
