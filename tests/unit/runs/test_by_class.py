"""A program for each class, which the condition selects: assembled, trained, judged, generated, saved, read again."""

from __future__ import annotations

import numpy as np
import pytest
import tomli_w
from two_shapes import LEFT, TOP, Silent, config, plugins

import thermozoo as tz
from thermozoo.cli.check import lines
from thermozoo.computer.program import programs_digest
from thermozoo.dynamics.engines import engine_named
from thermozoo.errors import ConfigError, DataError
from thermozoo.runs import phases
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import phase_shares
from thermozoo.runs.disk import predicted_disk
from thermozoo.runs.estimate import estimate_run, estimate_work
from thermozoo.runs.evaluation import evaluate_parts, held_out_each
from thermozoo.runs.experiment import run_experiment
from thermozoo.runs.saved import page_again
from thermozoo.runs.training import train, train_parts, training_work
from thermozoo.training.evaluate import evaluate
from thermozoo.training.noising_process import NoisingProcess

BY_CLASS = """
seed = 3
[computer]
temperature = 0.1
trainable_biases = ["visible", "hidden"]
[computer.units]
visible = 9
hidden = "auto"
[dynamics]
dt = 1e-2
duration = 1.0
engine = "reference"
[data]
plugin = "two-shapes"
classes = [7, 4]
per_class = 6
[encoding.hidden]
plugin = "binary-features"
features = 2
[training]
by_class = true
held_out = 6
[generation]
samples = 40
"""

ENGINE = engine_named("reference")


def machine(*assignments):
    return assemble_machine(config(BY_CLASS, *assignments))


def alone(label, *assignments):
    """The machine of one class by itself, as it is without programs for classes."""
    return machine(*assignments, "training.by_class=false", f"data.classes=[{label}]")


METHODS = [
    ("exact", ()),
    pytest.param("exact", ("training.windows=3",), marks=pytest.mark.long),
    pytest.param("exact", ("training.potential_parameters=['J2']",), marks=pytest.mark.long),
    ("moments", ("training.method=moments", "training.cycles=10", "training.windows=2")),
    ("descent", ("training.method=descent", "training.cycles=2")),
    ("online", ("training.method=online", "training.cycles=2")),
]


@pytest.mark.parametrize(("method", "assignments"), METHODS)
def test_each_program_is_that_of_its_class_alone(method, assignments):
    """Bit for bit, features found from its own images as well; and progress reaches the work that is stated."""
    assignments = (*assignments, "dynamics.duration=0.3")
    together, done = machine(*assignments), []
    found = train_parts(together, ENGINE, method, done.append)
    assert sum(done) == training_work(together, method) > 0
    assert list(together.classes) == [LEFT, TOP]
    for label, one in zip((LEFT, TOP), found, strict=True):
        by_itself = alone(label, *assignments)
        np.testing.assert_array_equal(together.part(label).noising.signals, by_itself.noising.signals)
        expected = train(by_itself, ENGINE, method)
        assert one.program.digest() == expected.program.digest()
    assert found[0].program.digest() != found[1].program.digest()


def test_the_machine_has_the_images_of_all_classes():
    made = machine()
    assert made.images == len(made.prototypes.images) == 12
    assert "training: exact, a program for each of 2 classes, 12 images of two-shapes; then 40 samples" in lines(
        made, 0
    )
    assert made.prototypes.labels.tolist() == [LEFT] * 6 + [TOP] * 6
    assert made.noising is made.classes[LEFT].noising
    assert [set(part.prototypes.labels.tolist()) for part in made.parts] == [{LEFT}, {TOP}]


def test_held_out_figures_are_means_over_classes():
    """Of evaluations one by one; the error of the mean of independent ones is the root of the sum of squares."""
    made = machine()
    assert held_out_each(made.config) == 3
    assert held_out_each(machine("training.held_out=2").config) == 2
    trained = train_parts(made, ENGINE, "exact")
    initial, found = evaluate_parts(made, ENGINE, trained)
    each = [
        evaluate(one.program, NoisingProcess(part.noising, ENGINE), part.loss, seed=3, trajectories=3, first=3 * number)
        for number, (part, one) in enumerate(zip(made.parts, trained, strict=True))
    ]
    assert initial == pytest.approx((each[0][0] + each[1][0]) / 2)
    assert found.loss == pytest.approx((each[0][1].loss + each[1][1].loss) / 2)
    assert found.gain == pytest.approx((each[0][1].gain + each[1][1].gain) / 2)
    assert found.gain_se == pytest.approx(np.hypot(each[0][1].gain_se, each[1][1].gain_se) / 2)
    # each is judged by its own images: exchanged, they are worse
    _, exchanged = evaluate_parts(made, ENGINE, trained[::-1])
    assert exchanged.gain < found.gain - 5 * found.gain_se


def test_noise_of_classes_is_their_own():
    made = machine()
    part = made.parts[0]
    process = NoisingProcess(part.noising, ENGINE)
    first, second = (evaluate(part.computer, process, part.loss, seed=3, trajectories=3, first=k)[0] for k in (0, 3))
    assert first != second


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("by-class") / "run"
    asked = config(BY_CLASS, "training.windows=2", "training.compare=['exact', 'moments']", "training.cycles=10")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(phases, "draw_figures", lambda *arguments: {})
        done = run_experiment(asked, plugins(), folder, reporter=Silent())
    return tz.load(folder, catalogue=plugins()), done


def test_the_condition_selects_the_program(run):
    """Were it without effect, 34 of 40 or more would be right with the probability 4e-6."""
    loaded, _ = run
    asked = loaded.samples["condition"].values
    assert asked.tolist() == [LEFT, TOP] * 20  # each, by default
    square = loaded.samples["state"].values[:, :9].reshape(-1, 3, 3)
    labels = np.where(square[:, 1:, 0].mean(axis=1) > square[:, 0, 1:].mean(axis=1), LEFT, TOP)
    assert (labels == asked).sum() >= 34
    assert loaded.report["asked"]["counts"] == {"4": 20, "7": 20}
    assert loaded.report["asked"]["nearest_as_asked"] >= 34 / 40


def test_programs_are_read_again(run):
    loaded, done = run
    assert list(loaded.programs) == [LEFT, TOP]
    assert loaded.report["parameter_digest"] == programs_digest(loaded.programs)
    for label, one in done.outcome.programs.items():
        assert loaded.programs[label].digest() == one.digest()
        assert loaded.programs[label].windows == loaded.report["windows"] == 2
    assert loaded.report["programs"] == 2
    assert "trained (exact, 2 programs): loss per step" in repr(loaded)
    with pytest.raises(DataError, match=r"a program for each class \(7, 4\): take them from programs"):
        _ = loaded.program
    with pytest.raises(DataError, match="a program for each class"):
        _ = loaded.computer


def test_methods_are_compared_all_the_same(run):
    loaded, _ = run
    assert [row["method"] for row in loaded.report["comparison"]] == ["exact", "moments"]
    seconds = loaded.report["comparison"][0]["seconds"]
    assert 0 < seconds <= loaded.report["seconds"]["training"]


def test_figures_that_differ_stand_by_class(run):
    loaded, done = run
    details = loaded.report["training"]
    each = [one.details for one in done.outcome.trained]
    assert details["kinds_of_units"] == each[0]["kinds_of_units"]
    assert details["loss_decrease"] == {
        "7": list(each[0]["loss_decrease"]),
        "4": list(each[1]["loss_decrease"]),
    }


@pytest.mark.long
def test_the_page_and_its_figures_can_be_made_again(run):
    loaded, _ = run
    said = []
    assert page_again(loaded.folder, plugins, said.append).stat().st_size > 10_000
    assert not [line for line in said if "cannot be drawn again" in line]


def test_the_resolved_config_runs_again(run):
    loaded, _ = run
    again = config(tomli_w.dumps(loaded.config))
    assert again.training.by_class
    assert again.condition == (LEFT, TOP)
    assert assemble_machine(again).images == 12


def test_what_a_run_takes_counts_every_program():
    made, single = machine(), machine("training.by_class=false")
    couplings = made.computer.couplings.size
    assert predicted_disk(made) >= predicted_disk(single) + 8 * couplings
    held = [sum(share.bytes for share in phase_shares(one.config, one)["training"]) for one in (made, single)]
    assert held[0] >= held[1] + 8 * couplings
    pieces = []
    found = estimate_run(made, 0.1, ENGINE, pieces.append)
    assert sum(pieces) == estimate_work(made.config)
    assert found.total > 0


def faults(*assignments, text=BY_CLASS):
    with pytest.raises(ConfigError) as caught:
        assemble_machine(config(text, *assignments))
    return list(caught.value.faults)


def test_a_condition_may_ask_for_some_of_the_programs():
    assert config(BY_CLASS, "generation.condition=[4]").condition == (TOP,)
    (line,) = faults("generation.condition=[5]")
    assert "generation.condition[0]: expected one of 7, 4 or 'each', got 5" in line


def test_units_that_hold_the_same_for_a_whole_class_are_refused():
    (line,) = faults("computer.units.label={size='auto', clamped=true}", "encoding.label={plugin='one-hot'}")
    assert ": with training.by_class a program learns the images of one class, for all of which the encoding" in line
    assert "'one-hot' is the same: leave group 'label' out, or by_class" in line


def test_units_that_hold_an_image_of_the_class_are_not():
    """A program that is conditioned on an image: what it holds is the signal of an image of the program's class."""
    from thermozoo.runs.conditions import held_values

    made = machine("computer.units.label={size=9, clamped=true}", "encoding.label={plugin='image'}")
    held = held_values(made, np.array([TOP, LEFT]))
    for row, label in zip(held, (TOP, LEFT), strict=True):
        own = made.prototypes.images[made.prototypes.labels == label]
        assert (row == own).all(axis=1).any()


def test_sizes_of_classes_must_agree(monkeypatch):
    from thermozoo_plugins.encodings import BinaryFeatures

    monkeypatch.setattr(BinaryFeatures, "units", lambda self, images, labels: 2 + int(labels[0] == TOP))
    (line,) = faults()
    assert line.startswith(
        "x.toml: computer.units.hidden: with training.by_class the programs of all classes have the same units, but "
        "the encodings of group 'hidden' need 2 for the images of class 7, and 3 for those of class 4"
    )


def test_faults_of_an_encoding_name_the_class_once():
    (line,) = faults("computer.units.hidden=5")
    assert "class 7: group 'hidden': the encoding 'binary-features' needs 2 units for these 6 images" in line
