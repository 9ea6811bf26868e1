"""The task `classify`: its ideal trajectories, equations and teacher against others' formulas, and what it reaches."""

from __future__ import annotations

import json
import math
import os

import attrs
import numpy as np
import pytest
from thermozoo_plugins.tasks.classify_data import split_of
from thermozoo_plugins.tasks.classify_teacher import trained_teacher
from thermozoo_plugins.tasks.classify_verdicts import Answers
from thermozoo_plugins.tasks.ideal_trajectories import follow_ideal, ideal_states

import thermozoo as tz
from thermozoo.cli.app import run as command
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.phase import Run


def tables(seed=1, *, classes=(0, 1, 2), per_class=40, hidden=6, **task):
    return {
        "seed": seed,
        "task": {"plugin": "classify", "passes": 300, "copies": 8} | task,
        "computer": {
            "temperature": 1.0,
            # all alike: a writer of TOML puts plain keys before tables, and the order of groups counts
            "units": {
                "pixels": {"size": "auto", "clamped": True},
                "hidden": {"size": hidden},
                "outputs": {"size": "auto"},
            },
            "potential": {"plugin": "quartic"},
            "connectivity": {"plugin": "layered", "within": ["outputs"]},
        },
        "dynamics": {"integrator": "euler-maruyama", "dt": 2e-3, "duration": 0.2, "engine": "reference"},
        "data": {"plugin": "digits", "side": 8, "classes": list(classes), "per_class": per_class},
    }


def classified(given):
    """The run after the work of the task, without a run folder."""
    config = parse(given, catalogue(), Origin("test"))
    machine = assemble_machine(config)
    run = Run(machine.config, catalogue(), None, None, assemble_machine)
    run.machine, run.engine = machine, engine_named("reference")
    for phase in run.config.task.phases(run.config):
        phase.run(run, lambda amount: None)
    return run


@pytest.fixture(scope="module")
def small():
    return classified(tables())


def test_ideal_trajectories_are_straight_lines_in_noise():
    """Of 1,000 trajectories, chi-square: exceeded once in 1e6 times."""
    from scipy.stats import chi2

    targets = np.array([[1.0, -2.0], [0.0, 0.5]])
    rng = np.random.default_rng(1)
    assert ideal_states(targets, 4, 0.0, rng)[:, 0, 1].tolist() == [0, -0.5, -1, -1.5, -2]
    states = ideal_states(np.repeat(targets, 500, axis=0), 5, 0.3, rng)
    assert (states[0] == 0).all()
    steps = np.diff(states, axis=0) - np.repeat(targets, 500, axis=0) / 5
    low, high = chi2.ppf([5e-7, 1 - 5e-7], steps.size)
    assert low < (steps**2).sum() / 0.09 < high
    assert abs(steps.mean()) < 5 * 0.3 / math.sqrt(steps.size)
    assert abs((steps[1:] * steps[:-1]).mean()) < 5 * 0.09 / math.sqrt(steps[1:].size)


def test_two_units_that_follow_noisy_trajectories_are_coupled_as_the_expectation_says():
    """With independent noise of variance 2 mu kT t, E y_i x_j and E x_j^2 are known; 16 seeds, 6 standard errors.

    Beyond them lies a t of 15 degrees of freedom once in 40,000 times.
    """
    mobility, kT, dt, steps, noise = 1.4, 0.6, 0.01, 20, 0.8
    computer = tz.assemble(
        {"a": 2}, tz.get("quartic", J2=0.5, J4=0.2), tz.get("dense"), temperature=kT, mobility=mobility
    )
    machine = attrs.make_class("Machine", ["dynamics"])(
        tz.Dynamics(computer, tz.get("euler-maruyama"), dt=dt, steps=steps)
    )
    ends = np.array([[1.5, -1.0], [0.5, 0.8], [-1.0, -1.2]])
    found = np.array(
        [
            follow_ideal(
                machine,
                np.zeros((3, 0)),
                ends,
                noise=noise,
                copies=100,
                ridge=0.0,
                scatter=0.0,
                seed=seed,
                progress=lambda done: None,
            ).computer.couplings.vector[0]
            for seed in range(16)
        ]
    )
    share = np.arange(steps) / steps
    variance = 2 * noise**2 * mobility * kT * share * steps * dt
    line = share[:, None, None] * ends
    # y = velocity / mu + dU of a state that scatters: E x^3 = m^3 + 3 m v
    y = ends / (steps * dt * mobility) + line + 0.8 * (line**3 + 3 * line * variance[:, None, None])

    def covariance(p, q):
        return (p * q).mean() - p.mean() * q.mean()

    spread = sum(covariance(line[..., k], line[..., k]) + variance.mean() for k in (0, 1))
    exact = -(covariance(y[..., 0], line[..., 1]) + covariance(y[..., 1], line[..., 0])) / spread
    error = found.std(ddof=1) / 4
    assert 0 < error < 0.07 * abs(exact)
    assert abs(found.mean() - exact) < 6 * error


@pytest.mark.parametrize("classes", [(0, 1), (3, 8, 9)])
def test_the_teacher_answers_as_the_perceptron_that_was_trained(classes):
    from sklearn.neural_network import MLPClassifier

    config = parse(tables(classes=classes), catalogue(), Origin("test"))
    split = split_of(config.dataset, config.data, 0.25, 1)
    teacher = trained_teacher(split.pixels, split.labels, hidden=5, passes=30, decay=1e-3, seed=3)
    model = MLPClassifier((5,), activation="tanh", alpha=1e-3, max_iter=30, random_state=3)
    with pytest.warns(match="Maximum iterations"):
        model.fit(split.pixels, split.labels)
    outputs = teacher.activations(split.test_pixels)[1]
    odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    assert odds / odds.sum(axis=1, keepdims=True) == pytest.approx(model.predict_proba(split.test_pixels), abs=1e-12)
    assert teacher.right(split.test_pixels, split.test_labels).mean() == model.score(
        split.test_pixels, split.test_labels
    )
    assert teacher.multiply_accumulates == 64 * 5 + 5 * len(classes)


def test_images_are_split_once_and_by_seed():
    config = parse(tables(), catalogue(), Origin("test"))
    one, other = (split_of(config.dataset, config.data, 0.25, seed) for seed in (1, 2))
    images, labels = tz.choose_images(config.dataset, (0, 1, 2), 40)
    both = np.concatenate([one.pixels, one.test_pixels])
    assert np.array_equal(np.sort(both, axis=0), np.sort(images.reshape(120, -1), axis=0))
    assert len(one.test_pixels) == 30
    assert not np.array_equal(one.labels, other.labels)
    assert sorted(np.concatenate([one.labels, one.test_labels])) == sorted(labels)


def test_shots_are_counted_and_averaged():
    """Two images of two classes by hand: the second is right in 4 shots of 10, and in their mean."""
    outputs = np.zeros((20, 2))
    outputs[:10, 0] = 1.0
    outputs[10:16, 0], outputs[16:, 1] = 1.0, 9.0
    answers = Answers.of(outputs, np.arange(20.0), np.array([0, 1]))
    assert answers.right.tolist() == [1.0, 0.4]
    assert answers.right_of_10.tolist() == [1, 1]
    assert answers.heat.tolist() == [4.5, 14.5]
    assert answers.confusion.tolist() == [[10, 0], [6, 4]]


def test_the_figures_are_those_of_the_shots(small):
    """Three digits of 24 images: a guess is right in a third of them, and in 0.7 once in 3,000 times."""
    found = small.figures
    shots = np.array(found.confusion)
    assert found.test_images == 24
    assert shots.sum() == 240
    assert found.accuracy == pytest.approx(np.trace(shots) / 240, rel=1e-12)
    assert found.accuracy == pytest.approx(small.samples["accuracy"].values[-1], rel=1e-12)
    assert found.accuracy > 0.7
    assert found.accuracy_of_10 > 0.7
    assert found.reference == {"accuracy": found.teacher_accuracy, "accuracy_of_10": found.teacher_accuracy}
    assert found.heat_per_inference_kT > 10 * found.heat_se_kT > 0
    kT = 1.380649e-23 * 300
    assert found.advantage == pytest.approx((64 * 6 + 6 * 3) * 1e-12 / kT / found.heat_per_inference_kT, rel=1e-12)
    assert found.unknowns == 64 * 6 + 6 * 3 + 3 + 9
    assert found.undetermined_among_free == 0
    assert found.rank == found.unknowns - found.undetermined_by_pixels
    assert 0.5 < found.loss < 0.7  # of what constant couplings cannot follow
    assert small.warnings == []
    assert small.samples["output"].sizes == {"image_number": 6, "time": 51, "class": 3}


def test_without_noise_trajectories_determine_less_which_is_said():
    """Eight images are eight straight lines, and twelve units beside each output cannot be told apart by them."""
    run = classified(tables(noise=0.0, copies=1, ridge=1e-3, hidden=12, classes=(0, 1), per_class=5))
    found = run.figures
    assert found.undetermined_among_free > 0
    assert found.rank == found.unknowns - found.undetermined_by_pixels - found.undetermined_among_free
    assert any("undetermined: take task.noise above 0" in text for text in run.warnings)


def saved_teacher(path, **changed):
    config = parse(tables(), catalogue(), Origin("test"))
    split = split_of(config.dataset, config.data, 0.2, 1)
    teacher = trained_teacher(split.pixels, split.labels, hidden=6, passes=300, decay=1e-4, seed=1)
    held = {"weights_0": teacher.weights[0], "biases_0": teacher.biases[0]}
    held |= {"weights_1": teacher.weights[1], "biases_1": teacher.biases[1]} | changed
    np.savez(path, **{name: value for name, value in held.items() if value is not None})
    return str(path)


def test_a_teacher_of_a_file_is_as_good_as_one_that_is_trained(tmp_path, small):
    assert classified(tables(teacher=saved_teacher(tmp_path / "teacher.npz"))).figures == small.figures


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"weights_0": np.zeros((784, 6))}, "does not fit the data: weights_0 is float64 of shape (784, 6), expected"),
        ({"biases_1": np.full(3, np.nan)}, "does not fit the data: biases_1 is float64 of shape (3,), expected finite"),
        ({"biases_1": None}, "cannot read the teacher"),
        ({"weights_1": np.zeros((6, 3))}, "does not fit the data: it takes 28.1% of the training images"),
    ],
)
def test_a_teacher_that_does_not_fit_is_refused_before_the_run(tmp_path, capsys, changed, said):
    path = saved_teacher(tmp_path / "teacher.npz", **changed)
    refused(tmp_path, capsys, tables(teacher=path, test=0.2), "task.teacher: ", said)


@pytest.mark.parametrize(
    ("table", "change", "where", "said"),
    [
        ("data", {"classes": [0, 11]}, "data: ", "has 0 images of class 11, expected at least 40; classes: 0, 1, 2"),
        ("data", {"classes": [4]}, "data.classes: ", "expected two classes"),
        ("data", {"per_class": 500}, "data: ", "expected at least 500"),
        ("task", {"test": 0.001}, "task.test: ", "of 120 images, a share of 0.001 leaves 0 to be judged by"),
        ("task", {"test": 1.0}, "task.test: ", "must be a number above 0 and below 1, got 1.0"),
        ("task", {"noise": -1.0}, "task.noise: ", "of at least 0"),
        ("task", {"noise": 0.0, "copies": 3}, "task.copies: ", "copies without noise are alike: expected 1, got 3"),
        ("task", {"teacher": "none.npz"}, "task.teacher: ", "cannot read the teacher none.npz: No such file"),
        ("dynamics", {"integrator": "stochastic-heun"}, "dynamics.integrator: ", "as 'euler-maruyama' takes them"),
        ("computer", {"units": {"pixels": 64, "outputs": 3}}, "computer.units: ", "expected three groups, pixels"),
        ("computer", {"interaction": {"plugin": "cosine"}}, "computer.interaction: ", "leave it out"),
        (
            "computer",
            {"units": {"pixels": {"size": 784, "clamped": True}, "hidden": {"size": 6}, "outputs": {"size": 3}}},
            "computer.units.pixels: ",
            "the images have 64 pixels, but the group has 784 units",
        ),
        (
            "computer",
            {"units": {"pixels": {"size": 64, "clamped": True}, "hidden": {"size": 6}, "outputs": {"size": 10}}},
            "computer.units.outputs: ",
            "there are 3 classes, but the group has 10 units",
        ),
    ],
)
def test_what_cannot_be_classified_is_one_line_and_nothing_is_written(tmp_path, capsys, table, change, where, said):
    given = tables()
    given[table] = given[table] | change
    if "integrator" in change:
        given["dynamics"] |= {"dt": 1e-3}
    refused(tmp_path, capsys, given, where, said)


def refused(tmp_path, capsys, given, where, said):
    import tomli_w

    config, out = tmp_path / "given.toml", tmp_path / "out"
    config.write_text(tomli_w.dumps(given))
    assert command(["run", str(config), "--out", str(out)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("thermozoo: ")]
    assert len(lines) == 1, lines
    assert f": {where}" in lines[0]
    assert said in lines[0]
    assert not out.exists()


def test_a_run_leaves_its_figures_its_computer_and_its_pictures(tmp_path, capsys):
    import tomli_w

    config, out = tmp_path / "given.toml", tmp_path / "out"
    config.write_text(tomli_w.dumps(tables(hidden=4) | {"hardware": {"preset": "electrical"}}))
    assert command(["run", str(config), "--quiet", "--out", str(out)]) == 0
    assert "One shot takes " in capsys.readouterr().out
    report = json.loads((out / "report.json").read_text())
    assert {"accuracy", "accuracy_of_10", "heat_per_inference_kT", "reference"} <= set(report["classify"])
    assert report["hardware"]["seconds_per_sample"] == pytest.approx(0.2e-6)
    for name in ("outputs", "confusion"):
        assert (out / "figures" / f"{name}.png").is_file()
    loaded = tz.load(out)
    assert np.abs(loaded.computer.couplings.vector).max() > 1  # the trained one
    assert loaded.computer.layout.sizes == {"pixels": 64, "hidden": 4, "outputs": 3}


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_digits_are_told_apart(seed, tmp_path):
    """As packaged; 359 images scatter by 1 %, and accuracies by as much by the choice of images."""
    assert command(["run", "classify", "--quiet", "--set", f"seed={seed}", "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "report.json").read_text())["classify"]
    assert found["accuracy"] > 0.9
    assert found["accuracy_of_10"] > 0.91
    assert found["teacher_accuracy"] - found["accuracy_of_10"] < 0.06


@pytest.mark.long
@pytest.mark.skipif("THERMOZOO_TEST_MNIST" not in os.environ, reason="THERMOZOO_TEST_MNIST names no folder with MNIST")
def test_mnist_is_told_apart_after_a_minute_of_training(tmp_path):
    """8,000 images to train on and 2,000 to be judged by; published with 60,000: 92.0 %."""
    images = ["--set", f"data.path={os.environ['THERMOZOO_TEST_MNIST']}"]
    assert command(["run", "examples/mnist-classify.toml", "--quiet", *images, "--out", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["classify"]["training_images"] == 8000
    assert report["classify"]["accuracy"] > 0.9
    assert report["seconds"]["teacher"] + report["seconds"]["training"] < 60
