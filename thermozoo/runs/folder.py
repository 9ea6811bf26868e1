"""The run folder: claimed before a run, filled when its results are there, and never a loss for anybody."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from thermozoo.checkpoints.store import FOLDER
from thermozoo.computer.datasets import replace_file
from thermozoo.digits import bytes_text
from thermozoo.errors import OutputError
from thermozoo.runs.moves import files_below
from thermozoo.runs.place import Place, TakenError, claim_folder
from thermozoo.runs.regained import Record, claim_stopped

__all__ = ["DEFAULT_FOLDER", "RunFolder", "run_folder", "write_json", "write_text"]

#: The run folder where no name is given.
DEFAULT_FOLDER = Path("thermozoo-run")


class RunFolder:
    """Where the results of a run go.

    Parameters
    ----------
    place : Place
        The folder that was claimed.
    note : callable
        Says a line to the user.
    """

    def __init__(self, place: Place, note: Callable[[str], None]) -> None:
        self._place = place
        self._note = note
        self._written: set[str] = set()
        self._claimed, self._staying = place, False
        self._record = Record(self.checkpoints)

    @property
    def path(self) -> Path:
        """The folder, as the user called it; another one where results could not go there."""
        return self._place.name

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints are."""
        return self._claimed.path / FOLDER

    def begin_record(self, force: bool) -> None:
        """Begin to record what is put into the folder, so that a run that goes on knows it; see `Record`."""
        self._record.begin(force)

    def stay(self) -> None:
        """Let the folder stay when it is given up: a run may go on in it."""
        self._staying = True

    @property
    def filled(self) -> bool:
        """Whether the results are there."""
        return bool(self._written)

    def check(self, write: Callable[[Path], None], needed: int) -> None:
        """Try before a run what will be done after it.

        Parameters
        ----------
        write : callable
            Writes a small file of the kind of the results.
        needed : int
            Bytes that the folder will hold.

        Raises
        ------
        OutputError
            When a file cannot be written, named and removed in the folder, or its disk has too little room.
        """
        place, probe = self._place, ".thermozoo-probe-of-a-file"
        try:
            free = shutil.disk_usage(place.path).free
            (place.path / probe).unlink(missing_ok=True)  # of a run that was killed
            place.add(probe, write)
            (place.path / probe).unlink()
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error
        if free < needed:
            raise OutputError(
                f"cannot write {self.path}: the run will write about {bytes_text(needed)}, but its disk has room for "
                f"{bytes_text(free)}: choose another with --out, or take fewer samples or windows"
            )

    def fill(self, write: Callable[[Path], None]) -> None:
        """Write all results, or none; where that fails, they go to another folder that is free.

        Parameters
        ----------
        write : callable
            Writes the results into the empty folder that it is given.

        Raises
        ------
        OutputError
            When no folder is found that takes them.
        """
        wanted, reason = self._place, ""

        def recorded(folder: Path) -> None:
            write(folder)
            self._record.add((name, folder / name) for name in files_below(folder))

        for place in itertools.chain([wanted], _others(wanted)):
            try:
                self._written = place.fill(recorded if place is wanted else write)
            except OSError as error:
                reason = reason or f"{wanted.name}: {error.strerror or error}"
                if place is not wanted or not self.checkpoints.is_dir():
                    place.leave(filled=False)
                continue
            self._place = place
            if place is not wanted:
                self._note(f"{reason}: the results are in {place.name}")
            return
        raise OutputError(f"cannot write {reason}")

    def add(self, name: str, write: Callable[[Path], None]) -> None:
        """Write one more file, or one of the run's own again.

        Raises
        ------
        OSError
            When it cannot be written, or something is there that is not of this run.
        """

        def recorded(path: Path) -> None:
            write(path)
            if self._place is self._claimed:  # which may be full, where the results had to go elsewhere
                self._record.add([(name, path)])

        if name in self._written:
            replace_file(self._place.path / name, recorded)
        else:
            self._place.add(name, recorded)
            self._written.add(name)

    def leave(self) -> None:
        """Give the folder up."""
        self._place.leave(filled=self.filled or self._staying)
        if self._place is not self._claimed:
            self._claimed.leave(filled=self._staying)


@contextlib.contextmanager
def run_folder(
    target: Path | None,
    force: bool = False,
    note: Callable[[str], None] = lambda text: None,
    *,
    resume: bool = False,
) -> Iterator[RunFolder]:
    """Claim a folder for the time of a block; where the block leaves no results, nothing stays.

    Parameters
    ----------
    target : Path or None
        The folder; None for the first of ``thermozoo-run``, ``thermozoo-run-2``, ... that is free.
    force : bool
        Whether the folder of an earlier run is replaced, once the results are there.
    note : callable, optional
        Says a line to the user.
    resume : bool
        Whether it is the folder of a run that was stopped, which goes on.

    Raises
    ------
    OutputError
        When the folder exists and may not be replaced, or cannot be written. Raised before anything is computed.
    """
    if resume:
        place = claim_stopped(target or DEFAULT_FOLDER)
    elif target is None and not force:
        place = _first_free(DEFAULT_FOLDER)
    else:
        place = claim_folder(target or DEFAULT_FOLDER, force)
    folder = RunFolder(place, note)
    try:
        yield folder
    finally:
        folder.leave()


def _first_free(stem: Path, start: int = 1) -> Place:
    """Claim the first of ``stem``, ``stem-2``, ... that is not there."""
    for k in itertools.count(start):
        with contextlib.suppress(TakenError):
            return claim_folder(stem if k == 1 else stem.with_name(f"{stem.name}-{k}"))
    raise AssertionError  # the numbers do not end


def _others(wanted: Place) -> Iterator[Place]:
    """Claim a folder beside the one that cannot be had, in the current folder, and in that for temporary files."""
    name = wanted.path.name or "thermozoo-run"
    for base in (wanted.name.parent, Path(), Path(tempfile.gettempdir())):
        with contextlib.suppress(OutputError):
            yield _first_free(base / name, start=2)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8."""
    path.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write JSON; what is not finite is refused, because it is no JSON."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
