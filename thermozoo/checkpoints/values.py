"""Values as files: arrays, numbers and texts in nested lists, tuples and mappings, and no code.

A file is an archive of NumPy arrays (``.npz``, never pickled) one of which is JSON that says how they nest.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tokenize
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError, shown

__all__ = ["Sealed", "UnkeptError", "file_digest", "read_rows", "read_value", "size_of", "value_digest", "write_value"]

#: Kinds of numbers, and texts, that an array may hold: whatever else it held would be objects.
_KINDS = "biufcUS"

#: The array that holds the JSON.
_TREE = "tree"


class UnkeptError(TypeError):
    """Something that no file can hold; the message says what."""


class Sealed(tuple[str, int]):
    """SHA-256 and size of a file, by which it is known to be whole."""

    __slots__ = ()


def _encoded(value: Any, arrays: list[npt.NDArray[Any]]) -> Any:
    """Return a value as JSON, with its arrays by number."""
    if value is None or (isinstance(value, bool | str | int) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, float) and not isinstance(value, np.generic):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind not in _KINDS:
            raise UnkeptError(f"an array of {value.dtype}")
        arrays.append(np.asarray(value))
        return {"array" if isinstance(value, np.ndarray) else "number": len(arrays) - 1}
    if isinstance(value, bytes):
        arrays.append(np.frombuffer(value, np.uint8))
        return {"bytes": len(arrays) - 1}
    for kind, name in ((list, "list"), (tuple, "tuple"), (set, "set"), (frozenset, "frozenset")):
        if type(value) is kind:
            return {name: [_encoded(one, arrays) for one in value]}
    if isinstance(value, Mapping):
        return {"mapping": [[_encoded(key, arrays), _encoded(one, arrays)] for key, one in value.items()]}
    raise UnkeptError(f"an object of the class {type(value).__name__}")


def _decoded(tree: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    """Return what `_encoded` was given."""
    if not isinstance(tree, dict):
        if tree is None or isinstance(tree, bool | str | int | float):
            return tree
        raise ValueError("a list without a kind")
    ((kind, held),) = tree.items()
    if kind == "float":
        return float(held)
    if kind in ("array", "number", "bytes"):
        array = arrays[f"a{int(held)}"]
        return array if kind == "array" else array[()] if kind == "number" else array.tobytes()
    if kind == "mapping":
        return {_decoded(key, arrays): _decoded(one, arrays) for key, one in held}
    made = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind]
    return made(_decoded(one, arrays) for one in held)


def size_of(value: Any) -> int:
    """Return about how many bytes the file of a value takes.

    Raises
    ------
    UnkeptError
        When no file can hold it.
    """
    arrays: list[npt.NDArray[Any]] = []
    tree = _encoded(value, arrays)
    return len(json.dumps(tree)) + sum(one.nbytes + 400 for one in arrays)


def value_digest(value: Any) -> str:
    """Return the SHA-256 of a value.

    Raises
    ------
    UnkeptError
        When no file can hold it.
    """
    arrays: list[npt.NDArray[Any]] = []
    sha = hashlib.sha256(json.dumps(_encoded(value, arrays)).encode())
    for one in arrays:
        sha.update(f"{one.dtype.str} {one.shape}".encode())
        sha.update(np.ascontiguousarray(one).data)
    return sha.hexdigest()


def write_value(value: Any, path: Path) -> Sealed:
    """Write a value into a new file, down to the disk, and return its seal.

    Raises
    ------
    UnkeptError
        When no file can hold it.
    OSError
        When it cannot be written; then nothing stays of it.
    """
    arrays: list[npt.NDArray[Any]] = []
    tree = json.dumps(_encoded(value, arrays)).encode()
    named: dict[str, Any] = {_TREE: np.frombuffer(tree, np.uint8), **{f"a{k}": one for k, one in enumerate(arrays)}}
    with path.open("xb") as file:
        try:
            np.savez(file, **named)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return file_digest(path)


def file_digest(path: Path) -> Sealed:
    """Return SHA-256 and size of a file.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    with path.open("rb") as file:
        return Sealed((hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size))


def read_value(path: Path) -> Any:
    """Return the value of a file; nothing larger than the file is allocated, and nothing in it is executed.

    Raises
    ------
    DataError
        When it cannot be read, or is not what `write_value` writes.
    """
    return _read(path, None)


def read_rows(path: Path, rows: slice) -> Any:
    """Return the value of a file whose arrays have a row for each trajectory, with some of the rows.

    Parameters
    ----------
    path : Path
        The file.
    rows : slice
        From where to where; nothing else is held in memory.

    Raises
    ------
    DataError
        As `read_value`.
    """
    return _read(path, rows)


def _read(path: Path, rows: slice | None) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            named = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
            arrays = {name: _array(archive, one, None if name == _TREE else rows) for name, one in named.items()}
        return _decoded(json.loads(arrays[_TREE].tobytes()), arrays)
    except (OSError, ValueError, LookupError, TypeError, RecursionError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {shown(path, 200)}: {shown(error, 200)}") from error
    except (RuntimeError, NotImplementedError) as error:  # of an archive that is encrypted, or packed by other means
        raise DataError(f"{shown(path, 200)} is not what a run writes: {shown(error, 200)}") from error


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and data type that an array declares."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        return read(file)
    except (SyntaxError, tokenize.TokenError) as error:  # NumPy reads it as a literal of Python
        raise ValueError(f"the header of an array is none: {error}") from error


def _array(archive: zipfile.ZipFile, about: zipfile.ZipInfo, rows: slice | None) -> npt.NDArray[Any]:
    """Return an array of an archive, or some of its rows, once its declared size is known to be that of its bytes."""
    if about.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{about.filename} is compressed")
    with archive.open(about) as file:
        shape, fortran, dtype = _header(file)
        declared = f"{about.filename} does not hold the {shape} numbers of {dtype} that it declares"
        size = -1
        if rows is not None and shape:
            first, stop, _ = rows.indices(shape[0])
            row = math.prod(shape[1:]) * dtype.itemsize
            if fortran or file.tell() + shape[0] * row != about.file_size:
                raise ValueError(declared)
            file.seek(first * row, os.SEEK_CUR)
            shape, size = (stop - first, *shape[1:]), (stop - first) * row
        count = math.prod(shape)
        content = file.read(size)
    if dtype.kind not in _KINDS or count * dtype.itemsize != len(content):
        raise ValueError(declared)
    # a copy that may be written: what goes on from it changes it in place
    found = np.frombuffer(bytearray(content), dtype=dtype, count=count)
    return found.reshape(shape[::-1]).T if fortran else found.reshape(shape)
