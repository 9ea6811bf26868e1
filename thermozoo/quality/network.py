"""A perceptron of rectifiers that learns classes, in single precision: what a judge is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Network"]

Array = npt.NDArray[np.floating[Any]]
Single = npt.NDArray[np.float32]

#: Adam: learning rate, decay of the first and of the second moment, what is added to the root of the second.
_RATE, _FIRST, _SECOND, _FLOOR = 1e-3, 0.9, 0.999, 1e-8


class Network:
    """Layers of rectifiers, and an output for each class, or one of two classes; trained by Adam.

    The loss is the cross entropy of the classes, with a penalty on the squares of weights. Numbers are drawn by a
    generator whose stream NumPy has frozen, so that a seed means the same network in all of its versions.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, the units of each hidden layer, and classes, of which there are two at least.
    penalty : float
        Half of it times the sum of all squared weights, over the images of a step, is added to the loss.
    batch : int
        Images of a step.
    seed : int
        Seed of the first weights and of the order of images.

    Attributes
    ----------
    weights, biases : list of ndarray
        Of each layer.

    References
    ----------
    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, arXiv:1412.6980 (2014); X. Glorot and Y. Bengio,
    Understanding the difficulty of training deep feedforward neural networks, AISTATS (2010), for the first weights.
    """

    def __init__(self, sizes: Sequence[int], *, penalty: float, batch: int, seed: int) -> None:
        self._classes, self._penalty, self._batch = sizes[-1], penalty, batch
        self._random = np.random.RandomState(seed)
        shapes = list(zip(sizes[:-1], (*sizes[1:-1], sizes[-1] if sizes[-1] > 2 else 1), strict=True))
        count = sum((inputs + 1) * outputs for inputs, outputs in shapes)
        # all in one vector, so that a step of Adam is a few operations, and each layer a view of it
        self._all, self._gradient, self._first, self._second, self._scratch = np.zeros((5, count), np.float32)
        self.weights, self.biases = _views(self._all, shapes)
        self._by_weight, self._by_bias = _views(self._gradient, shapes)
        self._steps = 0
        for weights, biases in zip(self.weights, self.biases, strict=True):
            bound = math.sqrt(6.0 / sum(weights.shape))
            weights[:] = self._random.uniform(-bound, bound, weights.shape)
            biases[:] = self._random.uniform(-bound, bound, biases.shape)

    def learn(self, inputs: Single, classes: npt.NDArray[np.integer[Any]]) -> None:
        """Go through all images once, in random order.

        Parameters
        ----------
        inputs : ndarray, shape (images, inputs)
            What is shown.
        classes : ndarray of int, shape (images,)
            The class of each, counted from zero.
        """
        order = np.arange(len(inputs))
        self._random.shuffle(order)
        wanted = np.eye(self._classes, dtype=np.float32)[:, -self.biases[-1].size :][classes]
        for start in range(0, len(order), self._batch):
            rows = order[start : start + self._batch]
            self._differentiate(inputs[rows], wanted[rows])
            self._step()

    def _differentiate(self, inputs: Single, wanted: Single) -> None:
        """Write the gradient of the loss of some images."""
        layers = [inputs]
        for weights, biases in zip(self.weights, self.biases, strict=True):
            layer = layers[-1] @ weights
            layer += biases
            layers.append(layer)
            if len(layers) <= len(self.weights):
                np.maximum(layer, 0.0, out=layer)
        error = _probabilities(layers[-1])
        error -= wanted
        for k in reversed(range(len(self.weights))):
            np.matmul(layers[k].T, error, out=self._by_weight[k])
            self._by_weight[k] += self._penalty * self.weights[k]
            np.sum(error, axis=0, out=self._by_bias[k])
            if k:
                error = error @ self.weights[k].T
                error *= layers[k] > 0.0
        self._gradient /= len(inputs)

    def _step(self) -> None:
        """Do a step of Adam."""
        self._steps += 1
        gradient, scratch = self._gradient, self._scratch
        self._first *= _FIRST
        self._first += np.multiply(gradient, 1.0 - _FIRST, out=scratch)
        self._second *= _SECOND
        np.multiply(gradient, gradient, out=scratch)
        scratch *= 1.0 - _SECOND
        self._second += scratch
        np.sqrt(self._second, out=scratch)
        scratch += _FLOOR
        np.divide(self._first, scratch, out=scratch)
        scratch *= _RATE * math.sqrt(1.0 - _SECOND**self._steps) / (1.0 - _FIRST**self._steps)
        self._all -= scratch


def _views(vector: Single, shapes: Sequence[tuple[int, int]]) -> tuple[list[Single], list[Single]]:
    """Return weights and biases of each layer as views of one vector."""
    weights, biases, position = [], [], 0
    for inputs, outputs in shapes:
        end = position + inputs * outputs
        weights.append(vector[position:end].reshape(inputs, outputs))
        biases.append(vector[end : end + outputs])
        position = end + outputs
    return weights, biases


def _probabilities(outputs: Single) -> Single:
    """Return the probability of each class, in place; of two classes that of the second."""
    if outputs.shape[1] == 1:
        np.exp(-outputs, out=outputs)
        outputs += 1.0
        return np.reciprocal(outputs, out=outputs)
    outputs -= outputs.max(axis=1, keepdims=True)
    np.exp(outputs, out=outputs)
    outputs /= outputs.sum(axis=1, keepdims=True)
    return outputs
