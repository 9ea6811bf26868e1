"""Images as the task `classify` shows them: to train on and to be judged by."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError

__all__ = ["Split", "split_of"]

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class Split:
    """Images to train on and to be judged by; of each, pixels, shape (images, pixels), and numbers of classes.

    Parameters
    ----------
    shape : (int, int)
        Height and width.
    classes : tuple of int
        The label of each class.
    pixels, labels : ndarray
        To train on.
    test_pixels, test_labels : ndarray
        To be judged by.
    """

    shape: tuple[int, int]
    classes: tuple[int, ...]
    pixels: Array
    labels: Labels
    test_pixels: Array
    test_labels: Labels


def split_of(dataset: Any, table: Any, test: float, seed: int) -> Split:
    """Return the images of a data set, in random order.

    Parameters
    ----------
    dataset : Dataset
        The data set.
    table : object
        Has `classes`, `per_class` and `skip`.
    test : float
        Share of the images to be judged by.
    seed : int
        Seed of the order.

    Raises
    ------
    DataError
        When the data are missing, foreign, or have too few images.
    """
    from thermozoo import choose_images

    images, labels = choose_images(dataset, table.classes, table.per_class, skip=table.skip)
    order = np.random.default_rng((seed, 0)).permutation(len(images))
    kept = round(len(images) * test)
    if not 0 < kept < len(images):
        raise DataError(
            f"task.test: of {len(images):,} images, a share of {test:g} leaves {kept:,} to be judged by and "
            f"{len(images) - kept:,} to train on; expected one of each at least"
        )
    pixels = images.reshape(len(images), -1)[order]
    number = {label: k for k, label in enumerate(table.classes)}
    classes = np.array([number[int(label)] for label in labels[order]], dtype=np.int64)
    cut = len(images) - kept
    shape = (int(images.shape[1]), int(images.shape[2]))
    return Split(shape, tuple(table.classes), pixels[:cut], classes[:cut], pixels[cut:], classes[cut:])
