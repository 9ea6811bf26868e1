"""EMNIST letters and digits from IDX files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Dataset, option
from thermozoo.errors import DataError, nearest
from thermozoo_plugins.datasets.class_names import read_mapping
from thermozoo_plugins.datasets.idx_files import find_file, folder_of, pair

_SPLITS = ("balanced", "byclass", "bymerge", "digits", "letters", "mnist")
_PARTS = ("test", "train")


def _split(value: str) -> str:
    if value not in _SPLITS:
        raise DataError(f"emnist: split must be one of {', '.join(_SPLITS)}, got {value!r}{nearest(value, _SPLITS)}")
    return value


def _part(value: str) -> str:
    if value not in _PARTS:
        raise DataError(f"emnist: part must be 'test' or 'train', got {value!r}")
    return value


@attrs.frozen
class Emnist(Dataset):
    """EMNIST handwritten letters and digits, 28 x 28 pixels.

    Reads the files of the release, ``emnist-<split>-<part>-images-idx3-ubyte.gz`` and so on, gzipped or not. The
    release has its images column by column, so they are transposed to stand upright. Labels are those of the file: 1 to
    26 in ``letters``, 0 to 61 in ``byclass``; their names are read from ``emnist-<split>-mapping.txt`` where the folder
    has it.

    References
    ----------
    G. Cohen, S. Afshar, J. Tapson and A. van Schaik, EMNIST: an extension of MNIST to handwritten letters,
    arXiv:1702.05373.

    Examples
    --------
    >>> from thermozoo_plugins.datasets import Emnist
    >>> Emnist(path="emnist", split="letters").files()
    ('emnist-letters-test-images-idx3-ubyte', 'emnist-letters-test-labels-idx1-ubyte')
    """

    name = "emnist"

    path: str = option(".", doc="folder with the files of the release")
    split: str = option("balanced", converter=_split, doc="balanced, byclass, bymerge, digits, letters or mnist")
    part: str = option("test", converter=_part, doc="'test' or 'train'")
    transpose: bool = option(True, doc="the files have their images column by column")

    def files(self) -> tuple[str, str]:
        """Return the names of images and labels, without ``.gz``."""
        stem = f"emnist-{self.split}-{self.part}"
        return f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"

    def load(self) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.integer[Any]]]:
        """Return images in 0..1 of shape (n, 28, 28), in single precision, and the labels of the file."""
        names = self.files()
        folder = folder_of(self.name, self.path, f"{names[0]}.gz")
        files = [find_file(self.name, folder, (f"{name}.gz", name)) for name in names]
        images, labels = pair(self.name, *files, transpose=self.transpose)
        # 700,000 images would take 4 GiB in double precision
        return images / np.float32(255), labels

    def class_names(self) -> Mapping[int, str]:
        """Return the names of classes, none where the folder has no mapping."""
        file = folder_of(self.name, self.path, self.files()[0]) / f"emnist-{self.split}-mapping.txt"
        return read_mapping(self.name, file) if file.exists() else {}
