"""Generation that is asked for classes: what samples are asked for, what clamped units hold, and what comes out."""

from __future__ import annotations

import json

import attrs
import numpy as np
import pytest
from two_shapes import CONDITIONED, LEFT, TOP, Silent, config, plugins

import thermozoo as tz
from thermozoo.errors import ConfigError
from thermozoo.runs import phases
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.conditions import asked_classes, held_values
from thermozoo.runs.experiment import run_experiment
from thermozoo.runs.metrics import judged_figures
from thermozoo.runs.saved import page_again

#: Clamped units that hold the image itself.
BY_IMAGE = "encoding.label={plugin='image'}"


#: No class is asked for, of units that hold one and of units that hold none.
NOT_SAID = CONDITIONED.replace('condition = "each"', "")
UNLABELED = NOT_SAID.replace('[encoding.label]\nplugin = "one-hot"\n', "").replace('"auto"', "2")


def test_classes_take_turns():
    assert asked_classes(config(CONDITIONED, "generation.samples=5")).tolist() == [LEFT, TOP, LEFT, TOP, LEFT]
    asked = asked_classes(config(CONDITIONED, "generation.samples=7", f"generation.condition=[{TOP}, {TOP}, {LEFT}]"))
    assert asked.tolist() == [TOP, TOP, LEFT, TOP, TOP, LEFT, TOP]
    assert asked_classes(config(NOT_SAID, "generation.samples=3")).tolist() == [LEFT, TOP, LEFT]
    assert asked_classes(config(UNLABELED)) is None
    assert held_values(assemble_machine(config(UNLABELED)), None) is None


def test_units_hold_the_signal_of_the_class():
    """Of one-hot, whose units have the order of the labels."""
    machine = assemble_machine(config(CONDITIONED))
    held = held_values(machine, np.array([LEFT, TOP, TOP]))
    np.testing.assert_array_equal(held, [[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])


def test_where_a_class_does_not_say_the_signal_an_image_is_drawn():
    machine = assemble_machine(config(CONDITIONED, BY_IMAGE))
    asked = np.resize([LEFT, TOP, LEFT], 60)
    held = held_values(machine, asked)
    images = machine.prototypes.images
    for label in (LEFT, TOP):
        own = images[machine.prototypes.labels == label]
        which = [int(np.flatnonzero((row == own).all(axis=1))[0]) for row in held[asked == label]]
        # that one of three images is never drawn in twenty samples has the probability 3 (2/3)^20 = 9e-4; seeded
        assert set(which) == {0, 1, 2}
    # a sample's is its own, whatever is asked of the others and however many there are
    np.testing.assert_array_equal(held_values(machine, np.resize([LEFT, TOP, LEFT, LEFT], 9))[:3], held[:3])
    other = attrs.evolve(machine, config=config(CONDITIONED, BY_IMAGE, "seed=4"))
    assert not np.array_equal(held_values(other, asked), held)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("conditions") / "run"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(phases, "draw_figures", lambda *arguments: {})
        run_experiment(config(CONDITIONED), plugins(), folder, reporter=Silent())
    return tz.load(folder, catalogue=plugins())


def test_samples_show_what_they_were_asked_for(run):
    """Were the class without effect, 48 of 60 or more would be right with the probability 1.6e-6."""
    labels = np.where(run.samples["state"].values[:, :9].reshape(-1, 3, 3)[:, 1:, 0].mean(axis=1) > 0.0, LEFT, TOP)
    assert run.samples["condition"].values.tolist() == [LEFT, TOP] * 30
    assert (labels == run.samples["condition"].values).sum() >= 48


def test_samples_hold_the_class_to_the_end(run):
    held = run.samples["state"].values[:, 9:]
    np.testing.assert_array_equal(held, np.tile([[0.0, 1.0], [1.0, 0.0]], (30, 1)))


def test_the_report_says_how_many_are_right_by_class(run):
    """Counted again from the samples, and from the judge's table."""
    states, asked = run.samples["state"].values[:, :9], run.samples["condition"].values
    images, labels = run.samples["prototype"].values, run.samples["label"].values
    scaled = (states - states.mean(axis=1, keepdims=True)) / states.std(axis=1, keepdims=True)
    right = labels[(scaled @ images.T).argmax(axis=1)] == asked
    found = run.report["asked"]
    assert found["counts"] == {"4": 30, "7": 30}
    assert found["nearest_as_asked"] == pytest.approx(right.mean())
    assert found["nearest_by_class"] == {"4": pytest.approx(right[1::2].mean()), "7": pytest.approx(right[::2].mean())}
    rows = {row["name"]: row for row in run.report["quality"]["rows"]}
    assert found["judged_as_asked"] == rows["outputs"]["judged_right"] >= 0.8
    assert found["judge_accuracy"] == rows["real held-out"]["judged_right"]
    confusion = run.report["quality"]["confusion"]
    assert {label: sum(row.values()) for label, row in confusion.items()} == found["counts"]
    assert found["judged_by_class"] == {label: row.get(label, 0) / 30 for label, row in confusion.items()}
    assert f"as asked: {right.mean():.1%} resemble" in repr(run)


def test_outputs_of_another_class_are_not_as_asked():
    """Prototypes in noise, half of them of the class that was asked for and half of the other."""
    machine = assemble_machine(config(CONDITIONED))
    shown = np.resize([LEFT, TOP], 40)
    images = {label: machine.prototypes.images[machine.prototypes.labels == label][0] for label in (LEFT, TOP)}
    outputs = np.stack([images[label] for label in shown.tolist()])
    outputs = outputs + 0.1 * np.random.default_rng(2).standard_normal(outputs.shape)
    correlations = machine.prototypes.correlations(outputs)
    # without real images to try its judge on, the classifier of images that are left speaks
    least = attrs.evolve(machine, prototypes=attrs.evolve(machine.prototypes, real=None))
    cases = [(shown, 1.0, "quality"), (shown[::-1], 0.0, "quality"), (np.full(40, TOP), 0.5, "judge")]
    for asked, share, by in cases:
        found = judged_figures(least if by == "judge" else machine, outputs, correlations, asked=asked).asked
        assert found.judged_by == by
        assert found.judge_accuracy >= 0.9
        assert found.nearest_as_asked == found.judged_as_asked == share
        by_class = {str(label): float((shown[asked == label] == label).mean()) for label in set(asked.tolist())}
        assert found.nearest_by_class == found.judged_by_class == by_class
    assert judged_figures(machine, outputs, correlations).asked is None


def test_a_negative_is_not_what_was_asked_for():
    """It resembles the other image more, however little, where correlations have their sign."""
    machine = assemble_machine(config(CONDITIONED))
    images, labels = machine.prototypes.images, machine.prototypes.labels
    one = images[labels == TOP][0]
    shown = np.stack([one, -one])
    found = judged_figures(machine, shown, machine.prototypes.correlations(shown), asked=np.full(2, TOP)).asked
    assert found.nearest_as_asked == 0.5


def test_the_page_can_be_made_again(run):
    said = []
    assert page_again(run.folder, plugins, said.append).stat().st_size > 10_000
    assert not [line for line in said if "cannot be drawn again" in line]


def test_a_run_that_asks_for_nothing_reports_nothing_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(phases, "draw_figures", lambda *arguments: {})
    silent = config(UNLABELED, "generation.samples=3")
    run_experiment(silent, plugins(), tmp_path / "run", reporter=Silent())
    assert json.loads((tmp_path / "run" / "report.json").read_text())["asked"] is None
    loaded = tz.load(tmp_path / "run", catalogue=plugins())
    assert "condition" not in loaded.samples
    assert not loaded.samples["state"].values[:, 9:].any()
    assert "as asked" not in repr(loaded)


def test_a_class_of_which_nothing_is_learned(monkeypatch):
    """An encoding that keeps the images of one class alone."""
    from thermozoo_plugins.encodings import OneHot

    monkeypatch.setattr(OneHot, "keep", lambda self, images, labels: np.flatnonzero(labels == LEFT))
    with pytest.raises(ConfigError) as caught:
        assemble_machine(config(CONDITIONED))
    (line,) = caught.value.faults
    assert line.startswith("x.toml: generation.condition: class 4 is asked for, but the encodings keep no image of it")
