"""Outputs whose quality is plain: real images, copies, noise, the wrong class, too few of them.

Seeded; bounds are far from where chance would take the measures.
"""

from __future__ import annotations

import importlib

import attrs
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from thermozoo.errors import ShapeError
from thermozoo.quality import Images, RealImages, evaluate, splits
from thermozoo.quality import perceptron as perceptrons
from thermozoo.quality.perceptron import trained_perceptron
from thermozoo.quality.result import MEASURES
from thermozoo.quality.scaling import standardized

#: The module, whose name is that of its function.
evaluation = importlib.import_module("thermozoo.quality.evaluate")

SIDE = 10
CLASSES = 3


def bars(count, seed):
    """Images of a bar: upright, lying or slanted, anywhere and of any strength, in a little noise."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices((SIDE, SIDE))
    labels = np.resize(np.arange(CLASSES), count)
    across = np.stack([rows, columns, (rows + columns) / 2.0])[labels]
    places, widths = random.uniform(2.0, SIDE - 3.0, (2, count))
    images = np.exp(-(((across - places[:, None, None]) / (0.7 + 0.05 * widths[:, None, None])) ** 2))
    return images + 0.05 * random.random(images.shape), labels


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Bars are learned sooner than digits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perceptrons, "_PASSES", 15)
        patch.setattr(perceptrons, "_COPIES", 6)
        yield


@pytest.fixture(scope="module")
def real():
    images, labels = bars(1200, 0)
    return RealImages.of(images, labels, splits(labels, seen=np.arange(90)))


def noisy(images, seed=1, noise=0.3):
    flat = standardized(images.reshape(len(images), -1))
    return 2.0 + 3.0 * (flat + noise * np.random.default_rng(seed).standard_normal(flat.shape))


@pytest.fixture(scope="module")
def fresh(real):
    """The evaluation of new real images, which are as good as can be."""
    images, labels = bars(600, 7)
    return evaluate(noisy(images), real, asked=labels, untrained=noisy(images, noise=50.0))


def test_new_real_images_are_as_good_as_held_out_ones(fresh):
    outputs, held_out = fresh.row("outputs"), fresh.row("real held-out")
    assert fresh.withheld == {}
    assert fresh.noise == pytest.approx(0.3, abs=0.03)
    for measure, within in (("precision", 0.08), ("recall", 0.08), ("judged_right", 0.05), ("nearest", 0.02)):
        assert abs(getattr(outputs, measure) - getattr(held_out, measure)) < within, measure
    assert outputs.judged_right > 0.95
    assert outputs.recall > 0.7
    assert outputs.diversity == pytest.approx(held_out.diversity, rel=0.05)
    for measure in ("frechet_components", "frechet_features"):
        assert 0.5 < getattr(outputs, measure) / getattr(held_out, measure) < 2.0


def test_imitations_are_worse_in_what_they_lack(fresh):
    rows = {row.name: row for row in fresh.rows}
    assert list(rows) == [
        "outputs",
        "real held-out",
        "learned images",
        "mean image of a class",
        "Gaussian of a class",
        "Gaussian of a class, 40 components",
        "untrained computer",
        "noise",
    ]
    assert fresh.fitted_to == "learned"
    outputs = rows["outputs"]
    for name in ("mean image of a class", "untrained computer", "noise"):
        assert rows[name].frechet_components > 2 * outputs.frechet_components, name
        assert rows[name].frechet_features > 2 * outputs.frechet_features, name
        assert rows[name].recall < 0.3 < outputs.recall, name
    assert rows["mean image of a class"].diversity < 0.6 * outputs.diversity
    for name in ("untrained computer", "noise"):  # of 354 and 600 images; one in three is right by chance
        assert rows[name].judged_right == pytest.approx(1 / CLASSES, abs=0.13), name
    # noisy copies: the correlation of an image with itself in noise of 0.3 is 1 / sqrt(1.09)
    assert rows["learned images"].nearest == pytest.approx(1 / np.sqrt(1.09), abs=0.02)
    assert rows["learned images"].nearest > outputs.nearest + 0.005


def test_copies_of_one_image_have_no_diversity(real):
    image = real.seen.pixels[:1]
    found = evaluate(np.repeat(image, 300, axis=0), real, asked=np.repeat(real.seen.labels[:1], 300)).row("outputs")
    assert found.nearest == pytest.approx(1.0, abs=1e-6)
    assert found.diversity == pytest.approx(0.0, abs=1e-6)
    assert found.recall <= 0.01


def test_outputs_of_another_class_than_asked(real):
    images, labels = bars(300, 8)
    asked = (labels + 1) % CLASSES
    found = evaluate(noisy(images, noise=0.1), real, asked=asked)
    assert found.row("outputs").judged_right < 0.05
    assert found.row("outputs").recall > 0.6
    for label in range(CLASSES):
        verdicts = found.confusion[str(label)]
        assert verdicts[str((label - 1) % CLASSES)] > 90
        assert sum(verdicts.values()) == 100


def test_outputs_that_nothing_was_asked_of_have_the_class_they_resemble(real):
    pixels, labels = real.seen.pixels, real.seen.labels
    found = evaluate(noisy(pixels, noise=0.05), real)
    assert {label: sum(verdicts.values()) for label, verdicts in found.confusion.items()} == {
        str(label): int((labels == label).sum()) for label in range(CLASSES)
    }
    assert found.row("outputs").judged_right > 0.9


def test_the_same_outputs_have_the_same_quality(real):
    """Whatever the threads of the linear algebra, also where the judge is trained anew."""
    images, labels = bars(300, 9)
    found = []
    for threads in (1, 2):
        perceptrons._trained.clear()
        with threadpool_limits(threads):
            found.append(evaluate(noisy(images), real, asked=labels))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("count", "missing"),
    [
        (40, {"frechet_components", "frechet_features", "precision", "recall"}),
        (60, {"frechet_components", "frechet_features"}),
        (110, {"frechet_features"}),
        (130, set()),
    ],
)
def test_of_few_outputs_no_distance_is_given(real, count, missing):
    images, labels = bars(count, 10)
    found = evaluate(noisy(images), real, asked=labels)
    assert set(found.withheld) == missing
    assert found.compared == count
    for row in found.rows:
        assert {measure for measure in MEASURES if getattr(row, measure) is None} == missing
    for why in found.withheld.values():
        assert f"{count} images of each kind to compare, at least" in why


def test_of_many_outputs_some_are_measured_at_random(real, monkeypatch):
    monkeypatch.setattr(evaluation, "_MEASURED", 150)
    images, labels = bars(300, 15)
    order = np.argsort(labels, kind="stable")  # in the order of their classes
    found = evaluate(noisy(images[order]), real, asked=labels[order])
    assert (found.measured, found.compared) == (150, 150)
    counts = [sum(verdicts.values()) for verdicts in found.confusion.values()]
    assert sum(counts) == 150
    assert min(counts) > 25  # 50 on average, give or take 4.1
    assert found.row("outputs").judged_right > 0.95


def test_without_other_images_only_copies_can_be_told():
    images, labels = bars(30, 11)
    seen = RealImages.of(images, labels, splits(labels, seen=np.arange(30)))
    found = evaluate(noisy(images), seen)
    assert [row.name for row in found.rows] == ["outputs"]
    assert found.row("outputs").nearest > 0.9
    assert {measure for measure in MEASURES if getattr(found.rows[0], measure) is None} == set(MEASURES) - {"nearest"}
    assert set(found.withheld) == {*MEASURES, "baselines"} - {"nearest"}
    assert (found.noise, found.compared, found.fitted_to, found.confusion) == (None, 0, None, None)


def test_a_judge_that_guesses_is_not_quoted(real):
    random = np.random.default_rng(12)
    labels = random.integers(0, CLASSES, len(real.judge))
    found = evaluate(noisy(bars(300, 12)[0]), attrs.evolve(real, judge=Images(real.judge.pixels, labels)))
    assert set(found.withheld) == {"judged_right", "confidence"}
    assert "as one who guesses" in found.withheld["judged_right"]
    assert found.confusion is None
    assert all(row.judged_right is row.confidence is None for row in found.rows)


def test_a_judge_that_does_not_know_a_class_is_not_quoted(real):
    found = evaluate(noisy(bars(300, 13)[0]), attrs.evolve(real, judge=real.judge.of(np.array([0, 2]))))
    assert "has learned no image of a class" in found.withheld["judged_right"]
    alone = evaluate(noisy(bars(300, 13)[0]), attrs.evolve(real, judge=real.judge.of(np.array([2]))))
    assert "fewer than two classes" in alone.withheld["frechet_features"]
    assert alone.row("outputs").frechet_components is not None


def test_imitations_of_few_learned_images_are_fitted_to_the_judge_s(real):
    few = attrs.evolve(real, seen=Images(real.seen.pixels[:6], real.seen.labels[:6]))
    assert evaluate(noisy(bars(100, 14)[0]), few).fitted_to == "judge"
    fewer = attrs.evolve(few, judge=Images(real.judge.pixels[:40], real.judge.labels[:40]))
    found = evaluate(noisy(bars(100, 14)[0]), fewer)
    assert found.fitted_to is None
    assert "fewer than 20 images" in found.withheld["imitations"]
    assert [row.name for row in found.rows] == ["outputs", "real held-out", "learned images", "noise"]


def test_a_classifier_is_trained_once_for_the_same_images(real, monkeypatch):
    monkeypatch.setattr(perceptrons, "_trained", {})
    monkeypatch.setattr(perceptrons, "_PASSES", 1)
    first = trained_perceptron(real.judge, real.shape)
    same = Images(real.judge.pixels.copy(), real.judge.labels.copy())
    assert trained_perceptron(same, real.shape) is first
    others = [attrs.evolve(same, labels=same.labels + k) for k in (1, 2, 3)]
    assert all(trained_perceptron(other, real.shape) is not first for other in others)
    assert len(perceptrons._trained) == 3
    assert trained_perceptron(same, real.shape) is not first  # the oldest has made room


@pytest.mark.parametrize(
    ("outputs", "more", "said"),
    [
        (np.zeros((3, 99)), {}, r"outputs: expected images in rows, shape \(any, 100\), got \(3, 99\)"),
        (np.zeros(100), {}, r"outputs: .* got \(100,\)"),
        (np.zeros((0, 100)), {}, r"outputs: .* got \(0, 100\)"),
        (
            np.zeros((3, 100)),
            {"asked": np.zeros(2)},
            r"asked: expected one class for each of the 3 outputs, got \(2,\)",
        ),
        (np.zeros((3, 100)), {"untrained": np.zeros((3, 4))}, r"untrained: .* got \(3, 4\)"),
    ],
)
def test_outputs_of_another_shape_are_refused(real, outputs, more, said):
    with pytest.raises(ShapeError, match=said):
        evaluate(outputs, real, **more)
