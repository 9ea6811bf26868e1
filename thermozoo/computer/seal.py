"""A checksum at the end of a file, so that damage is found before a library reads the file.

HDF5 has no checksum over a whole file, and a reader of one with a few wrong bytes may crash or never return. It does
not look at what stands behind the end that a file states, so that is where the checksum goes: other tools read the file
as if it were not there, and write none.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
from pathlib import Path

from thermozoo.errors import DataError
from thermozoo.given_files import open_regular

__all__ = ["add_seal", "check_seal"]

_MARK = b"\nsha256 of all before: "
_LENGTH = len(_MARK) + 64 + 1
_SEAL = re.compile(re.escape(_MARK) + rb"[0-9a-f]{64}\n")

#: Where HDF5's superblock states the end of the file, by its version.
_END_AT = {0: 40, 1: 44, 2: 28, 3: 28}
_CHUNK = 2**20


def add_seal(path: Path) -> None:
    """Append the SHA-256 of a file to it."""
    digest = _sha256(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(_MARK + digest + b"\n")


def check_seal(path: Path) -> bool:
    """Return whether a file has a seal, which no other tool writes.

    Raises
    ------
    OSError
        When it cannot be read, or is no file.
    DataError
        When it is no HDF5 file, or not the bytes that were written.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(64)
        file.seek(max(0, size - _LENGTH))
        tail = file.read()
    sealed = _SEAL.fullmatch(tail) is not None
    if sealed:
        whole = tail[len(_MARK) : -1] == _sha256(path, size - _LENGTH)
    else:
        end = _stated_end(head)
        if end is None:
            raise DataError(f"cannot read {path}: no NetCDF 4 file: it does not begin as one")
        if size < end:
            raise DataError(f"cannot read {path}: it is truncated: {end} bytes were written, and it has {size}")
        whole = size == end  # more than HDF5 knows of: there was a seal
    if not whole:
        raise DataError(f"{path} is damaged: its bytes are not those that were written; take a copy of it")
    return sealed


def _sha256(path: Path, length: int) -> bytes:
    """Return the digest of the first bytes of a file."""
    sha = hashlib.sha256()
    with open_regular(path) as file:
        while length > 0:
            chunk = file.read(min(_CHUNK, length))
            sha.update(chunk)
            length -= len(chunk) or length
    return sha.hexdigest().encode()


def _stated_end(head: bytes) -> int | None:
    """Return where an HDF5 file says that it ends; None for a file that is none."""
    if head[:8] != b"\x89HDF\r\n\x1a\n" or len(head) < 64 or head[8] not in _END_AT:
        return None
    return int(struct.unpack_from("<Q", head, _END_AT[head[8]])[0])
