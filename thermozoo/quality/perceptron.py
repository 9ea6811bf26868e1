"""A small classifier of real images: its verdicts judge outputs, its last hidden layer is a space to compare them in.

A perceptron of two hidden layers, 256 and 64, on principal components. It learns from images that are moved a little,
saturated as units saturate, and in white noise of up to half their contrast, since outputs are all of that.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import attrs
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from thermozoo.quality.components import Components, principal_components
from thermozoo.quality.scaling import standardized
from thermozoo.quality.sets import Images

__all__ = ["FEATURES", "Perceptron", "Verdicts", "trained_perceptron"]

Array = npt.NDArray[np.floating[Any]]

#: Units of the hidden layers; the last are the features.
_HIDDEN, FEATURES = 256, 64

#: Passes over the images, images of a step, most noise over an image's own contrast.
_PASSES, _BATCH, _NOISE = 60, 128, 0.5

#: Copies of the images that passes take in turns, moved and saturated; slope and threshold of their saturation.
_COPIES, _SATURATED = 30, ((0.0, 0.0), (1.0, 0.0), (2.0, 1.0))

#: Principal components of its images that it looks at: less of a handwritten digit than of noise is outside of them.
_COMPONENTS = 100

#: Classifiers that are kept, by the digest of what they have learned from.
_KEPT = 3
_trained: dict[bytes, Perceptron] = {}


class Verdicts(NamedTuple):
    """The class that each image is taken for, and the probability that the judge gives to it."""

    labels: npt.NDArray[np.integer[Any]]
    confidence: Array


@attrs.frozen(eq=False)
class Perceptron:
    """A trained classifier.

    Parameters
    ----------
    space : Components
        The principal components that it looks at.
    weights, biases : list of ndarray
        Of its layers.
    classes : ndarray of int
        What its outputs stand for.
    """

    space: Components
    weights: list[Array]
    biases: list[Array]
    classes: npt.NDArray[np.integer[Any]]

    def features(self, pixels: Array) -> Array:
        """Return the last hidden layer for images of zero mean and unit variance: (n, 64)."""
        layer = self.space.project(pixels)
        for weights, biases in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layer = np.maximum(layer @ weights + biases, 0.0)  # the layer's rectifier
        return layer

    def verdicts(self, features: Array) -> Verdicts:
        """Return what images with these features, shape (n, 64), are taken for."""
        from scipy.special import expit, softmax

        found = features @ self.weights[-1] + self.biases[-1]
        if found.shape[1] == 1:  # of two classes one output tells
            probabilities = np.hstack([expit(-found), expit(found)])
        else:
            probabilities = softmax(found, axis=1)
        best = probabilities.argmax(axis=1)
        return Verdicts(self.classes[best], probabilities[np.arange(len(best)), best])


def trained_perceptron(images: Images, shape: tuple[int, int]) -> Perceptron:
    """Return the classifier of some images, of at least two classes; trained once in a process for the same images."""
    digest = hashlib.sha256(repr((shape, images.pixels.dtype.str)).encode())
    digest.update(images.pixels.tobytes())
    digest.update(images.labels.tobytes())
    key = digest.digest()
    if key not in _trained:
        found = _train(images, shape)
        while len(_trained) >= _KEPT:
            del _trained[next(iter(_trained))]
        _trained[key] = found
    return _trained[key]


def _train(images: Images, shape: tuple[int, int]) -> Perceptron:
    from sklearn.neural_network import MLPClassifier

    classes = np.unique(images.labels)
    space = principal_components(images.pixels, _COMPONENTS)
    space = Components(_single(space.mean), _single(space.directions))
    random = np.random.default_rng(0)
    copies = [space.project(_single(_copy(images.pixels, shape, random, turn))) for turn in range(_COPIES)]
    model = MLPClassifier((_HIDDEN, FEATURES), alpha=1e-3, random_state=0, batch_size=min(_BATCH, len(images)))
    for turn in range(_PASSES):
        strength = random.uniform(0.0, _NOISE, (len(images), 1)).astype(np.float32)
        # white noise in all pixels is white in these directions, and adds its variance to that of the image, one
        drawn = random.standard_normal(copies[0].shape, np.float32)
        noisy = (copies[turn % _COPIES] + strength * drawn) / np.sqrt(1 + strength**2)
        model.partial_fit(noisy, images.labels, classes=classes)
    return Perceptron(space, list(model.coefs_), list(model.intercepts_), classes)


def _copy(pixels: Array, shape: tuple[int, int], random: Generator, turn: int) -> Array:
    """Return images as a computer might show them: moved by a pixel in 28, and in turns as they are or saturated."""
    steps = [round(side / 28) for side in shape]
    by = [int(random.integers(-one, one + 1)) for one in steps] if turn else [0, 0]
    moved = np.roll(pixels.reshape(-1, *shape), by, axis=(1, 2)).reshape(pixels.shape)
    slope, threshold = _SATURATED[turn % len(_SATURATED)]
    return standardized(np.tanh(slope * (moved - threshold))) if slope else moved


def _single(values: Array) -> npt.NDArray[np.float32]:
    return values.astype(np.float32)
