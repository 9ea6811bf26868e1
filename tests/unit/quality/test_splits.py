"""Which real images serve for what: disjoint, in order, of all classes, and none that was seen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from thermozoo.quality import RealImages, splits

RANDOM = np.random.default_rng(0)


def sets_of(found):
    return [set(one.tolist()) for one in (found.pool, found.reference, found.held_out, found.judge)]


@pytest.mark.parametrize("count", [1797, 10_000])
@pytest.mark.parametrize("seen", [None, np.arange(30), np.arange(3, 1700, 7)])
@pytest.mark.parametrize("classes", [None, (3, 5)])
def test_no_image_serves_twice(count, seen, classes):
    labels = RANDOM.integers(0, 10, count)
    found = splits(labels, classes=classes, seen=seen)
    for one, other in itertools.combinations(sets_of(found), 2):
        assert not one & other
    for rows in (found.reference, found.held_out):
        assert set(labels[rows]) == set(classes or range(10))
    assert set(labels[found.judge]) == set(range(10))
    if seen is not None:
        assert found.pool.tolist() == seen.tolist()


def test_quarters_of_ten_thousand():
    """The sets of the design: 0 to 2,499, 2,500 to 4,999, 5,000 to 9,999; 50 and 150 images of a class."""
    labels = RANDOM.integers(0, 10, 10_000)
    found = splits(labels)
    assert found.pool.tolist() == list(range(2500))
    assert found.judge.tolist() == list(range(5000, 10_000))
    for digit in range(10):
        inside = [k for k in range(2500, 5000) if labels[k] == digit]
        assert found.held_out[labels[found.held_out] == digit].tolist() == inside[:50]
        assert found.reference[labels[found.reference] == digit].tolist() == inside[50:200]


def test_what_was_not_seen_of_the_first_quarter_helps_out():
    labels = np.resize(np.arange(10), 1000)
    few, more = splits(labels), splits(labels, seen=np.arange(10))
    assert (len(few.reference) + len(few.held_out), len(more.reference) + len(more.held_out)) == (250, 490)
    assert len(more.reference) == len(more.held_out) + 10  # 49 of a class: 24 and 25
    assert max(more.reference.max(), more.held_out.max()) < 500 <= more.judge.min()


def test_any_first_part_holds_all_classes_alike():
    labels = RANDOM.integers(0, 10, 10_000)
    found = splits(labels)
    for rows in (found.reference, found.held_out):
        assert np.bincount(labels[rows[:100]]).tolist() == [10] * 10


def test_a_data_set_in_the_order_of_its_classes_is_divided_class_by_class():
    labels = np.repeat(np.arange(4), 100)
    found = splits(labels)
    for rows, share in zip((found.pool, found.judge), (25, 50), strict=True):
        assert np.bincount(labels[rows]).tolist() == [share] * 4
    assert sorted(found.pool.tolist()) == [100 * c + k for c in range(4) for k in range(25)]


def test_unusable_images_are_in_no_set():
    labels = np.resize(np.arange(5), 400)
    unusable = RANDOM.random(400) < 0.3
    found = splits(labels, unusable=unusable)
    used = set().union(*sets_of(found))
    assert not used & set(np.flatnonzero(unusable).tolist())
    assert found.pool.tolist() == [k for k in range(100) if not unusable[k]]


def test_sets_of_images():
    images, labels = RANDOM.random((80, 3, 4)), np.resize(np.arange(2), 80)
    found = RealImages.of(images, labels, splits(labels))
    rows = splits(labels).judge
    flat = images[rows].reshape(len(rows), -1)
    expected = (flat - flat.mean(axis=1, keepdims=True)) / flat.std(axis=1, keepdims=True)
    assert found.judge.pixels == pytest.approx(expected, abs=1e-6)
    assert found.judge.labels.tolist() == labels[rows].tolist()
    assert found.size == 80 * 12
    nothing = RealImages.of(images, labels, splits(labels, seen=np.arange(80)))
    assert [len(one) for one in (nothing.seen, nothing.reference, nothing.held_out, nothing.judge)] == [80, 0, 0, 0]


def test_what_a_computer_that_learns_much_leaves_is_halved():
    """Here it has learned the first half and more: the quarter for distances is gone."""
    labels = np.arange(1000) % 10
    found = splits(labels, seen=np.arange(600))
    assert len(found.judge) == 200
    distances = np.concatenate([found.held_out, found.reference])
    assert sorted(distances.tolist()) == list(range(600, 800))
    assert sorted(found.judge.tolist()) == list(range(800, 1000))
