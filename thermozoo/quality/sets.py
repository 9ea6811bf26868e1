"""Real images by what they serve for."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.quality.scaling import standardized
from thermozoo.quality.splits import Splits

__all__ = ["Images", "RealImages"]


@attrs.frozen(eq=False)
class Images:
    """Images with their classes.

    Parameters
    ----------
    pixels : ndarray, shape (images, pixels)
        Zero mean and unit variance each.
    labels : ndarray of int, shape (images,)
        Their classes.
    """

    pixels: npt.NDArray[np.floating[Any]]
    labels: npt.NDArray[np.integer[Any]]

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, classes: npt.NDArray[np.integer[Any]]) -> Images:
        """Return the images of some classes."""
        found = np.isin(self.labels, classes)
        return Images(self.pixels[found], self.labels[found])


@attrs.frozen(eq=False)
class RealImages:
    """Disjoint sets of real images.

    Parameters
    ----------
    seen : Images
        What the computer has learned, or may have.
    reference : Images
        What distances are measured to.
    held_out : Images
        What is measured as outputs are.
    judge : Images
        What the judge learns from.
    shape : (int, int)
        Height and width.
    """

    seen: Images
    reference: Images
    held_out: Images
    judge: Images
    shape: tuple[int, int]

    @classmethod
    def of(cls, images: npt.NDArray[Any], labels: npt.NDArray[np.integer[Any]], chosen: Splits) -> RealImages:
        """Return the sets of a data set's images of shape (images, height, width), in single precision."""

        def taken(rows: npt.NDArray[np.intp]) -> Images:
            flat = images[rows].reshape(len(rows), images.shape[1] * images.shape[2])
            return Images(standardized(flat.astype(np.float64)).astype(np.float32), labels[rows].astype(np.int64))

        return cls(
            seen=taken(chosen.pool),
            reference=taken(chosen.reference),
            held_out=taken(chosen.held_out),
            judge=taken(chosen.judge),
            shape=(int(images.shape[1]), int(images.shape[2])),
        )

    @property
    def size(self) -> int:
        """How many pixels all images have together."""
        return sum(one.pixels.size for one in (self.seen, self.reference, self.held_out, self.judge))
