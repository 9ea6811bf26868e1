"""Prototypes: the images that a computer learns, scaled to zero mean and unit variance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError, PluginError, kind_of_values
from thermozoo.interfaces import Dataset
from thermozoo.quality import RealImages, splits
from thermozoo.quality.scaling import standardized, varied
from thermozoo.symbolic.guard import ask, where_written

__all__ = ["Prototypes", "choose_images", "choose_prototypes", "load_images", "too_few"]

Array = npt.NDArray[np.floating[Any]]

#: Images (n, height, width) and labels (n,) as a data set has them.
Loaded = tuple[npt.NDArray[Any], npt.NDArray[Any]]

#: Images that are no prototypes and are kept, at most: more of them would not make a better judge.
_KEPT = 4000


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
        Images of the data set that are no prototypes, in random order and no more than judges need; scaled alike.
    rest_labels : ndarray of int, shape (others,)
        Their classes.
    names : mapping of int to str
        What to call classes, where the data set says it.
    real : RealImages or None
        The prototypes, and disjoint sets of other images that outputs are compared with.
    """

    images: Array
    labels: npt.NDArray[np.int64]
    shape: tuple[int, int]
    rest: Array
    rest_labels: npt.NDArray[np.int64]
    names: Mapping[int, str] = attrs.field(factory=dict)
    real: RealImages | None = None

    def some(self, which: npt.NDArray[np.integer[Any]]) -> Prototypes:
        """Return some of the prototypes, beside the same other images."""
        return attrs.evolve(self, images=self.images[which], labels=self.labels[which])

    def name(self, label: int) -> str:
        """Return what to call a class: its name, or else its label."""
        return self.names.get(int(label), str(label))

    def correlations(self, states: Array) -> Array:
        """Return the correlation of every state with every prototype, shape (states, prototypes)."""
        found = standardized(states) @ self.images.T / self.images.shape[1]
        # rounding takes images that are the same a little beyond one
        result: Array = np.clip(found, -1.0, 1.0)
        return result


def choose_prototypes(
    dataset: Dataset,
    classes: tuple[int, ...],
    per_class: int,
    seed: int = 0,
    loaded: Loaded | None = None,
    *,
    skip: int = 0,
) -> Prototypes:
    """Load a data set and choose its prototypes; of the other images, only those that judges need are kept.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    classes : tuple of int
        Labels to learn.
    per_class : int
        The first so many images of each class (0: all).
    seed : int
        Draws the images that are kept for judges.
    loaded : (ndarray, ndarray), optional
        What `load_images` returned, so that nothing is loaded twice.
    skip : int
        Images of each class that are passed over before the first.

    Raises
    ------
    DataError
        When the data are missing, foreign, or have too few images of a class, or a prototype is constant.
    """
    images, labels = load_images(dataset) if loaded is None else loaded
    flat = images.reshape(len(images), -1)
    chosen = _chosen(dataset, labels, classes, per_class, skip)
    contrast = varied(flat)
    constant = [k for k in chosen if not contrast[k]]
    if constant:
        raise DataError(
            f"data set {dataset.name!r}: image {constant[0]} is constant: it cannot be scaled to unit variance"
        )
    others = np.setdiff1d(np.flatnonzero(contrast), chosen)
    # chosen before they are scaled: a large data set is never copied as a whole
    kept = others[np.random.default_rng(seed).permutation(len(others))[:_KEPT]]
    compared = splits(labels, classes=classes, seen=np.array(chosen, dtype=np.intp), unusable=~contrast)
    return Prototypes(
        images=standardized(np.asarray(flat[chosen], dtype=np.float64)),
        labels=labels[chosen].astype(np.int64),
        shape=(int(images.shape[1]), int(images.shape[2])),
        rest=standardized(np.asarray(flat[kept], dtype=np.float64)),
        rest_labels=labels[kept].astype(np.int64),
        names=class_names(dataset, labels),
        real=RealImages.of(images, labels, compared),
    )


def choose_images(
    dataset: Dataset, classes: tuple[int, ...], per_class: int, *, skip: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return images of a data set as they are, in 0..1, shape (chosen, height, width), and their labels.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    classes : tuple of int
        Labels, in this order.
    per_class : int
        The first so many images of each class (0: all).
    skip : int
        Images of each class that are passed over before the first.

    Raises
    ------
    DataError
        When the data are missing, foreign, or have too few images of a class.

    Examples
    --------
    >>> import thermozoo as tz
    >>> images, labels = tz.choose_images(tz.get("digits"), (3, 1), 2)
    >>> images.shape, labels.tolist()
    ((4, 28, 28), [3, 3, 1, 1])
    """
    images, labels = load_images(dataset)
    chosen = _chosen(dataset, labels, classes, per_class, skip)
    return images[chosen].astype(np.float64), labels[chosen].astype(np.int64)


def _chosen(
    dataset: Dataset, labels: npt.NDArray[Any], classes: tuple[int, ...], per_class: int, skip: int
) -> list[int]:
    """Return which images are chosen."""
    chosen: list[int] = []
    for label in classes:
        missing = too_few(dataset, labels, label, skip + max(1, per_class))
        if missing:
            raise DataError(missing)
        found = np.flatnonzero(labels == label)[skip:]
        chosen += found[: per_class or None].tolist()
    if not chosen:
        raise DataError("data.classes is empty: name at least one class to learn")
    return chosen


def class_names(dataset: Dataset, labels: npt.NDArray[Any]) -> dict[int, str]:
    """Return what a data set calls its classes: the names of labels that it has.

    Raises
    ------
    DataError
        When they cannot be read or are no names.
    """
    try:
        names = ask(dataset, "class_names")
    except PluginError as error:
        raise DataError(f"data set {dataset.name!r} has no names of classes: {error}") from error
    if not isinstance(names, Mapping) or not all(
        isinstance(k, (int, np.integer)) and isinstance(v, str) and v.strip() for k, v in names.items()
    ):
        raise DataError(
            f"data set {dataset.name!r}: class_names() ({where_written(dataset.class_names)}) must return a mapping of "
            f"labels to names, such as {{10: 'A'}}, got {names!r:.60}"
        )
    present = set(np.unique(labels).tolist())
    return {int(label): name for label, name in sorted(names.items()) if label in present}


def too_few(dataset: Dataset, labels: npt.NDArray[Any], label: int, needed: int) -> str:
    """Return what is wrong where a data set has too few images of a class, or else an empty string."""
    count = int((labels == label).sum())
    if count >= needed:
        return ""
    present = ", ".join(str(v) for v in np.unique(labels))
    return (
        f"data set {dataset.name!r} has {count} images of class {label}, expected at least {needed}; classes: {present}"
    )


def load_images(dataset: Dataset) -> Loaded:
    """Return the images and labels of a data set, checked.

    Raises
    ------
    DataError
        When they cannot be loaded or are not what a data set promises.
    """
    images, labels = _load(dataset)
    _check(dataset, images, labels)
    return images, labels


def _load(dataset: Dataset) -> Loaded:
    """Call the author's `load`; whatever it raises becomes an error that names the file and line."""
    try:
        loaded = ask(dataset, "load")
    except PluginError as error:
        raise DataError(f"data set {dataset.name!r} did not load: {error}") from error
    if not isinstance(loaded, (tuple, list)) or len(loaded) != 2:
        raise DataError(
            f"{_method(dataset)} returned {type(loaded).__name__}; expected a pair: images (n, height, width) and "
            "labels (n,)"
        )
    try:
        images, labels = map(np.asarray, loaded)
    except ValueError as error:  # images of different sizes
        raise DataError(f"{_method(dataset)} must return two arrays, images and labels: {error}") from error
    return images, labels


def _method(dataset: Dataset) -> str:
    """Return the name of the author's method, with file and line."""
    return f"data set {dataset.name!r}: load() ({where_written(dataset.load)})"


def _check(dataset: Dataset, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    for what, values, kinds, expected in (
        ("images", images, "fiu", "numbers from 0 to 1"),
        ("labels", labels, "iu", "whole numbers"),
    ):
        if values.dtype.kind not in kinds:
            raise DataError(f"{_method(dataset)}: {what} are {kind_of_values(values.dtype)}; expected {expected}")
    if images.ndim != 3 or labels.shape != images.shape[:1] or len(images) == 0:
        raise DataError(
            f"{_method(dataset)} must return images (n, height, width) and labels (n,), got {images.shape} and "
            f"{labels.shape}"
        )
    # what is not a number makes extremes that lie nowhere
    if not 0 <= images.min() <= images.max() <= 1:
        raise DataError(f"data set {dataset.name!r}: images must be finite and lie in 0..1")
