"""Judging generated images: by a classifier that has never seen a prototype, by diversity, by distance.

Correlation with the nearest prototype rewards an output for being a copy. A classifier trained on the data set's other
images says whether outputs look like the classes that were learned; entropy and diversity say whether they are all the
same.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.quality.scaling import standardized
from thermozoo.quality.yardstick import confusion
from thermozoo.runs.prototypes import Prototypes
from thermozoo.runs.results import GUESSING, NO_OTHER_CLASS, UNKNOWN_CLASS, Verdicts, Withheld

__all__ = ["Judge", "diversity", "judging_bytes"]

Array = npt.NDArray[np.floating[Any]]

#: Images that the classifier is trained on; the others measure its accuracy.
_TRAINED_ON = 3000

#: Double precision numbers for each pixel of an image that is judged with: noise, noisy copies, these scaled.
_NUMBERS = 3

#: Double precision numbers for each pixel of a real image that outputs are compared with.
_COMPARED = 4

#: A class counts as covered when at least this fraction of an even share of the outputs belongs to it.
_COVERED = 0.1

#: Standard errors by which the classifier has to be better than guessing before it is quoted.
_CLEARLY = 2.0


class Judge:
    """A linear classifier of the data set's classes, trained on images that are no prototypes.

    Every image and every output is shifted and scaled to zero mean and unit variance; the training images carry noise
    of the standard deviation that the outputs have between neighboring pixels, because outputs are noisy and the images
    are not.

    Parameters
    ----------
    prototypes : Prototypes
        Prototypes, and other images of the data set in random order.
    seed : int
        Seed of the noise in training images.
    """

    def __init__(self, prototypes: Prototypes, seed: int) -> None:
        self.prototypes = prototypes
        # a stream of its own: the seed itself has drawn the order of the images
        self._random = np.random.default_rng((seed, 1))
        count = len(prototypes.rest)
        # a small data set is split instead
        self._trained_on = _TRAINED_ON if count > _TRAINED_ON else count * 3 // 4

    @property
    def able(self) -> bool:
        """Whether the data set has other images of at least two classes to learn from."""
        labels = self.prototypes.rest_labels
        return self._trained_on < len(labels) and len(np.unique(labels[: self._trained_on])) > 1

    def judge(self, outputs: Array, asked: npt.NDArray[np.int64] | None = None) -> Verdicts:
        """Return how outputs of shape (samples, pixels) are classified, also by the class each was asked to show."""
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        images, labels = self.prototypes.rest, self.prototypes.rest_labels
        scaled = standardized(outputs)
        noise = _pixel_noise(scaled, self.prototypes.shape)
        noisy = standardized(images + noise * self._random.standard_normal(images.shape))
        cut = self._trained_on
        model = LogisticRegression(C=1e-3, max_iter=300)
        # products this small only lose by being shared, very much so on a busy machine
        with threadpool_limits(1, user_api="blas"):
            model.fit(noisy[:cut], labels[:cut])
        accuracy, tested = float(model.score(noisy[cut:], labels[cut:])), len(labels) - cut
        chance = 1.0 / len(model.classes_)
        classes = np.unique(self.prototypes.labels)
        withheld: Withheld | None = None
        if accuracy <= chance + _CLEARLY * np.sqrt(chance * (1.0 - chance) / tested):
            withheld = GUESSING
        elif not np.isin(classes, model.classes_).all():
            withheld = UNKNOWN_CLASS
        elif np.isin(model.classes_, classes).all():
            withheld = NO_OTHER_CLASS
        quality = Verdicts(accuracy=accuracy, chance=chance, tested=tested, noise=noise, withheld=withheld)
        if withheld in (GUESSING, UNKNOWN_CLASS):
            return quality
        verdicts = model.predict(scaled)
        counts = np.array([(verdicts == c).sum() for c in np.unique(labels)])
        share = counts[counts > 0] / counts.sum()
        needed = _COVERED * len(verdicts) / len(classes)
        inside = None if withheld == NO_OTHER_CLASS else float(np.isin(verdicts, classes).mean())
        return attrs.evolve(
            quality,
            fraction_in_classes=inside,
            class_entropy_bits=float(-(share * np.log2(share)).sum()) + 0.0,
            coverage=float(np.mean([(verdicts == c).sum() >= needed for c in classes])),
            counts={str(c): int(k) for c, k in zip(np.unique(labels).tolist(), counts.tolist(), strict=True)},
            confusion=None if asked is None else confusion(verdicts, asked),
        )


def _pixel_noise(images: Array, shape: tuple[int, int]) -> float:
    """Return the standard deviation of white noise in images over that of their signal.

    From differences of neighbors, by their median, so that the edges of strokes count little.
    """
    square = images.reshape(-1, *shape)
    if shape[1] < 2:
        return 0.0
    noise = float(np.median(np.abs(np.diff(square, axis=2)))) / (0.6745 * np.sqrt(2.0))
    noise = min(noise, 0.99)
    return float(noise / np.sqrt(1.0 - noise**2))


def diversity(outputs: Array, limit: int = 500) -> float | None:
    """Return the mean of 1 - |correlation| over pairs of outputs, None for a single one: 0 when all are copies."""
    scaled = standardized(outputs[:limit])
    count = len(scaled)
    if count < 2:
        return None
    correlation = np.abs(scaled @ scaled.T / scaled.shape[1])
    return float(1.0 - (correlation.sum() - np.trace(correlation)) / (count * (count - 1)))


def judging_bytes(prototypes: Prototypes) -> int:
    """Return the bytes that a judge takes beside its images."""
    compared = prototypes.real.size if prototypes.real else 0
    return 8 * (_NUMBERS * prototypes.rest.size + _COMPARED * compared)
