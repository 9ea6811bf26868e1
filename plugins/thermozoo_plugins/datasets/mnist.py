"""MNIST digits from IDX files."""

from __future__ import annotations

import gzip
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Dataset, option
from thermozoo.errors import DataError

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
        images_file = self._file(f"{prefix}-images-idx3-ubyte")
        labels_file = self._file(f"{prefix}-labels-idx1-ubyte")
        images = _read_idx(images_file, dimensions=3)
        labels = _read_idx(labels_file, dimensions=1)
        if len(images) != len(labels):
            raise DataError(
                f"{images_file} holds {len(images)} images but {labels_file} holds {len(labels)} labels: they do "
                f"not belong "
                "together."
            )
        return images / 255.0, labels.astype(np.int64)

    def _file(self, stem: str) -> Path:
        if self.path:
            folder = Path(self.path).expanduser()
            if not folder.is_dir():
                wrong = "not a folder" if folder.exists() else "no such folder"
                raise DataError(f"mnist: {wrong}: {folder} (data.path); expected a folder that holds {stem}.gz")
            for name in (f"{stem}.gz", stem, stem.replace("-idx", ".idx")):
                if (folder / name).is_file():
                    return folder / name
            raise DataError(f"mnist: {folder} holds neither {stem}.gz nor {stem}")
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
                f"that holds "
                "the IDX files, or use data.plugin = 'digits', which needs no download"
            ) from error


def _read_idx(file: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes.

    The magic number is two zero bytes, the type (8: unsigned byte) and the number of dimensions; then one big-endian
    32-bit size a dimension; then the data.
    """
    try:
        with gzip.open(file) if file.suffix == ".gz" else open(file, "rb") as stream:
            raw = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"mnist: cannot read {file}: {error}") from error
    header = 4 + 4 * dimensions
    expected = bytes([0, 0, 8, dimensions])
    if raw[:4] != expected:
        raise DataError(
            f"mnist: {file} is not an IDX file of {dimensions}-dimensional bytes: expected magic number "
            f"{expected.hex()}, got "
            f"{raw[:4].hex() or 'an empty file'}"
        )
    if len(raw) < header:
        raise DataError(f"mnist: {file} is truncated: expected a header of {header} bytes, got {len(raw)} bytes")
    shape = struct.unpack(f">{dimensions}I", raw[4:header])
    size = int(np.prod(shape, dtype=np.int64))
    if len(raw) - header != size:
        raise DataError(
            f"mnist: {file} is truncated or foreign: its header promises {size} bytes of data, got {len(raw) - header}"
        )
    return np.frombuffer(raw, dtype=np.uint8, offset=header).reshape(shape)
