"""What images are measured with: spaces, a judge, and the reference in both."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.quality.components import Components, principal_components
from thermozoo.quality.frechet import frechet_distance
from thermozoo.quality.manifold import precision_recall
from thermozoo.quality.novelty import nearest, spread_within
from thermozoo.quality.perceptron import FEATURES, Perceptron, trained_perceptron
from thermozoo.quality.result import MEASURES, QualityRow
from thermozoo.quality.sets import Images, RealImages

__all__ = ["Yardstick", "confusion"]

Array = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

#: Principal components, and neighbors that make a manifold.
_COMPONENTS, _NEIGHBORS = 50, 3

#: Images that a Frechet distance needs for each dimension, and that precision and recall need: what fewer give is the
#: number of images.
_PER_DIMENSION, _MANIFOLD = 2, 50

#: Standard errors by which the judge has to be better than guessing before it is quoted.
_CLEARLY = 2.0


@attrs.frozen(eq=False)
class Yardstick:
    """What images are measured with.

    Parameters
    ----------
    real : RealImages
        Real images.
    count : int
        Images of each set that distances, precision and recall are taken from.
    space : Components or None
        Principal components of the reference.
    judge : Perceptron or None
        A classifier of real images.
    points, features : ndarray, shapes (reference, components) and (reference, 64)
        The reference in that space and in the last hidden layer of the judge.
    withheld : dict of str to str
        What cannot be had, and why, by measure.
    """

    real: RealImages
    count: int
    space: Components | None
    judge: Perceptron | None
    points: Array
    features: Array
    withheld: dict[str, str]

    @classmethod
    def of(cls, real: RealImages, shown: Images, outputs: int) -> Yardstick:
        """Return what some outputs are measured with, beside held-out images as the computer would show them."""
        reference = real.reference
        count = min(outputs, len(shown), len(reference))
        space = principal_components(reference.pixels, _COMPONENTS) if len(reference) > 1 else None
        judge = trained_perceptron(real.judge, real.shape) if len(np.unique(real.judge.labels)) > 1 else None
        points = space.project(reference.pixels) if space else np.zeros((len(reference), 0))
        features = judge.features(reference.pixels) if judge else np.zeros((len(reference), 0))
        found = cls(real, count, space, judge, points, features, {})
        found.withheld.update(found._missing(shown))
        return found

    @property
    def dimensions(self) -> int:
        """How many principal components there are."""
        return int(self.points.shape[1])

    def _missing(self, shown: Images) -> dict[str, str]:
        """Return what cannot be had and why."""
        why = {}
        if not len(self.real.seen):
            why["nearest"] = "the computer has learned no image"
        if not self.dimensions:
            why |= dict.fromkeys(("frechet_components", "diversity"), "no two real images are left to compare with")
        few = f"{self.count} images of each kind to compare, at least {{}} needed"
        if self.count < _PER_DIMENSION * self.dimensions:
            why["frechet_components"] = few.format(_PER_DIMENSION * self.dimensions)
        if self.judge is None:
            of_judge = ("frechet_features", "precision", "recall", "judged_right", "confidence")
            return why | dict.fromkeys(of_judge, "fewer than two classes of real images are left to train a judge")
        if self.count < _PER_DIMENSION * FEATURES:
            why["frechet_features"] = few.format(_PER_DIMENSION * FEATURES)
        if self.count < _MANIFOLD:
            why["precision"] = why["recall"] = few.format(_MANIFOLD)
        useless = self._useless(self.judge, shown)
        return why | ({"judged_right": useless, "confidence": useless} if useless else {})

    def _useless(self, judge: Perceptron, shown: Images) -> str:
        """Return why verdicts of the judge would mean nothing, or else an empty string."""
        if not len(shown):
            return "no real image is left to try the judge on"
        if not np.isin(shown.labels, judge.classes).all():
            return "the judge has learned no image of a class that was trained on"
        chance = 1.0 / len(judge.classes)
        right = float((judge.verdicts(judge.features(shown.pixels)).labels == shown.labels).mean())
        if right <= chance + _CLEARLY * np.sqrt(chance * (1.0 - chance) / len(shown)):
            return f"the judge is right about {right:.0%} of real images in such noise, as one who guesses may be"
        return ""

    def classes_of(self, pixels: Array, asked: Integers | None) -> Integers | None:
        """Return the classes of images: those asked for, or those of the learned images that they resemble most."""
        if asked is not None or not len(self.real.seen):
            return asked
        return nearest(pixels, self.real.seen).label

    def measure(self, name: str, pixels: Array, asked: Integers | None = None) -> QualityRow:
        """Return the measures of images of zero mean and unit variance, by their classes or else the nearest ones."""
        found: dict[str, float | None] = {}
        asked = self.classes_of(pixels, asked)
        if len(self.real.seen):
            found["nearest"] = float(nearest(pixels, self.real.seen).correlation.mean())
        # a part at random: outputs may stand in the order of their classes
        part = np.random.default_rng(0).permutation(len(pixels))[: self.count]
        if self.space is not None:
            points = self.space.project(pixels)
            if "frechet_components" not in self.withheld:
                found["frechet_components"] = frechet_distance(points[part], self.points)
            if asked is not None:
                found["diversity"] = self._diversity(points, asked)
        if self.judge is not None:
            features = self.judge.features(pixels)
            verdicts = self.judge.verdicts(features)
            if "frechet_features" not in self.withheld:
                found["frechet_features"] = frechet_distance(features[part], self.features)
            if "precision" not in self.withheld:
                found |= precision_recall(features[part], self.features[: self.count], _NEIGHBORS)._asdict()
            if "judged_right" not in self.withheld:
                found["confidence"] = float(verdicts.confidence.mean())
                found["judged_right"] = None if asked is None else float((verdicts.labels == asked).mean())
        return QualityRow(name=name, **dict.fromkeys(MEASURES) | found)

    def _diversity(self, points: Array, asked: Integers) -> float | None:
        """Return the mean distance within a class over that of the reference, in classes of which both have two."""
        own, real = spread_within(points, asked), spread_within(self.points, self.real.reference.labels)
        both = [label for label in own if label in real]
        return float(sum(own[label] for label in both) / sum(real[label] for label in both)) if both else None

    def confusion(self, pixels: Array, asked: Integers | None) -> dict[str, dict[str, int]] | None:
        """Return how many images of each class the judge puts into each, None where its verdicts are withheld."""
        asked = self.classes_of(pixels, asked)
        if self.judge is None or asked is None or "judged_right" in self.withheld:
            return None
        return confusion(self.judge.verdicts(self.judge.features(pixels)).labels, asked)


def confusion(verdicts: Integers, asked: Integers) -> dict[str, dict[str, int]]:
    """Return how many images of each class are put into each."""
    return {
        str(label): {
            str(verdict): int(count)
            for verdict, count in zip(*np.unique(verdicts[asked == label], return_counts=True), strict=True)
        }
        for label in np.unique(asked)
    }
