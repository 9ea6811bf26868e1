"""A checksum at the end of a file, so that damage is found before a library reads the file.

HDF5 has no checksum over a whole file, and a reader of one with a few wrong bytes may crash or never return. It does
not look at what stands behind the end that a file states, so that is where the checksum goes: other tools read the file
as if it were not there, and write none.
"""

from __future__ import annotations

import hashlib
import re
import struct
from pathlib import Path

from thermozoo.errors import DataError

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


def check_seal(path: Path) -> None:
    """Raise DataError when a file is not what was sealed; a file that was written without a seal is none of that."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(64)
        file.seek(max(0, size - _LENGTH))
        tail = file.read()
    if _SEAL.fullmatch(tail):
        whole = tail[len(_MARK) : -1] == _sha256(path, size - _LENGTH)
    else:
        whole = size <= _stated_end(head, size)  # more than HDF5 knows of: there was a seal
    if not whole:
        raise DataError(f"{path} is damaged: its bytes are not those that were written; take a copy of it")


def _sha256(path: Path, length: int) -> bytes:
    """Return the digest of the first bytes of a file."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while length > 0:
            chunk = file.read(min(_CHUNK, length))
            sha.update(chunk)
            length -= len(chunk) or length
    return sha.hexdigest().encode()


def _stated_end(head: bytes, size: int) -> int:
    """Return where an HDF5 file says that it ends; the size of a file that is none."""
    if head[:8] != b"\x89HDF\r\n\x1a\n" or len(head) < 64 or head[8] not in _END_AT:
        return size
    return int(struct.unpack_from("<Q", head, _END_AT[head[8]])[0])
