"""The folder of a run that goes on: what of it this run had written already, and what was there before it.

A record among the checkpoints names the digests of all files that the run was about to put into its folder. So a file
of the run is told from one that somebody else put there, wherever the run was killed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from thermozoo.checkpoints.store import FOLDER
from thermozoo.checkpoints.values import file_digest
from thermozoo.computer.datasets import replace_file
from thermozoo.errors import OutputError, shown
from thermozoo.given_files import read_regular
from thermozoo.runs.claim import CLAIM, HeldError, take_claim
from thermozoo.runs.moves import files_below
from thermozoo.runs.place import (
    LARGEST_TEXT,
    MARK,
    WORK,
    Place,
    TakenError,
    clear_work,
    files_of_a_run,
    states_of,
    under_way,
)

__all__ = ["RECORD", "Record", "begins_there", "claim_stopped"]

#: The record, among the checkpoints.
RECORD = "written.json"


class Record:
    """What a run was about to put into its folder.

    Parameters
    ----------
    folder : Path
        Where checkpoints are.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / RECORD
        self.force = False
        self.digests: dict[str, list[str]] = {}
        try:
            content = json.loads(read_regular(self._path, LARGEST_TEXT))
            self.force = content["force"] is True
            self.digests = {str(name): [str(one) for one in known] for name, known in content["files"].items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass  # none, or a damaged one: then nothing is known to be the run's, and nothing is replaced

    def begin(self, force: bool) -> None:
        """Begin a record of a run that has written nothing, and may replace the files of an earlier one, or not."""
        self.force, self.digests = force, {}
        self._write()

    def add(self, names: Iterable[tuple[str, Path]]) -> None:
        """Record files that are about to get their names."""
        if not self._path.parent.is_dir():
            return
        for name, path in names:
            self.digests.setdefault(name, []).append(file_digest(path)[0])
        self._write()

    def _write(self) -> None:
        content: Any = {"force": self.force, "files": self.digests}
        replace_file(self._path, lambda path: path.write_text(json.dumps(content), encoding="utf-8"))

    def holds(self, name: str, path: Path) -> bool:
        """Whether a file is one that the run has written."""
        known = self.digests.get(name, ())
        try:
            return bool(known) and not path.is_symlink() and path.is_file() and file_digest(path)[0] in known
        except OSError:
            return False


def claim_stopped(target: Path) -> Place:
    """Claim the folder of a run that was stopped; results that it had only begun to put there are taken back.

    Raises
    ------
    OutputError
        When there is no such folder, another run has claimed it, or it cannot be written.
    """
    name = shown(target, 200)
    path = target.absolute()
    if not (path / FOLDER).is_dir():
        raise OutputError(_nothing(path, name))
    try:
        claim = take_claim(path)
    except HeldError as error:
        raise TakenError(under_way(name, str(error))) from None
    except OSError as error:
        raise OutputError(f"cannot write {name}: {error.strerror or error}") from error
    record = Record(path / FOLDER)
    own = [one for one in files_below(path) if record.holds(one, path / one)]
    if MARK in own:  # the last one: the results are whole, and what they replaced is not wanted
        shutil.rmtree(path / WORK / "old", ignore_errors=True)
    else:
        for one in own:
            (path / one).unlink()
    clear_work(path)
    replaced = own if MARK in own else files_of_a_run(path) if record.force else []
    return Place(path, target, claim, [], states_of(path, replaced))


def _nothing(path: Path, name: str) -> str:
    """Return why there is nothing to go on with in a folder."""
    if not path.is_dir():
        return f"cannot go on with {name}: there is no such folder"
    if (path / MARK).is_file():
        return f"cannot go on with {name}: its run is complete"
    if set(files_below(path)) <= {CLAIM}:
        return f"cannot go on with {name}: its run was stopped before it had saved its config; give the config again"
    return f"cannot go on with {name}: it holds no checkpoint of a run"


def begins_there(target: Path) -> bool:
    """Whether a run that is asked to go on in a folder has to begin there: nothing is in it, or there is none."""
    path = target.absolute()
    return not os.path.lexists(path) or (path.is_dir() and set(files_below(path)) <= {CLAIM})
