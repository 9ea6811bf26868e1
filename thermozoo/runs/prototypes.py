"""Prototypes: the images that a computer learns, scaled to zero mean and unit variance."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError, ThermozooError
from thermozoo.interfaces import Dataset

__all__ = ["Prototypes", "choose_prototypes", "standardized"]

Array = npt.NDArray[np.floating[Any]]


@attrs.frozen(eq=False)
class Prototypes:
    """Images to learn.

    Parameters
    ----------
    images : ndarray, shape (prototypes, pixels)
        Zero mean and unit variance each.
    labels : ndarray of int, shape (prototypes,)
        Their classes.
    shape : (int, int)
        Height and width.
    rest : ndarray, shape (others, pixels)
        Every image of the data set that is not a prototype, scaled alike; what judges are trained on.
    rest_labels : ndarray of int, shape (others,)
        Their classes.
    """

    images: Array
    labels: npt.NDArray[np.int64]
    shape: tuple[int, int]
    rest: Array
    rest_labels: npt.NDArray[np.int64]

    def correlations(self, states: Array) -> Array:
        """Return the correlation of every state with every prototype, shape (states, prototypes)."""
        centered = states - states.mean(axis=1, keepdims=True)
        norms = np.linalg.norm(centered, axis=1, keepdims=True)
        # a constant state resembles nothing: its correlation is zero
        scaled = np.divide(centered, norms, out=np.zeros_like(centered), where=norms > 0)
        result: Array = scaled @ self.images.T / np.sqrt(self.images.shape[1])
        return result


def standardized(images: Array) -> Array:
    """Return images of shape (n, pixels) shifted and scaled to zero mean and unit variance each.

    Raises
    ------
    DataError
        When an image is constant.
    """
    centered = images - images.mean(axis=1, keepdims=True)
    spread = centered.std(axis=1, keepdims=True)
    flat = np.flatnonzero(spread[:, 0] == 0)
    if len(flat):
        raise DataError(f"image {flat[0]} is constant: it cannot be scaled to unit variance")
    scaled: Array = centered / spread
    return scaled


def choose_prototypes(dataset: Dataset, classes: tuple[int, ...], per_class: int) -> Prototypes:
    """Load a data set and choose the first `per_class` images of each class (0: all).

    Raises
    ------
    DataError
        When the data are missing, foreign, or have too few images of a class.
    """
    images, labels = _load(dataset)
    _check(dataset, images, labels)
    flat = images.reshape(len(images), -1).astype(np.float64)
    chosen: list[int] = []
    for label in classes:
        found = np.flatnonzero(labels == label)
        if len(found) < max(1, per_class):
            present = ", ".join(str(v) for v in np.unique(labels))
            raise DataError(
                f"data set {dataset.name!r} has {len(found)} images of class {label}, expected at least "
                f"{max(1, per_class)}; "
                f"classes: {present}"
            )
        chosen += found[: per_class or None].tolist()
    if not chosen:
        raise DataError("data.classes is empty: name at least one class to learn")
    others = np.setdiff1d(np.arange(len(images)), chosen)
    varied = others[flat[others].std(axis=1) > 0]
    return Prototypes(
        images=standardized(flat[chosen]),
        labels=labels[chosen].astype(np.int64),
        shape=(int(images.shape[1]), int(images.shape[2])),
        rest=standardized(flat[varied]),
        rest_labels=labels[varied].astype(np.int64),
    )


def _load(dataset: Dataset) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Call the author's `load`; whatever it raises becomes a DataError that names the data set."""
    try:
        images, labels = dataset.load()
        return np.asarray(images), np.asarray(labels)
    except ThermozooError:
        raise
    except Exception as error:
        raise DataError(f"data set {dataset.name!r} did not load: {type(error).__name__}: {error}") from error


def _check(dataset: Dataset, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    if images.ndim != 3 or labels.shape != images.shape[:1] or len(images) == 0:
        raise DataError(
            f"data set {dataset.name!r} must return images (n, height, width) and labels (n,), got {images.shape} and "
            f"{labels.shape}"
        )
    if not np.isfinite(images).all() or images.min() < 0 or images.max() > 1:
        raise DataError(f"data set {dataset.name!r}: images must be finite and lie in 0..1")
