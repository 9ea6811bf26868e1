"""The interface of a data set: images and labels."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.interfaces.plugin import Plugin

__all__ = ["Dataset"]


class Dataset(Plugin, kind="dataset", formula="load", title="Data sets", table="data", equation=False):
    """Images and labels.

    The author writes `load`; choosing classes and scaling each image to zero mean and unit variance are derived.
    """

    __slots__ = ()

    @abc.abstractmethod
    def load(self) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.integer[Any]]]:
        """Return images of shape (n, height, width) with values in 0..1, and labels of shape (n,).

        Raises
        ------
        thermozoo.errors.DataError
            When the data are missing, truncated or foreign.
        """

    def class_names(self) -> Mapping[int, str]:
        """Return what to call classes in figures and reports, by label; optional.

        Labels without a name (the default: all) are shown as numbers.

        Raises
        ------
        thermozoo.errors.DataError
            When the names are missing or foreign.
        """
        return {}
