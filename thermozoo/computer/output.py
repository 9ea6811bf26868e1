"""Files that HDF5 may always write to: it survives no exception in a write, of a full disk or of an interruption."""

from __future__ import annotations

import contextlib
import io
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["Output", "hdf5_output"]


@contextlib.contextmanager
def hdf5_output(path: Path) -> Iterator[Output]:
    """Yield what HDF5 may write a new file to, and raise at the end of the block what went wrong with it.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    OSError
        When it could not be written, whatever HDF5 made of it.
    """
    with _uninterrupted(), Output(path) as output:
        try:
            yield output
        except Exception:
            output.check()  # of which this is a consequence
            raise
        output.check()


class Output(io.RawIOBase):
    """A file that HDF5 may always write to: where a write of its own fails, as on a disk that is full, it crashes.

    The first failure is remembered, and what HDF5 writes from there on goes to memory, where it may read it again.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._file: Any = path.open("w+b", buffering=0)
        self._failed: Exception | None = None

    def write(self, data: Any) -> int:
        """Write all of it."""
        rest = memoryview(data).cast("B")
        size = rest.nbytes
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._to_memory(error)
            self._file.write(rest)
        return size

    def truncate(self, size: int | None = None) -> int:
        """Cut or lengthen it."""
        try:
            return int(self._file.truncate(size))
        except OSError as error:
            self._to_memory(error)
            return int(self._file.truncate(size))

    def _to_memory(self, error: OSError) -> None:
        self._failed, file, place = error, self._file, self._file.tell()
        self._file = io.BytesIO()
        with contextlib.suppress(OSError, MemoryError), file:  # what cannot be read again is as lost as the rest
            file.seek(0)
            self._file = io.BytesIO(file.read())
        self._file.seek(place)

    def readinto(self, buffer: Any) -> int:
        """Read what was written."""
        try:
            return int(self._file.readinto(buffer))
        except OSError as error:
            self._to_memory(error)
            return int(self._file.readinto(buffer))

    def seek(self, place: int, whence: int = 0) -> int:
        """Go to a place."""
        return int(self._file.seek(place, whence))

    def tell(self) -> int:
        """Return the place."""
        return int(self._file.tell())

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def check(self) -> None:
        """Raise what failed.

        Raises
        ------
        OSError
            When something did.
        """
        if self._failed is not None:
            raise self._failed


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let signals wait for the end of a block whose functions HDF5 calls: an exception in one of them crashes it.

    Python runs handlers between two lines of its own, and in the main thread. One that ends the process at once, or
    none, stays as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    before = {one: handler for one in signal.valid_signals() if callable(handler := signal.getsignal(one))}
    try:
        for one in before:
            signal.signal(one, lambda signum, frame: waiting.append(signum))
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        for received in waiting[:1]:
            signal.raise_signal(received)
