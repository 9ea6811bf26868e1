"""Moving files without ever replacing one, and all of them or none."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["files_below", "move_all", "move_new"]


def move_new(source: Path, target: Path) -> None:
    """Move a file to a name that is free.

    Raises
    ------
    FileExistsError
        When something has the name already.
    """
    try:
        # unlike a rename, it replaces nothing
        os.link(source, target, follow_symlinks=os.link not in os.supports_follow_symlinks)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        source.rename(target)
    else:
        source.unlink()


@contextlib.contextmanager
def move_all() -> Iterator[Moves]:
    """Yield what moves files; all of them go back where the block does not end well."""
    moves = Moves()
    try:
        yield moves
    except BaseException:
        moves.undo()
        raise


class Moves:
    """Files that were moved, and folders that were made for them."""

    def __init__(self) -> None:
        self._done: list[tuple[Path, Path]] = []
        self._made: list[Path] = []

    def move(self, names: Iterable[str], source: Path, target: Path) -> None:
        """Move files from one folder to another; neither may have a name already."""
        for name in names:
            for parent in reversed((target / name).relative_to(target).parents[:-1]):
                folder = target / parent
                if not folder.is_dir():
                    folder.mkdir()
                    self._made.append(folder)
            self._done.append((source / name, target / name))
            try:
                move_new(source / name, target / name)
            except BaseException:
                # an interruption may come before, between or after the two steps of a move
                if os.path.lexists(source / name):
                    self._done.pop()
                    if _same(source / name, target / name):
                        (target / name).unlink()
                raise

    def undo(self) -> None:
        """Move everything back, the last first."""
        for source, target in reversed(self._done):
            with contextlib.suppress(OSError):
                move_new(target, source)
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()


def _same(one: Path, other: Path) -> bool:
    """Whether two names are one file."""
    try:
        return os.path.samestat(one.lstat(), other.lstat())
    except OSError:
        return False


def files_below(folder: Path) -> list[str]:
    """Return the files in a folder and in those inside it, by their paths from there, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())
