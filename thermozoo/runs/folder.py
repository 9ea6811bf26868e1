"""The run folder: written beside its name and renamed into place, so that it is whole or not there."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thermozoo.errors import OutputError, ThermozooError

__all__ = ["DEFAULT_FOLDER", "free_name", "run_folder", "write_json", "write_text"]

#: The file that marks a folder as a run folder; only such folders are ever replaced.
MARK = "manifest.json"

#: The run folder where no name is given.
DEFAULT_FOLDER = "thermozoo-run"


def free_name(stem: str = DEFAULT_FOLDER) -> Path:
    """Return the first of ``stem``, ``stem-2``, ... that does not exist in the current folder."""
    path, k = Path(stem), 1
    while path.exists():
        k += 1
        path = Path(f"{stem}-{k}")
    return path


@contextlib.contextmanager
def run_folder(target: Path, force: bool = False) -> Iterator[Path]:
    """Yield a new empty folder that becomes `target` when the block ends well and vanishes when it does not.

    Parameters
    ----------
    target : Path
        The folder to make.
    force : bool
        Whether a run folder of that name is replaced.

    Raises
    ------
    OutputError
        When `target` exists and may not be replaced, or its parent cannot be written. Raised before anything is
        computed.
    """
    if target.exists():
        if not force:
            raise OutputError(f"output folder {target} exists: choose another with --out, or replace it with --force")
        if not target.is_dir() or (any(target.iterdir()) and not (target / MARK).is_file()):
            raise OutputError(f"{target} is not the folder of a run (it has no {MARK}): --force does not replace it")
    made = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        _remove_empty(made)
        raise OutputError(f"cannot write {target}: {error.strerror or error} ({target.parent})") from error
    try:
        umask = os.umask(0)
        os.umask(umask)
        staging.chmod(0o777 & ~umask)  # mkdtemp makes folders that only their owner can enter
        yield staging
        if target.exists():
            old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
            target.rename(old / target.name)
            staging.rename(target)
            shutil.rmtree(old)
        else:
            staging.rename(target)
    except OSError as error:
        if isinstance(error, ThermozooError) or not _concerns(error, target.parent):
            raise  # the computation's own affair
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        _remove_empty(made)


def _concerns(error: OSError, parent: Path) -> bool:
    """Whether an error is about a file below `parent`, or about the space to write one."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return True
    return error.filename is not None and Path(error.filename).resolve().is_relative_to(parent.resolve())


def _remove_empty(folders: list[Path]) -> None:
    """Remove those of the folders that are empty, the innermost first: what a failed run made on its way."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8."""
    path.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write JSON; what is not finite is refused, because it is no JSON."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
