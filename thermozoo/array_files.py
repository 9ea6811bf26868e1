"""Arrays of numbers from NumPy's files: their headers are believed only as far as the file reaches.

`numpy.load` allocates what a header promises before it reads, and reads no more than it promises: a wrong digit in a
shape asks for any memory, or drops part of the data in silence. Here a file holds just the bytes of its array.
"""

from __future__ import annotations

import io
import math
import os
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError, kind_of_values, shown
from thermozoo.given_files import check_held, open_regular

__all__ = ["read_array", "read_arrays"]

Array = npt.NDArray[Any]

#: Numbers: whole, whole from 0, with a point.
_NUMBERS = "iuf"

_CHUNK = 2**20

#: How the header of a version is read, and the bytes of its length.
_VERSIONS: Any = {
    (1, 0): (np.lib.format.read_array_header_1_0, 2),
    (2, 0): (np.lib.format.read_array_header_2_0, 4),
}
_LONGEST_HEADER = 2**16


def read_array(path: str | os.PathLike[str], what: str = "", expected: str = "a .npy array of numbers") -> Array:
    """Return the array of a ``.npy`` file, which holds real numbers and nothing else; no Python object is read.

    Parameters
    ----------
    path : str or path
        The file; ``~`` is the user's folder.
    what : str
        What the file is, for messages, such as ``"the table"``.
    expected : str
        What is expected there, for messages.

    Returns
    -------
    ndarray
        Of the file's data type and shape, of any number of dimensions.

    Raises
    ------
    DataError
        When it cannot be read, is no such file, is shorter or longer than its header says, or would not fit into
        memory.
    """
    try:
        with open_regular(path) as file:
            return _array(file, os.fstat(file.fileno()).st_size)
    except Exception as error:
        raise _fault(path, what, expected, error) from error


def read_arrays(
    path: str | os.PathLike[str], names: Iterable[str], what: str = "", expected: str = "an .npz file of numbers"
) -> Mapping[str, Array]:
    """Return arrays of an ``.npz`` file by name; each as of `read_array`, and no other is looked at.

    Parameters
    ----------
    path : str or path
        The file; ``~`` is the user's folder.
    names : iterable of str
        The arrays.
    what, expected : str
        See `read_array`.

    Raises
    ------
    DataError
        When it cannot be read, is no such file, lacks one of the arrays, or one of them is no array of numbers.
    """
    found: dict[str, Array] = {}
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            for name in names:
                try:
                    found[name] = _member(archive, f"{name}.npy")
                except Exception as error:
                    raise ValueError(f"{name}: {_reason(error)}") from error
    except Exception as error:
        raise _fault(path, what, expected, error) from error
    return found


def _member(archive: zipfile.ZipFile, name: str) -> Array:
    """Return an array of an archive, of which several members of one name, or a password, make none."""
    members = [one for one in archive.infolist() if one.filename == name]
    if len(members) != 1:
        raise ValueError(f"it holds {len(members) or 'no'} such arrays" if members else "there is no such array")
    with archive.open(members[0]) as opened:
        array = _array(opened, members[0].file_size)  # type: ignore[arg-type]  # as far as NumPy and this go
        if opened.read(1):  # the end is also where its checksum is looked at
            raise ValueError("more bytes follow than the archive says")
    return array


def _array(file: BinaryIO, size: int) -> Array:
    """Return the array of an open file of so many bytes.

    Raises
    ------
    ValueError
        And others that NumPy raises of headers that are none.
    """
    shape, fortran, dtype = _header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, and arrays are read with allow_pickle=False")
    if dtype.kind not in _NUMBERS:
        raise ValueError(f"it holds {kind_of_values(dtype)}, and not numbers")
    if any(n < 0 for n in shape):
        raise ValueError(f"its header promises the shape {shown(shape, 40)}")
    promised, held = math.prod(shape) * dtype.itemsize, size - file.tell()
    if promised != held:
        raise ValueError(
            f"its header promises {promised} bytes of data ({shown(shape, 40)} of {dtype}), and the file has {held}"
        )
    check_held(promised + 8 * math.prod(shape), "the array")  # and once more in double precision
    content, at = bytearray(promised), 0
    while at < promised and (part := file.read(min(_CHUNK, promised - at))):
        content[at : at + len(part)] = part
        at += len(part)
    if at < promised:
        raise ValueError(f"it ends after {at} of {promised} bytes of data")
    return np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if fortran else "C")


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and data type: a literal, which NumPy evaluates as such, and a bounded one."""
    version = np.lib.format.read_magic(file)
    if version not in _VERSIONS:
        raise ValueError(f"its format is version {version[0]}.{version[1]}, expected 1.0 or 2.0")
    read, size = _VERSIONS[version]
    stated = file.read(size)
    length = int.from_bytes(stated, "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"its header promises to be {length} bytes long, expected at most {_LONGEST_HEADER}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of data types under former names
        shape, fortran, dtype = read(io.BytesIO(stated + file.read(length)))
    return tuple(int(n) for n in shape), bool(fortran), dtype


def _fault(path: object, what: str, expected: str, error: Exception) -> DataError:
    name = f"{what} {shown(path, 200)}".strip()
    return DataError(f"cannot read {name}: {_reason(error)}; expected {expected}")


def _reason(error: Exception) -> str:
    """Return in one line what NumPy, zipfile or the system says of a file."""
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    if isinstance(error, zlib.error | zipfile.BadZipFile | EOFError):
        return f"damaged: {shown(error, 100)}"
    reason = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0] or type(error).__name__
    return shown(reason, 200)
