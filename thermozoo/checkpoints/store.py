"""The folder of checkpoints: the last two of a run, each whole or not there.

A checkpoint is an index, which comes last and names files of work by their digests: what was finished since the one
before, and what is under way. What is finished is written once, and named by all later ones.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import attrs

from thermozoo.checkpoints.values import Sealed, file_digest, read_value, write_value
from thermozoo.errors import DataError, shown

__all__ = ["FOLDER", "Entry", "Store", "read_index"]

#: Where in its run folder a run keeps checkpoints.
FOLDER = ".thermozoo-checkpoint"

#: The version of this layout of files.
_FORMAT = 1

#: How many checkpoints are kept.
_KEPT = 2

_INDEX = re.compile(r"checkpoint-([0-9]{6,12})\.json")
_WORK = re.compile(r"(finished|under-way)-[0-9]{6,12}\.npz")
_NUMBERED = re.compile(r"-([0-9]{6,12})\.(json|npz)$")
_NEW = ".new"

#: Bytes of an index that are read at most.
_LONGEST = 2**28


@attrs.frozen
class Entry:
    """A piece of work that a checkpoint holds.

    Parameters
    ----------
    name : str
        What it is.
    digest : str
        Of what it was asked to do.
    file : str
        In which file its value is.
    done : bool
        Whether it is finished.
    """

    name: str
    digest: str
    file: str
    done: bool


@attrs.define(eq=False)
class Store:
    """The checkpoints of a run.

    Parameters
    ----------
    folder : Path
        Where they lie.

    Attributes
    ----------
    about : dict
        What the checkpoint that was read says of its run.
    entries : dict of str to Entry
        The work that it holds, by place.
    """

    folder: Path
    about: dict[str, Any] = attrs.field(factory=dict)
    entries: dict[str, Entry] = attrs.field(factory=dict)
    _number: int = 0
    _files: dict[str, Sealed] = attrs.field(factory=dict)
    _indices: list[tuple[str, frozenset[str]]] = attrs.field(factory=list)
    _read: tuple[str, dict[str, Any]] = attrs.field(init=False, factory=lambda: ("", {}))

    @classmethod
    def new(cls, folder: Path) -> Store:
        """Return the place of checkpoints that are yet to be written; earlier ones stay until the first is there."""
        with contextlib.suppress(OSError):
            numbers = [int(found[1]) for one in os.listdir(folder) if (found := _NUMBERED.search(one))]
            return cls(folder, number=max(numbers, default=0))
        return cls(folder)

    @classmethod
    def read(cls, folder: Path, note: Callable[[str], None]) -> Store:
        """Return the checkpoints of a folder, as of the last one that is whole.

        Raises
        ------
        DataError
            When none is.
        """
        try:
            names = sorted((one for one in os.listdir(folder) if _INDEX.fullmatch(one)), reverse=True)
        except OSError as error:
            raise DataError(f"cannot read {shown(folder, 200)}: {error.strerror or error}") from error
        reasons = []
        for name in names:
            try:
                about, entries, files = read_index(folder / name)
            except DataError as error:
                reasons.append(str(error))
                continue
            for reason in reasons:
                note(f"{reason}: going on from the checkpoint before it")
            number = cls.new(folder)._number
            return cls(folder, about, entries, number, files, [(name, frozenset(files))])
        raise DataError(
            f"no checkpoint in {shown(folder, 200)} is whole{''.join(f'; {one}' for one in reasons)}: start the run "
            "again, with --force to replace its folder"
        )

    def value(self, place: str) -> Any:
        """Return what a piece of work has left.

        Raises
        ------
        DataError
            When its file is damaged.
        """
        file = self.entries[place].file
        if self._read[0] != file:
            self._read = file, {}
            found = read_value(self.folder / file)
            self._read = file, found if isinstance(found, dict) else {}
        if place not in self._read[1]:
            raise DataError(f"{shown(self.folder / file, 200)} does not hold the work at {place}")
        return self._read[1].pop(place)

    def write(
        self,
        about: dict[str, Any],
        finished: Mapping[str, tuple[str, str, Any]],
        under_way: Mapping[str, tuple[str, str, Any]],
        gone: Collection[str] = (),
    ) -> None:
        """Write a checkpoint; where that fails, the earlier ones stay as they are.

        Parameters
        ----------
        about : dict
            What is to be known of the run.
        finished, under_way : mapping of str to (str, str, object)
            Name, digest and value of pieces of work by place: those finished since the last checkpoint, and those
            under way.
        gone : collection of str
            Places whose work is no longer needed. Of all others it stays, until another takes its place.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        number = self._number + 1
        self._number = number  # whatever becomes of it, its names are taken
        new = finished.keys() | under_way.keys()
        kept = {place: one for place, one in self.entries.items() if place not in gone and place not in new}
        files = {one.file: self._files[one.file] for one in kept.values()}
        made: list[Path] = []
        try:
            self._make()
            for kind, pieces in (("finished", finished), ("under-way", under_way)):
                if pieces:
                    path = self.folder / f"{kind}-{number:06d}.npz"
                    made.append(path)
                    files[path.name] = write_value({place: one[2] for place, one in pieces.items()}, path)
                    for place, (name, digest, _) in pieces.items():
                        kept[place] = Entry(name, digest, path.name, kind == "finished")
            content = {
                "format": _FORMAT,
                "about": about,
                "files": files,
                "entries": {place: attrs.asdict(one) for place, one in kept.items()},
            }
            name = f"checkpoint-{number:06d}.json"
            self._place({"digest": _digest(content), **content}, name)
        except BaseException:
            for path in made:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise
        self.about, self.entries, self._files = about, kept, files
        self._indices.append((name, frozenset(files)))
        self._tidy()

    def _make(self) -> None:
        try:
            self.folder.mkdir()
        except FileExistsError:
            if self.folder.is_symlink() or not self.folder.is_dir():
                raise FileExistsError(errno.EEXIST, f"{self.folder.name} is in the way") from None

    def _place(self, content: Any, name: str) -> None:
        """Write an index beside its name, down to the disk, then give it its name."""
        new = self.folder / _NEW
        try:
            with new.open("w", encoding="utf-8") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.folder / name)
        except BaseException:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        if hasattr(os, "O_DIRECTORY"):
            handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _tidy(self) -> None:
        """Remove all files of checkpoints but those of the last two."""
        self._indices = self._indices[-_KEPT:]
        wanted = {name for name, _ in self._indices}.union(*(files for _, files in self._indices))
        self._remove(lambda name: name not in wanted)

    def remove(self) -> None:
        """Remove all checkpoints, and their folder where nothing else is in it."""
        self._remove(lambda name: True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _remove(self, unwanted: Callable[[str], bool]) -> None:
        with contextlib.suppress(OSError):
            for name in os.listdir(self.folder):
                own = name == _NEW or _INDEX.fullmatch(name) or _WORK.fullmatch(name)
                if own and unwanted(name):
                    with contextlib.suppress(OSError):
                        (self.folder / name).unlink()


def _digest(content: Any) -> str:
    """Return the digest of what an index says."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_index(path: Path) -> tuple[dict[str, Any], dict[str, Entry], dict[str, Sealed]]:
    """Return what an index says of its run, its work and its files, once all of them are known to be whole.

    Raises
    ------
    DataError
        When one of them is not.
    """
    where = shown(path, 200)
    try:
        _check_regular(path, _LONGEST)
        content = json.loads(path.read_text("utf-8"))
        digest = content.pop("digest")
        version = content["format"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"checkpoint {where} is damaged: {shown(error, 200)}") from error
    if version != _FORMAT:
        raise DataError(f"checkpoint {where} has the format {shown(version)}, and this version reads {_FORMAT}")
    try:
        if _digest(content) != digest:
            raise ValueError("its digest differs")
        files = {name: Sealed((str(sha), int(size))) for name, (sha, size) in content["files"].items()}
        entries = {place: Entry(**one) for place, one in content["entries"].items()}
        about = dict(content["about"])
        strange = [one for one in files if not _WORK.fullmatch(one)]
        if strange or not {one.file for one in entries.values()} <= files.keys():
            raise ValueError("it names files that are none of a checkpoint")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"checkpoint {where} is damaged: {shown(error, 200)}") from error
    for name, seal in files.items():
        try:
            _check_regular(path.parent / name, seal[1])
            whole = file_digest(path.parent / name) == seal
        except OSError as error:
            raise DataError(f"checkpoint {where}: {name}: {error.strerror or error}") from error
        if not whole:
            raise DataError(f"checkpoint {where}: {name} is damaged, its size or SHA-256 differs")
    return about, entries, files


def _check_regular(path: Path, longest: int) -> None:
    """Refuse what is no file, or a longer one, before it is opened."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is no plain file")
    if found.st_size > longest:
        raise OSError(errno.EFBIG, "is longer than it was")
