"""The interface of an encoding: the signals that the units of a group are shown for each image."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from thermozoo.errors import ShapeError
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Encoding", "Images", "Labels", "Random", "Signals"]

#: Rows of pixels, one row an image: of zero mean and unit variance each.
Images = npt.NDArray[np.float64]

#: One label an image: any integers.
Labels = npt.NDArray[np.int64]

#: One row an image, one column a unit.
Signals = npt.NDArray[np.float64]


class Random(Protocol):
    """Random numbers as an encoding sees them: each call returns new ones, the same in every run with one seed."""

    def normal(self, rows: int, columns: int) -> npt.NDArray[np.float64]:
        """Return standard normal numbers of shape (rows, columns)."""

    def uniform(self, rows: int, columns: int) -> npt.NDArray[np.float64]:
        """Return numbers between 0 and 1 of shape (rows, columns)."""

    def signs(self, rows: int, columns: int) -> npt.NDArray[np.float64]:
        """Return -1 and +1, as likely, of shape (rows, columns)."""


class Encoding(
    Plugin,
    kind="encoding",
    formula="encode",
    equation=False,
    claims={"by_label": "signals that depend on the label alone"},
):
    """The signals that the units of a group are shown for each image and its label.

    The author writes `encode`; where units must have a certain number, also `units`. Images are rows of pixels, each
    of zero mean and unit variance; labels are integers, any of them, one for each image.

    Attributes
    ----------
    by_label : bool
        Whether the signals depend on the label alone, so that a label can ask for them without an image.
    """

    __slots__ = ()

    by_label: ClassVar[bool] = False

    @abc.abstractmethod
    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return the signal of each unit for each image, shape (n, size).

        Parameters
        ----------
        images : ndarray, shape (n, pixels)
            All images, those that `keep` leaves out as well.
        labels : ndarray of int, shape (n,)
            Their labels.
        size : int
            Units of the group.
        random : Random
            Where all randomness comes from.

        Raises
        ------
        thermozoo.errors.ShapeError
            When it cannot be had for so many units.
        thermozoo.errors.DataError
            When it cannot be had for these images.
        """

    def units(self, images: Images, labels: Labels) -> int | None:
        """Return how many units it needs; None (the default): any number, which the group gives."""
        return None

    def keep(self, images: Images, labels: Labels) -> npt.NDArray[np.int64]:
        """Return the numbers of the images that training shows, in order; by default all."""
        return np.arange(len(images))

    def protocol_values(self, images: Images, labels: Labels, size: int) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return parameters of the protocol that differ from unit to unit, each of shape (size,), by name; optional."""
        return {}

    def check_size(self, size: int, needed: int | None) -> None:
        """Refuse a group of another size than the encoding needs; None: any will do.

        Raises
        ------
        thermozoo.errors.ShapeError
            With the size that is needed.
        """
        if needed is not None and size != needed:
            raise ShapeError(
                f"the encoding {self.name!r} needs {needed} units for these images, but its group has {size}: give the "
                f"group {needed} units"
            )
