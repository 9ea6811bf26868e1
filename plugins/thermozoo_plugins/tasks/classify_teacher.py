"""The digital teacher of the task `classify`: a perceptron whose activations an ideal trajectory reaches."""

from __future__ import annotations

import warnings

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import read_arrays
from thermozoo.errors import DataError

__all__ = ["Teacher", "read_teacher", "trained_teacher"]

Array = npt.NDArray[np.float64]

#: What a file of a teacher holds.
_NAMES = ("weights_0", "biases_0", "weights_1", "biases_1")


@attrs.frozen(eq=False)
class Teacher:
    r"""A perceptron of one hidden layer.

    .. math:: h = \tanh(W_0^T p + b_0), \qquad o = W_1^T h + b_1

    Parameters
    ----------
    weights : (ndarray, ndarray)
        Of shapes (pixels, hidden) and (hidden, classes).
    biases : (ndarray, ndarray)
        Of shapes (hidden,) and (classes,).
    """

    weights: tuple[Array, Array]
    biases: tuple[Array, Array]

    def activations(self, pixels: Array) -> tuple[Array, Array]:
        """Return hidden activations and outputs for images, shape (images, pixels)."""
        hidden = np.tanh(pixels @ self.weights[0] + self.biases[0])
        return hidden, hidden @ self.weights[1] + self.biases[1]

    def right(self, pixels: Array, classes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell which images it takes for what they are."""
        found: npt.NDArray[np.bool_] = self.activations(pixels)[1].argmax(axis=1) == classes
        return found

    @property
    def multiply_accumulates(self) -> int:
        """What it takes for one image."""
        return sum(weights.size for weights in self.weights)


def trained_teacher(
    pixels: Array, classes: npt.NDArray[np.int64], *, hidden: int, passes: int, decay: float, seed: int
) -> Teacher:
    """Train a teacher by scikit-learn's adaptive descent.

    Parameters
    ----------
    pixels : ndarray, shape (images, pixels)
        Images.
    classes : ndarray of int, shape (images,)
        Their classes, from 0.
    hidden : int
        Hidden units.
    passes : int
        Passes over the images at most.
    decay : float
        Weight of the squared weights.
    seed : int
        Of the first weights and the order of images.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier((hidden,), activation="tanh", alpha=decay, max_iter=passes, random_state=seed % 2**32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many passes were asked for
        model.fit(pixels, classes)
    first, last = (np.asarray(one, dtype=np.float64) for one in model.coefs_)
    bias, outputs = (np.asarray(one, dtype=np.float64) for one in model.intercepts_)
    if last.shape[1] == 1:  # of two classes one output tells
        last, outputs = np.hstack([-last, last]) / 2, np.concatenate([-outputs, outputs]) / 2
    return Teacher((first, last), (bias, outputs))


def read_teacher(path: str, sizes: tuple[int, int, int]) -> Teacher:
    """Return the teacher of a file of NumPy's .npz format.

    Parameters
    ----------
    path : str
        The file, with arrays `weights_0`, `biases_0`, `weights_1` and `biases_1`.
    sizes : (int, int, int)
        Pixels, hidden units and classes that it must have.

    Raises
    ------
    DataError
        When it cannot be read, or does not fit.
    """
    pixels, hidden, classes = sizes
    found = read_arrays(path, _NAMES, "the teacher", f"an .npz file with {', '.join(_NAMES)}")
    wanted = dict(zip(_NAMES, ((pixels, hidden), (hidden,), (hidden, classes), (classes,)), strict=True))
    for name, shape in wanted.items():
        values = found[name]
        if values.shape != shape or not np.isfinite(values).all():
            raise DataError(
                f"the teacher {path} does not fit the data: {name} is {values.dtype} of shape {values.shape}, expected "
                f"finite numbers of shape {shape} for {pixels:,} pixels, {hidden:,} hidden units and {classes} classes"
            )
    first, bias, last, outputs = (found[name].astype(np.float64) for name in _NAMES)
    return Teacher((first, last), (bias, outputs))
