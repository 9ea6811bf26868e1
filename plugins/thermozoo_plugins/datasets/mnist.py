"""MNIST digits from IDX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Dataset, option
from thermozoo.errors import DataError
from thermozoo_plugins.datasets.downloads import downloaded
from thermozoo_plugins.datasets.idx_files import find_file, folder_of, pair

_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
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
        return downloaded(self.name, _URL + name, _SHA256[name], Path(pooch.os_cache("thermozoo")))
