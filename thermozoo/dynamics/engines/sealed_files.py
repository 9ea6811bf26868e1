"""Files behind a seal: what is read back was written whole, for this purpose, where only its user may write.

Machine code of a kernel is run as it is, so a file that is damaged, cut off, of another kernel or of another processor
must not even be looked at. The seal is a digest over the content and over what the content is for. It is no signature:
who may write the folder can write a seal as well, which is why a folder that others may write is not used at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

__all__ = ["read_sealed", "why_not_trusted", "write_sealed", "write_whole"]

#: Begins every file; another layout gets another number.
_MAGIC = b"thermozoo sealed file 1\n"

_DIGEST = hashlib.sha256().digest_size

#: A file above this is none of ours [byte].
_LARGEST = 256 * 2**20


def _seal(purpose: str, content: bytes) -> bytes:
    sha = hashlib.sha256(_MAGIC)
    words = purpose.encode("utf-8", "surrogateescape")
    sha.update(len(words).to_bytes(8, "little"))
    sha.update(words)
    sha.update(content)
    return sha.digest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its name, and rename it into place; where that fails nothing is left behind.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name[:40]}.", suffix=".tmp")
    try:
        with open(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def write_sealed(path: Path, purpose: str, content: bytes) -> None:
    """Write a file that only `read_sealed` with the same purpose reads.

    Parameters
    ----------
    path : Path
        Its name.
    purpose : str
        What the content is for: all that it depends on.
    content : bytes
        What it holds.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    write_whole(path, _MAGIC + _seal(purpose, content) + content)


def read_sealed(path: Path, purpose: str) -> bytes | None:
    """Return the content of a file; None where there is none, or not this one, or not as it was written."""
    try:
        if path.is_symlink() or not path.is_file():  # of a pipe, reading would wait for ever
            return None
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST or _of_somebody_else(about):
                return None
            whole = file.read(_LARGEST)
    except OSError:
        return None
    magic, seal, content = (
        whole[: len(_MAGIC)],
        whole[len(_MAGIC) : len(_MAGIC) + _DIGEST],
        whole[len(_MAGIC) + _DIGEST :],
    )
    return content if magic == _MAGIC and seal == _seal(purpose, content) else None


def _of_somebody_else(about: os.stat_result) -> bool:
    """Whether a file or folder belongs to neither this process's user nor the administrator."""
    return hasattr(os, "geteuid") and about.st_uid not in (0, os.geteuid())


def why_not_trusted(folder: Path) -> str | None:
    """Return why others may have put files into a folder; None where only its user, or the administrator, could.

    A folder that is not there is trusted: whoever makes it owns it. Where users have no numbers (Windows), folders are.

    Parameters
    ----------
    folder : Path
        The folder; the one that holds it is looked at as well, for who may write that may put another in its place.
    """
    if not hasattr(os, "geteuid"):
        return None
    for one in (folder, folder.parent):
        try:
            about = one.stat()
        except OSError:
            continue
        if _of_somebody_else(about):
            return f"{one} belongs to another user (number {about.st_uid})"
        # of a folder such as /tmp, nobody can rename or remove what another user has put there
        if about.st_mode & stat.S_IWOTH and not (one != folder and about.st_mode & stat.S_ISVTX):
            return f"every user may write {one}"
    return None
