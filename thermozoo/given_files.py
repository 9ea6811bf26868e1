"""Files that somebody gives: opened only where they are files, and never read beyond the memory that there is."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from thermozoo.digits import bytes_text
from thermozoo.errors import DataError, shown

__all__ = ["check_held", "memory_left", "open_regular", "read_file", "read_regular"]

#: Bytes that are taken as free where the system does not say.
_UNKNOWN = 2**32

#: Python objects of a text, such as lines and numbers, take up to about as many bytes for each byte of the file.
_OBJECTS = 10

_CHUNK = 2**16


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading that is one: nothing waits for a writer, and no device is read.

    Links are followed.

    Raises
    ------
    OSError
        When there is none, or what is there is a folder, a pipe, a socket or a device.
    """
    where = os.fspath(Path(path).expanduser())
    _check_kind(os.stat(where).st_mode)  # before it is opened: that alone may rewind a tape
    handle = os.open(where, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _check_kind(os.fstat(handle).st_mode)  # what was opened, should it be another by now
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _check_kind(mode: int) -> None:
    for is_one, what in _NO_FILES:
        if is_one(mode):
            raise OSError(None, f"it is {what}, not a file")


_NO_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_regular(path: str | os.PathLike[str], at_most: int | None = None) -> bytes:
    """Return the bytes of a file; see `open_regular`.

    Parameters
    ----------
    path : str or path
        The file.
    at_most : int, optional
        Bytes above which it is taken for something else (default: what there is memory for, as text).

    Raises
    ------
    OSError
        When it cannot be read, or is larger.
    """
    limit = memory_left() // _OBJECTS if at_most is None else at_most
    parts, size = [], 0
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size <= limit:
            while size <= limit and (part := file.read(min(_CHUNK, limit + 1 - size))):
                parts.append(part)
                size += len(part)
            if size <= limit:
                return b"".join(parts)
    reason = "there is memory for" if at_most is None else "are expected"
    raise OSError(None, f"it is larger than the {bytes_text(limit)} that {reason}")


def read_file(
    path: str | os.PathLike[str], what: str = "", expected: str = "a file", at_most: int | None = None
) -> bytes:
    """Return the bytes of a file that somebody gave.

    Parameters
    ----------
    path : str or path
        The file; ``~`` is the user's folder.
    what : str
        What the file is, for messages, such as ``"the table"``.
    expected : str
        What is expected there, for messages.
    at_most : int, optional
        Bytes above which it is taken for something else (default: what there is memory for).

    Raises
    ------
    DataError
        When it cannot be read, is no file (a folder, a pipe, a device), or is larger.
    """
    try:
        return read_regular(path, at_most)
    except (OSError, ValueError, RuntimeError) as error:  # a name that no file can have; ~user of a user that is none
        reason = getattr(error, "strerror", None) or error
        name = f"{what} {shown(path, 200)}".strip()
        raise DataError(f"cannot read {name}: {reason}; expected {expected}") from error


def check_held(size: int, what: str) -> None:
    """Refuse bytes for which there is no memory.

    Raises
    ------
    ValueError
        When `size` bytes are more than `memory_left`.
    """
    left = memory_left()
    if size > left:
        raise ValueError(f"{what} takes {bytes_text(size)} of memory, of which {bytes_text(left)} are left")


def memory_left() -> int:
    """Return about how many bytes this process may still take: of the machine, its control group and its own limit."""
    found = [_of_machine(), _of_group(), _of_process()]
    return min((one for one in found if one is not None), default=_UNKNOWN)


def _of_machine() -> int | None:
    try:
        stated = re.search(rb"^MemAvailable:\s+(\d+) kB$", Path("/proc/meminfo").read_bytes(), re.MULTILINE)
    except OSError:
        return None
    return int(stated[1]) * 1024 if stated else None


def _of_group() -> int | None:
    """What is left of the limit of a control group, as of a container."""
    group = Path("/sys/fs/cgroup")
    try:
        held = re.search(rb"^anon (\d+)$", (group / "memory.stat").read_bytes(), re.MULTILINE)
        return max(0, int((group / "memory.max").read_text()) - int(held[1])) if held else None
    except (OSError, ValueError):  # no such group, or "max": it has no limit
        return None


def _of_process() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return limit
    return max(0, limit - pages * resource.getpagesize())
