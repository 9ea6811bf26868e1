"""Images and labels from a pair of IDX files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Dataset, option
from thermozoo_plugins.datasets.class_names import read_mapping
from thermozoo_plugins.datasets.idx_files import find_file, folder_of, pair


@attrs.frozen
class Idx(Dataset):
    """Images of any size and their labels from two IDX files of any name, gzipped or not.

    References
    ----------
    Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits (1998), where the format is
    described.

    Examples
    --------
    >>> from thermozoo_plugins.datasets import Idx
    >>> Idx(path="fashion", images="t10k-images-idx3-ubyte", labels="t10k-labels-idx1-ubyte").transpose
    False
    """

    name = "idx"

    path: str = option(".", doc="folder with the files")
    images: str = option("train-images-idx3-ubyte", doc="file of images, with or without .gz")
    labels: str = option("train-labels-idx1-ubyte", doc="file of labels, with or without .gz")
    transpose: bool = option(False, doc="the file has its images column by column")
    mapping: str = option("", doc="file with the names of classes, lines 'label codepoint' (default: none)")

    def load(self) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.integer[Any]]]:
        """Return images in 0..1 of shape (n, height, width), in single precision, and the labels of the file."""
        folder = folder_of(self.name, self.path, self.images)
        files = [find_file(self.name, folder, (name, f"{name}.gz")) for name in (self.images, self.labels)]
        images, labels = pair(self.name, *files, transpose=self.transpose)
        return images / np.float32(255), labels

    def class_names(self) -> Mapping[int, str]:
        """Return the names of classes of the mapping."""
        if not self.mapping:
            return {}
        return read_mapping(self.name, folder_of(self.name, self.path, self.mapping) / self.mapping)
