"""Reading IDX files, the format of MNIST and of everything that wants to be read like it.

Two zero bytes, the type of a value (8: unsigned byte) and the number of dimensions; then one big-endian 32-bit size a
dimension; then the values. What a file is, its first bytes say and not its name: browsers unpack ``.gz`` files and
keep the name, and others pack files and do not.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from thermozoo import memory_left
from thermozoo.errors import DataError

__all__ = ["find_file", "folder_of", "pair", "read_idx"]

_GZIP = b"\x1f\x8b"

#: What people have in the place of an IDX file, by its first bytes.
_FOREIGN = {
    _GZIP: "gzip data, packed twice",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\x00": "xz data",
    b"PK\x03\x04": "a zip archive",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x93NUMPY": "a NumPy array",
    b"\x89PNG": "a PNG picture",
    b"\x89HDF": "an HDF5 file",
    b"version ": "a pointer of Git LFS and not the file itself",
    b"<": "a web page: the download went wrong",
}

_TYPES = {0x08: "unsigned bytes", 0x09: "signed bytes", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}

_CHUNK = 2**20

#: Bytes that one byte of gzip data stands for, at most: a block of deflate repeats up to 258 bytes in two bits.
_DENSEST = 1032

#: Bytes in memory for a byte of a file: itself, and a number in double precision.
_AS_NUMBERS = 9


def folder_of(who: str, path: str, example: str) -> Path:
    """Return the folder of `data.path`, relative to the folder that the command runs in.

    Raises
    ------
    DataError
        When there is none; `example` is a file that it should hold.
    """
    try:
        folder = Path(path).expanduser()
    except RuntimeError as error:  # ~user of a user that there is not
        raise DataError(f"{who}: no such folder: {path} (data.path): {error}") from error
    # os.path answers False to names that no file system takes, where pathlib raises
    if not os.path.isdir(folder):
        wrong = "not a folder" if os.path.exists(folder) else "no such folder"
        raise DataError(f"{who}: {wrong}: {folder} (data.path); expected a folder that holds {example}")
    return folder


def find_file(who: str, folder: Path, names: Sequence[str]) -> Path:
    """Return the first of some files that a folder holds.

    Raises
    ------
    DataError
        When it holds none; it says what the folder does hold.
    """
    for name in names:
        if os.path.isfile(folder / name):
            return folder / name
    for name in names:
        if os.path.lexists(folder / name):
            what = "a folder" if os.path.isdir(folder / name) else "a link that leads to no file"
            raise DataError(f"{who}: {folder / name} is {what}; expected an IDX file")
    try:
        there = sorted(entry.name for entry in os.scandir(folder) if "idx" in entry.name or "ubyte" in entry.name)
    except OSError as error:
        raise DataError(f"{who}: cannot read the folder {folder}: {error.strerror}") from error
    held = f"; it holds {', '.join(there[:8])}{', ...' if len(there) > 8 else ''}" if there else ""
    raise DataError(f"{who}: {folder} holds neither {names[0]} nor {names[1]}{held}")


def pair(
    who: str, images_file: Path, labels_file: Path, *, transpose: bool = False
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the bytes of images, shape (n, height, width), and their labels, shape (n,).

    Parameters
    ----------
    who : str
        Who reads, for messages.
    images_file, labels_file : Path
        The files.
    transpose : bool
        Whether the file has its images column by column.

    Raises
    ------
    DataError
        When a file cannot be read, is foreign or cut, or the two do not belong together.
    """
    images, labels = read_idx(who, images_file, 3), read_idx(who, labels_file, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{who}: {images_file} holds {len(images)} images but {labels_file} holds {len(labels)} labels: they do "
            "not belong together"
        )
    if images.size == 0:
        raise DataError(f"{who}: {images_file} holds no image: its header says {images.shape}")
    return (images.swapaxes(1, 2) if transpose else images), labels.astype(np.int64)


def read_idx(who: str, file: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    """Return the unsigned bytes of an IDX file with so many dimensions, packed with gzip or not.

    Raises
    ------
    DataError
        When it cannot be read, is foreign, or is shorter or longer than its header says.
    """
    try:
        with open(file, "rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            with gzip.GzipFile(fileobj=plain) if packed else plain as stream:
                header = stream.read(4 + 4 * dimensions)
                shape = _shape(who, file, header, dimensions)
                size = math.prod(shape)
                held = os.fstat(plain.fileno()).st_size
                if not packed and size > held - len(header):
                    raise DataError(_other_size(who, file, shape, held - len(header)))
                _check_size(shape, held, packed)
                # one byte more than promised: the end of the data is the end of the file, and gzip checks its sum there
                data = _take(stream, size + 1)
    except (OSError, EOFError, zlib.error, _SizeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{who}: cannot read {file}: {reason}") from error
    if len(data) != size:
        raise DataError(_other_size(who, file, shape, len(data)))
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)


def _other_size(who: str, file: Path, shape: tuple[int, ...], held: int) -> str:
    """Say that a file has other bytes than its header promises."""
    size = math.prod(shape)
    got = f"got {held}" if held < size else "and more bytes follow"
    return f"{who}: {file} is truncated or foreign: its header promises {size} bytes of data ({_times(shape)}), {got}"


class _SizeError(ValueError):
    """A header that promises what the file cannot hold, or what the memory cannot."""


def _check_size(shape: tuple[int, ...], held: int, packed: bool) -> None:
    """Refuse what a header promises before anything is read or kept of it."""
    size, most = math.prod(shape), held * _DENSEST
    if size > most and packed:
        raise _SizeError(
            f"its header promises {size} bytes of data ({_times(shape)}), and a file of {held} bytes holds at most "
            f"{most}"
        )
    left = memory_left()
    if size * _AS_NUMBERS > left:
        raise _SizeError(
            f"its header promises {size} bytes of data ({_times(shape)}), which take {size * _AS_NUMBERS} as numbers, "
            f"and there are {left} of memory left"
        )


def _shape(who: str, file: Path, header: bytes, dimensions: int) -> tuple[int, ...]:
    """Return the sizes that a header names, or say what the file is."""
    for first, what in _FOREIGN.items():
        if header.startswith(first):
            raise DataError(f"{who}: {file} is no IDX file but {what}; expected an IDX file, plain or gzipped")
    expected = bytes([0, 0, 8, dimensions])
    if header[:4] != expected:
        raise DataError(
            f"{who}: {file} is not an IDX file of {dimensions}-dimensional bytes: expected magic number "
            f"{expected.hex()}, got {header[:4].hex() or 'an empty file'}{_meaning(header[:4], dimensions)}"
        )
    if len(header) < 4 + 4 * dimensions:
        raise DataError(
            f"{who}: {file} is truncated: expected a header of {4 + 4 * dimensions} bytes, got {len(header)} bytes"
        )
    return struct.unpack(f">{dimensions}I", header[4:])


def _meaning(magic: bytes, dimensions: int) -> str:
    """Say what another magic number of an IDX file means."""
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        return ""
    got = magic[3]
    if magic[2] == 8 and {got, dimensions} == {1, 3}:
        one, other = ("images", "labels") if dimensions == 3 else ("labels", "images")
        return f": these are {other} in the place of {one}"
    return f": {_TYPES[magic[2]]} of {got} dimension{'s' if got != 1 else ''}"


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)


def _take(stream: IO[bytes] | gzip.GzipFile, count: int) -> bytes:
    """Read at most `count` bytes; a header that promises more than there is takes no memory for it."""
    kept = io.BytesIO()
    while count > 0:
        part: Any = stream.read(min(count, _CHUNK))
        if not part:
            break
        count -= kept.write(part)
    return kept.getvalue()
