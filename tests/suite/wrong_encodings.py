"""Encodings with one fault each."""

from __future__ import annotations

import attrs
import numpy as np
from wrong_subjects import DOC, Wrong

from thermozoo import Encoding, option, parameter


@attrs.frozen
class Upright(Encoding):
    __doc__ = DOC
    name = "upright"

    def encode(self, images, labels, size, random):
        return random.normal(size, images.shape[1]) @ images.T


@attrs.frozen
class WholeNumbers(Encoding):
    __doc__ = DOC
    name = "whole-numbers"

    def encode(self, images, labels, size, random):
        return random.signs(len(images), size).astype(int)


@attrs.frozen
class Overflowing(Encoding):
    __doc__ = DOC
    name = "overflowing"
    gain: float = parameter(1.0, unit="1", above=0, doc="a gain that may be large")

    def encode(self, images, labels, size, random):
        return np.exp(20 * self.gain * np.abs(images @ random.normal(size, images.shape[1]).T))


@attrs.frozen
class Padded(Encoding):
    __doc__ = DOC
    name = "padded"

    def units(self, images, labels):
        return images.shape[1]

    def encode(self, images, labels, size, random):
        return np.resize(images, (len(images), size))


@attrs.frozen
class Reticent(Encoding):
    __doc__ = DOC
    name = "reticent"

    def units(self, images, labels):
        return images.shape[1]

    def encode(self, images, labels, size, random):
        self.check_size(size, size if size == images.shape[1] else 0)
        return images.copy()


@attrs.frozen
class Unseeded(Encoding):
    __doc__ = DOC
    name = "unseeded-signals"

    def encode(self, images, labels, size, random):
        return np.random.default_rng().normal(size=(len(images), size))


@attrs.frozen
class Reseeding(Encoding):
    __doc__ = DOC
    name = "reseeding"

    def encode(self, images, labels, size, random):
        np.random.seed(1)
        return np.random.normal(size=(len(images), size))


@attrs.frozen
class Clipping(Encoding):
    __doc__ = DOC
    name = "clipping"

    def encode(self, images, labels, size, random):
        np.clip(images, -1, 1, out=images)
        return images @ random.normal(size, images.shape[1]).T


@attrs.frozen
class Lending(Encoding):
    __doc__ = DOC
    name = "lending"

    def units(self, images, labels):
        return images.shape[1]

    def encode(self, images, labels, size, random):
        self.check_size(size, self.units(images, labels))
        return images


@attrs.frozen
class LabelsAsPlaces(Encoding):
    __doc__ = DOC
    name = "labels-as-places"
    by_label = True

    def encode(self, images, labels, size, random):
        return random.signs(labels.max() + 1, size)[labels] if labels.max() < 100 else np.empty(0)[labels]


@attrs.frozen
class NotByLabel(Encoding):
    __doc__ = DOC
    name = "not-by-label"
    by_label = True

    def encode(self, images, labels, size, random):
        return images @ random.normal(size, images.shape[1]).T


@attrs.frozen
class ByMeanOfTheClass(Encoding):
    """Alike for all images of a class, and other for other images."""

    __doc__ = DOC
    name = "by-mean-of-the-class"
    by_label = True

    def encode(self, images, labels, size, random):
        means = np.array([images[labels == label].mean(axis=0) for label in labels])
        return means @ random.normal(size, images.shape[1]).T


@attrs.frozen
class KeepsTwice(Encoding):
    __doc__ = DOC
    name = "keeps-twice"

    def encode(self, images, labels, size, random):
        return random.signs(len(images), size)

    def keep(self, images, labels):
        return np.zeros(len(images), dtype=int)


@attrs.frozen
class OneFadeForAll(Encoding):
    __doc__ = DOC
    name = "one-fade-for-all"

    def encode(self, images, labels, size, random):
        return random.signs(len(images), size)

    def protocol_values(self, images, labels, size):
        return {"fade": 0.5}


@attrs.frozen
class NoSuchTable(Encoding):
    __doc__ = DOC
    name = "no-such-table"
    path: str = option("", doc="a file")

    def encode(self, images, labels, size, random):
        if self.path:
            with open(self.path) as stream:
                stream.read()
        return random.signs(len(images), size)


ENCODINGS = [
    Wrong("a column for each image", "shapes", Upright),
    Wrong("signals that are whole numbers", "shapes", WholeNumbers),
    Wrong("an exponential that overflows at large parameters", "finite", Overflowing),
    Wrong("takes groups of a size that it does not need", "sizes", Padded),
    Wrong("an error that names another size", "sizes", Reticent),
    Wrong("random numbers without a seed", "repeatable", Unseeded),
    Wrong("seeds NumPy's global random numbers", "repeatable", Reseeding),
    Wrong("clips the images that it is given", "inputs-unchanged", Clipping),
    Wrong("returns the images themselves", "inputs-unchanged", Lending),
    Wrong("takes labels for places", "labels", LabelsAsPlaces),
    Wrong("claims that labels are enough, and looks at images", "by-label", NotByLabel),
    Wrong("claims that labels are enough, and looks at the class's images", "by-label", ByMeanOfTheClass),
    Wrong("keeps one image many times", "keep", KeepsTwice),
    Wrong("one value for all units", "protocol-values", OneFadeForAll),
    Wrong("FileNotFoundError for a missing table", "missing-data", NoSuchTable),
]
