"""A linear classifier: logistic regression, with a penalty on the squares of its weights."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["LinearClassifier", "linear_classifier"]

Array = npt.NDArray[np.floating[Any]]

#: Iterations at most, and the largest component of the gradient at which they end.
_MOST, _GRADIENT = 300, 1e-4


@attrs.frozen(eq=False)
class LinearClassifier:
    """A classifier whose logarithms of odds are linear in the pixels.

    Parameters
    ----------
    classes : ndarray of int, shape (classes,)
        The classes, sorted.
    weights : ndarray, shape (pixels, classes)
        A weight for each pixel; of two classes those of the first are zero.
    biases : ndarray, shape (classes,)
        What is added.
    """

    classes: npt.NDArray[np.integer[Any]]
    weights: Array
    biases: Array

    def predict(self, images: Array) -> npt.NDArray[np.integer[Any]]:
        """Return the likeliest class of images of shape (n, pixels)."""
        found: npt.NDArray[np.integer[Any]] = self.classes[(images @ self.weights + self.biases).argmax(axis=1)]
        return found


def linear_classifier(images: Array, labels: npt.NDArray[np.integer[Any]], penalty: float) -> LinearClassifier:
    r"""Return the linear classifier of some images, of at least two classes.

    .. math:: -\sum_k \ln p_{l_k}(x_k) + \frac{\lambda}{2} \sum_{ic} w_{ic}^2, \qquad
              p_c(x) \propto \exp\Bigl(b_c + \sum_i w_{ic} x_i\Bigr)

    is made least, with x_k an image and l_k its class.

    Parameters
    ----------
    images : ndarray, shape (images, pixels)
        What it learns from.
    labels : ndarray of int, shape (images,)
        Their classes.
    penalty : float
        :math:`\lambda`, positive.
    """
    from scipy.optimize import minimize

    classes, wanted = np.unique(labels, return_inverse=True)
    (count, pixels), k = images.shape, len(classes)
    free = k if k > 2 else 1  # of two classes, the first is what the second is not
    target = np.eye(k)[wanted]

    def unpacked(vector: Array) -> tuple[Array, Array]:
        table = np.zeros((pixels + 1, k))
        table[:, k - free :] = vector.reshape(pixels + 1, free)
        return table[:-1], table[-1]

    def loss(vector: Array) -> tuple[float, Array]:
        weights, biases = unpacked(vector)
        logits = images @ weights + biases
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        total = shares.sum(axis=1, keepdims=True)
        value = float(np.log(total).sum() - (logits * target).sum())
        error = (shares / total - target)[:, k - free :]
        slope = np.concatenate([images.T @ error + penalty * weights[:, k - free :], error.sum(axis=0)[None]])
        return (value + 0.5 * penalty * float((weights**2).sum())) / count, slope.ravel() / count

    options = {"maxiter": _MOST, "gtol": _GRADIENT, "ftol": 64 * np.finfo(float).eps, "maxls": 50}
    found = minimize(loss, np.zeros((pixels + 1) * free), jac=True, method="L-BFGS-B", options=options)
    return LinearClassifier(classes, *unpacked(found.x))
