"""A folder that a run has claimed: results are put into it whole, and nothing that no run made is ever replaced."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from thermozoo.checkpoints.store import FOLDER
from thermozoo.errors import OutputError, shown
from thermozoo.given_files import read_regular
from thermozoo.runs.claim import CLAIM, Claim, HeldError, holder_of, take_claim
from thermozoo.runs.moves import files_below, move_all, move_new

__all__ = [
    "FIGURES",
    "LARGEST_TEXT",
    "MARK",
    "PLUGINS",
    "WORK",
    "Place",
    "TakenError",
    "claim_folder",
    "clear_work",
    "figure_file",
    "files_of_a_run",
    "picture_file",
    "states_of",
    "under_way",
]

#: The file that marks a folder as that of a run; it comes last.
MARK = "manifest.json"

#: Bytes above which config, report or manifest of a run are taken for something else.
LARGEST_TEXT = 2**26

#: Where the plugin files of a run are.
PLUGINS = "plugins"

#: The figures of a run, in order, "generation" an animation; couplings are there where hidden units are, codes where
#: these are shown one, a loss where the method has a curve, a comparison where methods are compared.
FIGURES = (
    "prototypes", "outputs", "generation", "generations", "noising", "codes", "couplings", "loss", "heat", "ledger",
    "comparison",
)  # fmt: skip


def figure_file(name: str) -> str:
    """Return where in a run folder a figure is."""
    return f"figures/{name}.{'gif' if name == 'generation' else 'png'}"


def picture_file(name: str) -> str:
    """Return where in a run folder a picture of a task is."""
    return f"figures/{name}.png"


#: What a run writes: nothing else is replaced, whatever folder it is in.
_OF_A_RUN = re.compile(
    r"config\.toml|manifest\.json|report\.json|report\.html|samples\.nc|computer(-window-\d+)?\.nc|plugins/[^/]+\.py|"
    + "|".join(re.escape(figure_file(name)) for name in FIGURES)
)

#: Where files are until they have their names: in the folder itself, so that they are on its disk.
WORK = ".thermozoo-work"

#: A file's inode, time of last change and size: by them, what was changed meanwhile is told from what was not.
_State = tuple[int, int, int]


class TakenError(OutputError):
    """A folder that is there already."""


@attrs.define(eq=False)
class Place:
    """A claimed folder.

    Parameters
    ----------
    path : Path
        The folder, absolute.
    name : Path
        The folder as messages call it.
    claim : Claim
        What keeps other runs out.
    made : list of Path
        Folders that were made for the claim, the innermost first; they go with a run that leaves nothing.
    earlier : dict of str to tuple
        Files of an earlier run that are to be replaced.
    """

    path: Path
    name: Path
    claim: Claim
    made: list[Path]
    earlier: dict[str, _State]

    def fill(self, write: Callable[[Path], None]) -> set[str]:
        """Let files be written and put all of them into the folder, or none; return their names.

        Those of an earlier run go when the new ones are whole; files that no run makes stay.

        Parameters
        ----------
        write : callable
            Writes the files into the empty folder that it is given.

        Raises
        ------
        OSError
            When they cannot be written, something that is not the run's is in their way, or the folder is gone.
        """
        if not self.claim.stands():
            raise FileNotFoundError(errno.ENOENT, "was removed or replaced while the run was on")
        new, old = self.path / WORK / "new", self.path / WORK / "old"
        try:
            new.mkdir(parents=True)
            old.mkdir()
            write(new)
            names = sorted(files_below(new), key=lambda name: name == MARK)
            with move_all() as moves:
                moves.move([n for n, state in self.earlier.items() if _state(self.path / n) == state], self.path, old)
                moves.move(names, new, self.path)
            shutil.rmtree(old, ignore_errors=True)
            for emptied in ("figures", PLUGINS):
                with contextlib.suppress(OSError):
                    (self.path / emptied).rmdir()
        except FileExistsError as error:
            raise _in_the_way(error) from error
        finally:
            clear_work(self.path)
        return set(names)

    def add(self, name: str, write: Callable[[Path], None]) -> None:
        """Write one more file beside its name, and give it its name where that is free.

        Raises
        ------
        OSError
            When it cannot be written, or something is there.
        """
        path, work = self.path / name, self.path / WORK
        if not self.claim.stands():
            raise FileNotFoundError(errno.ENOENT, "was removed or replaced while the run was on")
        try:
            work.mkdir(exist_ok=True)
            write(work / path.name)
            path.parent.mkdir(exist_ok=True)
            move_new(work / path.name, path)
        except FileExistsError as error:
            raise _in_the_way(error) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def leave(self, *, filled: bool) -> None:
        """Give the folder up: with what is in it, or as if the run had never been."""
        if filled or not self.claim.stands():
            self.claim.release()
            return
        clear_work(self.path)
        self.claim.release()
        for folder in self.made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def claim_folder(target: Path, force: bool = False) -> Place:
    """Claim a folder for a run: a new one, or with `force` that of an earlier run.

    Raises
    ------
    OutputError
        When it exists and may not be replaced, another run has claimed it, or it cannot be made.
    """
    name = shown(target, 200)
    made: list[Path] = []
    claim = None
    try:
        path = target.absolute()  # what a plugin does to the current folder does not move it
        for parent in reversed(path.parents):
            if not parent.is_dir() and _make(parent):
                made.insert(0, parent)
        try:
            path.mkdir()
            made.insert(0, path)
        except FileExistsError:
            _check_replaceable(path, name, force)
        claim = take_claim(path)
    except BaseException as error:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, HeldError):
            raise TakenError(under_way(name, str(error))) from None
        if isinstance(error, OSError | ValueError) and not isinstance(error, OutputError):  # ValueError: a null byte
            text = getattr(error, "strerror", None) or str(error)
            raise OutputError(f"cannot write {name}: {text} ({shown(target.parent, 200)})") from error
        raise
    clear_work(path)
    return Place(path, target, claim, made, states_of(path, files_of_a_run(path)))


def files_of_a_run(path: Path) -> list[str]:
    """Return the files in a folder that are called as those of a run."""
    pictures = _pictures_of(path)
    return [name for name in files_below(path) if _OF_A_RUN.fullmatch(name) or name in pictures]


def states_of(path: Path, names: Iterable[str]) -> dict[str, _State]:
    """Return by what files in a folder are told from others of their names that come later."""
    found = {name: _state(path / name) for name in names}
    return {name: state for name, state in found.items() if state is not None}


def _pictures_of(path: Path) -> set[str]:
    """Return the files of the pictures that the run in a folder drew, as its manifest names them."""
    try:
        named = json.loads(read_regular(path / MARK, LARGEST_TEXT))["pictures"]
        return {picture_file(name) for name in named if Path(name).name == name}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):  # of a run that draws others, or none of ours
        return set()


def _check_replaceable(path: Path, name: str, force: bool) -> None:
    """Refuse what stands at a name, unless it is a folder that `force` replaces."""
    if path.is_symlink() and not path.exists():
        raise TakenError(f"{name} is a symbolic link that leads nowhere: remove it, or choose another with --out")
    holder = holder_of(path)
    if holder is not None and holder[1]:
        raise TakenError(under_way(name, holder[0]))
    stopped = (path / FOLDER).is_dir()
    if not force:
        if stopped:
            raise TakenError(
                f"output folder {name} holds a run that was stopped before its end: go on with it by thermozoo run "
                f"--resume {name}, choose another with --out, or replace it with --force"
            )
        if holder is not None:
            raise TakenError(
                f"output folder {name} was claimed by a run that was stopped before its end ({holder[0]}): replace it "
                "with --force, or choose another with --out"
            )
        raise TakenError(f"output folder {name} exists: choose another with --out, or replace it with --force")
    ours = holder is not None or stopped or (path / MARK).is_file()
    if not path.is_dir() or (not ours and any(path.iterdir())):
        raise TakenError(f"{name} is not the folder of a run (it has no {MARK}): --force does not replace it")


def under_way(name: str, holder: str) -> str:
    """Return what is said of a folder that another run has claimed."""
    return (
        f"output folder {name}: a run is writing it ({holder or 'just started'}): choose another with --out; if there "
        f"is no such run, remove {CLAIM} in the folder"
    )


def _make(parent: Path) -> bool:
    """Make a folder on the way; return whether it was not there."""
    try:
        parent.mkdir()
    except FileExistsError:
        if parent.is_dir():  # another run made it just now
            return False
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
    return True


def _in_the_way(error: FileExistsError) -> FileExistsError:
    name = Path(error.filename2 or error.filename).name
    return FileExistsError(errno.EEXIST, f"{name} was put there, or changed, while the run was on")


def _state(path: Path) -> _State | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def clear_work(path: Path) -> None:
    """Remove what is not wanted of a folder for files on their way; old files that a killed run set aside go back."""
    work = path / WORK
    shutil.rmtree(work / "new", ignore_errors=True)
    old = work / "old"
    if old.is_dir():
        for name in files_below(old):
            with contextlib.suppress(OSError):
                (path / name).parent.mkdir(exist_ok=True)
                move_new(old / name, path / name)
        for folder in (*(p for p in old.iterdir() if p.is_dir()), old):
            with contextlib.suppress(OSError):
                folder.rmdir()
    with contextlib.suppress(OSError):
        work.rmdir()
