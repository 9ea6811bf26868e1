"""MNIST digits from IDX files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Dataset, option
from thermozoo.errors import DataError
from thermozoo_plugins.datasets.idx_files import find_file, folder_of, pair

_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}
_PREFIX = {"test": "t10k", "train": "train"}


def _split(value: str) -> str:
    if value not in _PREFIX:
        raise DataError(f"mnist: split must be 'test' or 'train', got {value!r}")
    return value


@attrs.frozen
class Mnist(Dataset):
    """MNIST handwritten digits, 28 x 28 pixels.

    Reads IDX files, gzipped or not, from `path`; without a path from the user's cache, where missing files are
    downloaded with their checksums.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document recognition,
    Proc. IEEE 86, 2278 (1998).
    """

    name = "mnist"

    path: str = option("", doc="folder with the IDX files (default: the user's cache, downloaded when missing)")
    split: str = option("test", converter=_split, doc="'test' (10,000 images) or 'train' (60,000)")

    def load(self) -> tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.integer[Any]]]:
        """Return images in 0..1 of shape (n, 28, 28) and labels 0..9."""
        prefix = _PREFIX[self.split]
        files = (self._file(f"{prefix}-images-idx3-ubyte"), self._file(f"{prefix}-labels-idx1-ubyte"))
        images, labels = pair(self.name, *files)
        return images / 255.0, labels

    def _file(self, stem: str) -> Path:
        if self.path:
            folder = folder_of(self.name, self.path, f"{stem}.gz")
            return find_file(self.name, folder, (f"{stem}.gz", stem, stem.replace("-idx", ".idx")))
        import pooch

        name = f"{stem}.gz"
        try:
            return Path(
                pooch.retrieve(
                    _URL + name,
                    known_hash=f"md5:{_MD5[name]}",
                    fname=name,
                    path=pooch.os_cache("thermozoo"),
                    progressbar=sys.stderr.isatty(),
                )
            )
        except Exception as error:  # pooch passes on whatever its transport raises
            raise DataError(
                f"mnist: could not download {name} ({type(error).__name__}: {error}); set data.path to a folder "
                "that holds the IDX files, or use data.plugin = 'digits', which needs no download"
            ) from error
