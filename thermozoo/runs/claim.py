"""The claim of a run on its folder: a locked file, so that no two runs write one folder.

The lock is the kernel's, and goes with the process that holds it: what a killed run leaves behind is told from a run
that is under way.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
import sys
import time
from pathlib import Path

import attrs

__all__ = ["CLAIM", "Claim", "HeldError", "holder_of", "take_claim"]

#: The file in a run folder that says that a run will write it.
CLAIM = ".thermozoo-claim"

#: How often, and with what pause, a lock is asked for: somebody may just be looking whether it is held [second].
_TRIES, _PAUSE = 20, 0.01


class HeldError(Exception):
    """Another run has claimed the folder; the message says which one."""


@attrs.define
class Claim:
    """A claim that this process holds.

    Parameters
    ----------
    path : Path
        The claim's file.
    handle : int
        Its open file, which is locked; -1 once the claim is given up.
    """

    path: Path
    handle: int

    def stands(self) -> bool:
        """Whether the file is still there: not removed, nor another one put in its place, with folder or without."""
        return _is(self.path, self.handle)

    def release(self) -> None:
        """Give the folder up; remove the file where it still is this claim's."""
        if self.handle < 0:
            return
        if self.stands():
            with contextlib.suppress(OSError):
                self.path.unlink()
        os.close(self.handle)
        self.handle = -1


def take_claim(folder: Path) -> Claim:
    """Claim a folder, also one that a killed run had claimed.

    Raises
    ------
    HeldError
        When another process has claimed it.
    OSError
        When the folder cannot be written.
    """
    path = folder / CLAIM
    for _ in range(_TRIES):
        handle, made = _opened(path)
        if _lock(handle, made):
            if _is(path, handle):  # its former holder may have removed it between the two
                return _signed(Claim(path, handle), made)
            os.close(handle)
            continue
        text = _text(handle)
        os.close(handle)
        time.sleep(_PAUSE)
    raise HeldError(text)


def _signed(claim: Claim, made: bool) -> Claim:
    """Write into the file who claims; where the disk is full, one that was made for it goes again."""
    text = _about_this_process().encode()
    try:
        os.write(claim.handle, text)
        os.ftruncate(claim.handle, len(text))
    except OSError:
        if made:
            claim.release()
        else:
            os.close(claim.handle)
        raise
    return claim


def holder_of(folder: Path) -> tuple[str, bool] | None:
    """Return who has claimed a folder, and whether that run is still under way; None for a folder without a claim."""
    try:
        handle = os.open(folder / CLAIM, os.O_RDWR)
    except OSError:
        return None
    try:
        text = _text(handle)
        # an empty file is a claim in the making
        return text, not text or not _lock(handle, made=False)
    finally:
        os.close(handle)


def _opened(path: Path) -> tuple[int, bool]:
    """Open the file, made here or not."""
    while True:
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), True
        except FileExistsError:
            with contextlib.suppress(FileNotFoundError):
                return os.open(path, os.O_RDWR), False


def _lock(handle: int, made: bool) -> bool:
    """Lock an open file; where locks are not to be had, whoever made it holds it."""
    if sys.platform == "win32":  # the file itself is the claim, and stays where a run is killed
        return made
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return made
    return True


def _is(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except OSError:
        return False


def _text(handle: int) -> str:
    text = os.pread(handle, 1000, 0) if hasattr(os, "pread") else b""
    return text.decode(errors="replace").strip()


def _about_this_process() -> str:
    now = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    return f"process {os.getpid()} on {platform.node() or 'this machine'}, since {now}\n"
