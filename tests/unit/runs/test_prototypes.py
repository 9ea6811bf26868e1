"""Prototypes: chosen in order, scaled, compared by correlation."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from thermozoo import Dataset
from thermozoo.errors import DataError
from thermozoo.quality.scaling import standardized
from thermozoo.runs.prototypes import Prototypes, choose_prototypes

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((8, 3, 4))
LABELS = np.array([4, 5, 4, 6, 5, 4, 6, 5])


def dataset(images=IMAGES, labels=LABELS):
    @attrs.frozen
    class Toy(Dataset):
        name = "toy"

        def load(self):
            return images, labels

    return Toy()


def test_the_first_of_each_class_in_the_order_asked_for():
    chosen = choose_prototypes(dataset(), (6, 4), 2)
    assert chosen.labels.tolist() == [6, 6, 4, 4]
    for image, k in zip(chosen.images, (3, 6, 0, 2), strict=True):
        flat = IMAGES[k].ravel()
        assert image == pytest.approx((flat - flat.mean()) / flat.std())
    assert chosen.shape == (3, 4)
    assert len(chosen.rest) == 4
    assert sorted(chosen.rest_labels.tolist()) == [4, 5, 5, 5]


def test_a_data_set_that_raises():
    @attrs.frozen
    class Burning(Dataset):
        name = "burning"

        def load(self):
            raise RuntimeError("disk on fire")

    said = (
        r"data set 'burning' did not load: Burning\.load raised RuntimeError: disk on fire \(.*\.py, line \d+: 'raise"
    )
    with pytest.raises(DataError, match=said):
        choose_prototypes(Burning(), (0,), 1)


@pytest.mark.parametrize(
    ("loaded", "said"),
    [
        (IMAGES, "returned ndarray; expected a pair: images"),
        (None, "returned NoneType; expected a pair"),
        (([np.zeros((2, 2)), np.zeros((3, 2))], [0, 1]), "must return two arrays, images and labels"),
    ],
)
def test_a_data_set_that_returns_no_pair(loaded, said):
    @attrs.frozen
    class Odd(Dataset):
        name = "odd"

        def load(self):
            return loaded

    with pytest.raises(DataError, match=rf"data set 'odd': load\(\) \(.*\.py, line \d+\) {said}"):
        choose_prototypes(Odd(), (0,), 1)


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES, LABELS.astype(str), "labels are strings; expected whole numbers"),
        (IMAGES, LABELS.astype(float), "labels are float64; expected whole numbers"),
        (IMAGES.astype(complex), LABELS, "images are complex128; expected numbers from 0 to 1"),
        (IMAGES.astype(str), LABELS, "images are strings; expected numbers"),
    ],
)
def test_values_of_another_kind_are_named(images, labels, said):
    with pytest.raises(DataError, match=said):
        choose_prototypes(dataset(images, labels), (4,), 1)


def test_all_of_a_class():
    assert choose_prototypes(dataset(), (5,), 0).labels.tolist() == [5, 5, 5]


@pytest.mark.parametrize(("count", "skip", "numbers"), [(1, 1, (4, 2)), (0, 1, (4, 7, 2, 5)), (2, 0, (1, 4, 0, 2))])
def test_the_first_images_may_be_passed_over(count, skip, numbers):
    chosen = choose_prototypes(dataset(), (5, 4), count, skip=skip)
    np.testing.assert_array_equal(chosen.images, standardized(IMAGES[list(numbers)].reshape(len(numbers), -1)))
    with pytest.raises(DataError, match="has 3 images of class 5, expected at least 4"):
        choose_prototypes(dataset(), (5, 4), count, skip=4 - max(1, count))


def test_scaling():
    scaled = standardized(IMAGES.reshape(8, -1))
    assert scaled.mean(axis=1) == pytest.approx(np.zeros(8), abs=1e-14)
    assert scaled.std(axis=1) == pytest.approx(np.ones(8))


def test_correlations_are_pearson():
    chosen = choose_prototypes(dataset(), (4, 5), 1)
    states = RANDOM.standard_normal((5, 12)) * 3 + 2
    expected = [[np.corrcoef(s, p)[0, 1] for p in chosen.images] for s in states]
    assert chosen.correlations(states) == pytest.approx(np.array(expected))
    assert chosen.correlations(np.ones((1, 12))).tolist() == [[0.0, 0.0]]
    assert chosen.correlations(-2 * chosen.images[:1] + 1)[0, 0] == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("images", "labels", "classes", "count", "said"),
    [
        (IMAGES, LABELS, (4, 9), 1, "has 0 images of class 9, expected at least 1; classes: 4, 5, 6"),
        (IMAGES, LABELS, (4,), 4, "has 3 images of class 4, expected at least 4"),
        (IMAGES, LABELS, (), 1, "data.classes is empty"),
        (IMAGES, LABELS[:5], (4,), 1, r"must return images \(n, height, width\) and labels \(n,\)"),
        (IMAGES[0], LABELS, (4,), 1, "must return images"),
        (IMAGES[:0], LABELS[:0], (4,), 1, "must return images"),
        (2 * IMAGES, LABELS, (4,), 1, "must be finite and lie in 0..1"),
        (np.where(IMAGES > 0.5, np.nan, IMAGES), LABELS, (4,), 1, "must be finite and lie in 0..1"),
        (np.zeros_like(IMAGES), LABELS, (4,), 1, "image 0 is constant"),
    ],
)
def test_data_that_cannot_be_learnt(images, labels, classes, count, said):
    with pytest.raises(DataError, match=said):
        choose_prototypes(dataset(images, labels), classes, count)


def test_no_correlation_is_larger_than_one():
    """Two pixels are always the prototype or its negative; their distance from it, (2 - 2 |r|)^(1/2), is real."""
    prototypes = Prototypes(np.array([[1.0, -1.0]]), np.array([0]), (1, 2), np.zeros((0, 2)), np.array([], dtype=int))
    found = prototypes.correlations(np.random.default_rng(0).standard_normal((1000, 2)))
    assert np.abs(found).max() <= 1.0
    assert np.abs(found).min() == pytest.approx(1.0)


def named(names):
    @attrs.frozen
    class Named(Dataset):
        name = "named"

        def load(self):
            return IMAGES, LABELS

        def class_names(self):
            return names() if callable(names) else names

    return Named()


def test_names_of_classes():
    """Of labels that the data set has; the others are shown as numbers."""
    chosen = choose_prototypes(named({4: "four", 6: "six", 99: "none"}), (4, 5), 1)
    assert chosen.names == {4: "four", 6: "six"}
    assert [chosen.name(label) for label in chosen.labels] == ["four", "5"]
    assert choose_prototypes(dataset(), (4,), 1).name(4) == "4"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["four"], r"class_names\(\) \(.*, line \d+\) must return a mapping of labels to names, .* got \['four'\]"),
        ({4: 4}, "must return a mapping of labels to names"),
        ({"4": "four"}, "must return a mapping of labels to names"),
        ({4: " "}, "must return a mapping of labels to names"),
        (lambda: 1 / 0, r"has no names of classes: Named.class_names raised ZeroDivisionError: .*, line \d+"),
    ],
)
def test_names_that_are_none(names, said):
    with pytest.raises(DataError, match=rf"data set 'named'.*{said}"):
        choose_prototypes(named(names), (4,), 1)
