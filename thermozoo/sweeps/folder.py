"""The folder of a sweep: made for a new one, found again for one that goes on."""

from __future__ import annotations

import itertools
from pathlib import Path

from thermozoo.errors import ConfigError, OutputError, shown
from thermozoo.sweeps.identity import IDENTITY, Identity, read_identity

__all__ = ["DEFAULT_FOLDER", "begin", "go_on", "make"]

#: The folder where no name is given.
DEFAULT_FOLDER = Path("thermozoo-sweep")


def begin(identity: Identity, target: Path | None) -> tuple[Path, Identity]:
    """Return the folder of a sweep, and what is to be done there: a new one, or the same one with further points.

    Nothing is made or written yet.

    Parameters
    ----------
    identity : Identity
        What is asked for.
    target : Path or None
        The folder; None for the first of ``thermozoo-sweep``, ``thermozoo-sweep-2``, ... that is free.

    Raises
    ------
    ConfigError
        When the folder holds another sweep: with every difference.
    OutputError
        When it holds something else.
    """
    if target is None:
        names = (DEFAULT_FOLDER if k == 1 else Path(f"{DEFAULT_FOLDER}-{k}") for k in itertools.count(1))
        target = next(name for name in names if not name.exists())
    if (target / IDENTITY).exists():
        try:
            whole = read_identity(target).extended(identity)
        except ConfigError as error:
            raise ConfigError(
                [
                    *(f"{shown(target, 200)} holds another sweep: {line}" for line in error.faults),
                    "take another folder with --out",
                ]
            ) from None
    else:
        _check_free(target)
        whole = identity
    return target, whole


def make(folder: Path, identity: Identity) -> None:
    """Make the folder, where it is not there, and write into it what the sweep is.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {shown(folder, 200)}: {error.strerror or error}") from error
    identity.write(folder)


def go_on(folder: Path, identity_now: Identity | None = None) -> Identity:
    """Return the sweep that a folder holds, whatever of it has been done.

    Parameters
    ----------
    folder : Path
        The folder of a sweep.
    identity_now : Identity, optional
        The same sweep as this program would begin it: versions and plugin files are compared.

    Raises
    ------
    DataError
        When it holds none.
    ConfigError
        When it was begun by another version, or with other plugin files.
    """
    found = read_identity(folder)
    return found if identity_now is None else found.extended(identity_now)


def _check_free(target: Path) -> None:
    """Refuse a folder with something in it that is no sweep's."""
    name = shown(target, 200)
    if target.is_symlink() and not target.exists():
        raise OutputError(f"{name} is a symbolic link that leads nowhere: remove it, or choose another with --out")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(
            f"{name} exists and is not the folder of a sweep (it has no {IDENTITY}): choose another with --out"
        )
