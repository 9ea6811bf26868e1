"""The judge: which images it learns from, and what it says of outputs whose classes are plain."""

from __future__ import annotations

import tracemalloc

import attrs
import numpy as np
import pytest

from thermozoo import Dataset
from thermozoo.runs.judge import Judge, diversity
from thermozoo.runs.prototypes import choose_prototypes
from thermozoo.runs.results import GUESSING, NO_OTHER_CLASS, UNKNOWN_CLASS

CLASSES = (3, 7)


@attrs.frozen
class Halves(Dataset):
    """Images whose left half is bright (class 3) or whose right half is (class 7), in turns."""

    name = "halves"

    count: int = 60
    side: int = 6

    def load(self):
        labels = np.resize(CLASSES, self.count)
        images = 0.2 * np.random.default_rng(5).random((self.count, self.side, self.side))
        images[labels == 3, :, : self.side // 2] += 0.7
        images[labels == 7, :, self.side // 2 :] += 0.7
        return images, labels


def test_a_large_data_set_is_drawn_from():
    """The same images as when all were scaled and the judge drew from them: the first 4,000 of one permutation."""
    images, labels = Halves(5002, 2).load()
    chosen = choose_prototypes(Halves(5002, 2), CLASSES, 1, seed=11)
    order = 2 + np.random.default_rng(11).permutation(5000)[:4000]  # the first two images are the prototypes
    flat = images[order].reshape(4000, 4)
    assert chosen.rest == pytest.approx((flat - flat.mean(axis=1)[:, None]) / flat.std(axis=1)[:, None])
    assert chosen.rest_labels.tolist() == labels[order].tolist()


def test_a_data_set_is_not_copied_to_choose_from_it(monkeypatch):
    images, labels = Halves(60_000, 8).load()
    monkeypatch.setattr(Halves, "load", lambda self: (images, labels))
    tracemalloc.start()
    choose_prototypes(Halves(), CLASSES, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes / 2  # five copies of 4,000 images are a third


def test_constant_images_are_no_images_to_learn_from(monkeypatch):
    """A tenth has no finite binary fraction: the spread of its copies is rounding, not zero."""
    images, labels = Halves(60, 7).load()
    images[5] = 0.1
    assert images[5].std() > 0
    monkeypatch.setattr(Halves, "load", lambda self: (images, labels))
    assert len(choose_prototypes(Halves(), CLASSES, 1).rest) == 60 - 2 - 1


def test_outputs_of_plain_classes():
    chosen = choose_prototypes(Halves(), CLASSES, 1)
    judge = Judge(chosen, 0)
    assert judge.able
    outputs = np.repeat(chosen.images, (6, 2), axis=0) * 3 + 1
    found = judge.judge(outputs)
    assert found.accuracy == 1.0
    assert found.counts == {"3": 6, "7": 2}
    assert (found.fraction_in_classes, found.coverage) == (None, 1.0)
    assert (found.chance, found.tested, found.withheld) == (0.5, 15, NO_OTHER_CLASS)
    assert found.class_entropy_bits == pytest.approx(2 - 0.75 * np.log2(3))
    assert Judge(chosen, 0).judge(outputs) == found


@pytest.mark.parametrize("count", [2, 3])
def test_a_data_set_without_other_images_has_no_judge(count):
    assert not Judge(choose_prototypes(Halves(count), CLASSES, 1), 0).able


def test_diversity():
    image = np.arange(6.0)
    assert diversity(image[None]) is None
    assert diversity(np.stack([image, 2 * image + 1, -image])) == pytest.approx(0.0)
    other = np.array([1.0, -1.0, 0.0, 0.0, -1.0, 1.0])  # of no correlation with the first
    assert diversity(np.stack([image, other])) == pytest.approx(1.0)


def test_outputs_of_classes_among_others():
    chosen = choose_prototypes(Halves(), (3,), 1)
    outputs = np.concatenate([chosen.images, choose_prototypes(Halves(), (7,), 3).images])
    found = Judge(chosen, 0).judge(outputs)
    assert (found.fraction_in_classes, found.coverage, found.withheld) == (0.25, 1.0, None)


VERDICTS = ("fraction_in_classes", "class_entropy_bits", "coverage", "counts")


def test_a_judge_that_guesses_is_not_quoted():
    """In labels that have nothing to do with the images there is nothing to learn."""
    chosen = choose_prototypes(Halves(400), CLASSES, 1)
    labels = np.random.default_rng(1).choice(CLASSES, len(chosen.rest))
    found = Judge(attrs.evolve(chosen, rest_labels=labels), 0).judge(chosen.images)
    assert abs(found.accuracy - found.chance) < 2 * 0.5 / np.sqrt(found.tested)
    assert found.withheld == GUESSING
    assert all(getattr(found, key) is None for key in VERDICTS)


def test_a_judge_that_knows_no_image_of_a_trained_class_is_not_quoted(monkeypatch):
    images, labels = Halves(60).load()
    labels[-1] = 9
    images[-1] = images[-1, ::-1, ::-1] ** 2
    monkeypatch.setattr(Halves, "load", lambda self: (images, labels))
    found = Judge(choose_prototypes(Halves(), (9,), 1), 0).judge(images[:4].reshape(4, -1))
    assert found.accuracy == 1.0
    assert found.withheld == UNKNOWN_CLASS
    assert all(getattr(found, key) is None for key in VERDICTS)
