"""A file that a command writes: tried before the work, whole or not there, and in nobody's place."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from thermozoo.errors import OutputError, shown

__all__ = ["new_file"]

#: Most characters of a path that a message quotes.
_LONG = 150


@contextlib.contextmanager
def new_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield the path of an empty file beside `path`, which takes its place when the block ends well.

    Parameters
    ----------
    path : Path
        The file to make.
    force : bool
        Whether a file of that name is replaced.

    Raises
    ------
    OutputError
        Before the block, when the file exists and may not be replaced, or cannot be written.
    """
    name = shown(path, _LONG)
    try:
        there = _mode(path)
        if there is not None and not stat.S_ISREG(there):
            raise OutputError(f"{name} is {'a folder' if stat.S_ISDIR(there) else 'no file'}: give the name of a file")
        if there is not None and not force:
            raise OutputError(f"{name} exists: choose another name, or replace it with --force")
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".thermozoo-")
        os.close(handle)
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write {name}: {_reason(error)}") from error
    try:
        yield Path(beside)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(beside, 0o666 & ~umask)  # mkstemp makes files that only their owner can read
        os.replace(beside, path)
    except OSError as error:
        if isinstance(error, OutputError) or error.filename not in (beside, str(path), None):
            raise
        raise OutputError(f"cannot write {name}: {_reason(error)}") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)


def _mode(path: Path) -> int | None:
    """Return the mode of what has a name, None where nothing has it."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        if os.path.islink(path):
            return os.lstat(path).st_mode  # a link to nothing
        return None


def _reason(error: OSError | ValueError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
