"""The journal of a run: which pieces of its work are finished, and how far the one under way is.

All that a run computes follows from its config, so a run that goes on is the same run once more, from its start, in
which pieces that the journal holds are not done again. A piece is known by its place: its turn within its phase; and by
the digest of what it is asked to do, so that a run which goes another way is refused, instead of mixed with the first.

The times of saving decide about time alone. None is saved that costs more than two per cent of the time since the last:
of cheap pieces with large results it is quicker to do them again.
"""

from __future__ import annotations

import _thread
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from thermozoo.checkpoints import stopping
from thermozoo.checkpoints.pieces import CURRENT, Piece, State
from thermozoo.checkpoints.store import Store
from thermozoo.checkpoints.values import UnkeptError, size_of
from thermozoo.errors import CheckpointError

__all__ = ["Journal"]

#: The time between two checkpoints, in multiples of what one takes.
_SPARSE = 60

#: Bytes of what is finished that are held, at most, before they are written whatever the time.
_HELD = 64 * 2**20

#: Bytes a second that are written, before any was.
_SPEED = 1.5e8

#: How long a piece that was asked to stop may go on before it is interrupted wherever it is, and a last checkpoint may
#: take [second].
_PATIENCE, _LAST = 0.3, 0.3


class Journal:
    """The journal of a run; within `open` it is told of pieces; see `thermozoo.checkpoints.pieces`.

    Parameters
    ----------
    store : Store
        Where checkpoints are, and what was read of them.
    about : callable
        Returns what is to be known of the run.
    interval : float
        Least time between checkpoints [second].
    note : callable
        Says a line to the user.
    resume : str
        How to go on, a command.
    beside : callable
        Returns whether work is saved in other files than those of the store.
    """

    def __init__(
        self,
        store: Store,
        about: Callable[[], dict[str, Any]],
        interval: float,
        note: Callable[[str], None],
        resume: str = "",
        beside: Callable[[], bool] = bool,
    ) -> None:
        self._store, self._about, self._interval, self._note, self._resume = store, about, interval, note, resume
        self._beside = beside
        self._earlier = dict(store.entries)
        self._finished: dict[str, tuple[str, str, Any]] = {}
        self._waiting = 0
        self._gone: set[str] = set()
        self._turns: list[tuple[str, int]] = [("", 0)]
        self._open: list[Piece] = []
        self.quiet = 0
        self._stopping: threading.Timer | None = None
        self._speed = _SPEED
        self._failed, self._over = "", False
        self._saved = self._last = time.monotonic()
        self._next = self._last + interval
        self._wrote = False
        self.spent = 0.0
        self.skipped: list[str] = []

    # -- what a run does ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Let work within a block be booked here, and signals ask it to stop first."""
        token = CURRENT.set(self)
        stopping.listen(self)
        try:
            yield
        finally:
            stopping.listen(None)
            self._calm()
            CURRENT.reset(token)

    @contextlib.contextmanager
    def within(self, name: str) -> Iterator[str]:
        """Give the pieces of a block turns of their own; whatever happens in it, those after it keep theirs."""
        before = self._turns[:], self._open[:], self.quiet
        place = self._turn(name)
        self._turns.append((f"{place}/", 0))
        try:
            yield place
        finally:
            turns, self._open, self.quiet = before
            self._turns[:] = [*turns[:-1], (turns[-1][0], turns[-1][1] + 1)]

    def _turn(self, name: str) -> str:
        before, turn = self._turns[-1]
        return f"{before}{turn}-{name}"

    @property
    def holds_work(self) -> bool:
        """Whether anything is saved that was computed."""
        return bool(self._store.entries) or self._beside()

    @property
    def waiting(self) -> int:
        """How many bytes of what was finished are held until the next checkpoint."""
        return self._waiting

    def save_finished(self, hurry: bool = False) -> None:
        """Write what was finished since the last checkpoint; in a hurry only what does not take long."""
        if self._finished and not (hurry and self._waiting / self._speed > _LAST):
            self._write({}, self._waiting, time.monotonic())

    # -- what pieces do -------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def piece(self, name: str, asked: Callable[[], str], size: int, quiet: bool) -> Iterator[Piece]:
        """Begin a piece, or take up one that was saved; while it is quiet, pieces within it are not booked."""
        self._heed()
        if self.quiet:
            yield Piece()
            return
        with self.within(name) as place:
            one = Piece(self, name, place, asked, size, *self._taken_up(name, place, asked))
            if quiet:
                self.quiet += 1
                self._open.append(one)
            yield one

    def _taken_up(self, name: str, place: str, asked: Callable[[], str]) -> tuple[Any, bool]:
        stored = self._earlier.get(place)
        phase = place.rpartition("/")[0]
        if stored is None:
            turn = place.removesuffix(name)
            taken = [p for p in self._earlier if p.startswith(turn) and not p.startswith(f"{place}/")]
            if taken:
                raise _another_way(phase, name, self._earlier[taken[0]].name)
            return None, False
        if stored.digest != asked():
            raise _another_way(phase, name, f"{stored.name} by other numbers")
        return self._store.value(place), stored.done

    def poll(self, one: Piece, state: State) -> None:
        """Save where it is time; see `Piece.poll`."""
        self._heed()
        stops = self._stopping is not None
        if not stops and time.monotonic() < self._next:
            return
        try:
            self._save(one, state, stops)
        finally:
            if stops:
                self._calm()
                self._over = True
        self._heed()

    def _save(self, one: Piece, state: State, stops: bool) -> None:
        """Save a piece under way, and what was finished before it, where that is worth its time."""
        begun = time.monotonic()
        under_way: dict[str, tuple[str, str, Any]] = {}
        size = self._waiting
        try:
            value = state()
            size += size_of(value)
            under_way = {one.place: (one.name, one.asked(), value)}
        except UnkeptError as error:
            self._skip(one, error)
        expected = size / self._speed
        if not under_way and not self._finished:
            self._next = begun + self._interval
        elif (stops and expected <= _LAST) or (not stops and begun - self._last >= _SPARSE * expected):
            self._write(under_way, size, begun)
        elif not stops:
            self._next = self._last + _SPARSE * expected

    def _write(self, under_way: dict[str, tuple[str, str, Any]], size: int, begun: float) -> None:
        try:
            self._store.write(self._about(), self._finished, under_way, self._gone)
        except OSError as error:
            reason = error.strerror or str(error)
            if reason != self._failed:
                self._note(
                    f"cannot write a checkpoint: {reason}; what was saved before stays, and the run goes on and tries "
                    "again: make room"
                )
            self._failed = reason
        else:
            self._failed, self._finished, self._waiting = "", {}, 0
            self._saved, self._wrote = begun, True
        now = time.monotonic()
        cost = now - begun
        self.spent += cost
        self._speed = max(1e5, min(1e9, (size + 1000) / max(cost, 1e-6)))
        self._last, self._next = now, now + max(self._interval, _SPARSE * cost)

    def finish(self, one: Piece, state: State) -> None:
        """Keep the last state of a piece, where to do it again would take longer; see `Piece.finish`."""
        self._heed()
        took = time.monotonic() - one.began
        if took < _SPARSE * one.size / self._speed:
            return
        try:
            value = state()
            size = size_of(value)
        except UnkeptError as error:
            self._skip(one, error)
            return
        if took >= _SPARSE * size / self._speed:
            self._finished[one.place] = one.name, one.asked(), value
            self._waiting += size
            inside = f"{one.place}/"
            self._gone |= {place for place in self._store.entries if place.startswith(inside)}
            for place in [place for place in self._finished if place.startswith(inside)]:
                del self._finished[place]
            if self._waiting > _HELD:
                self._write({}, self._waiting, time.monotonic())

    def _skip(self, one: Piece, error: UnkeptError) -> None:
        self.skipped.append(f"{one.place}: {error}")

    def _heed(self) -> None:
        """Stop again where a library has taken an interruption for its own: what it returned since is not whole."""
        if self._over:
            raise KeyboardInterrupt

    # -- what signals do ------------------------------------------------------------------------------------------

    def stop_soon(self) -> bool:
        """Ask the piece under way to save itself and stop; False where none is, or it was asked before."""
        if self._stopping is not None or not self._open or self._over:
            self._over = True
            return False
        self._stopping = threading.Timer(_PATIENCE, _interrupt)
        self._stopping.daemon = True
        self._stopping.start()
        return True

    def _calm(self) -> None:
        if self._stopping is not None:
            self._stopping.cancel()
            self._stopping = None

    def remark(self) -> str:
        """Return what was saved, and how to go on."""
        ago = time.monotonic() - self._saved
        when = "up to this moment" if ago < 2 else f"up to {ago:,.0f} s ago"
        if not self.holds_work:
            return f": nothing was computed yet that is worth saving; begin it again with {self._resume}"
        if not self._wrote:
            when = "of before"
        return f": the work {when} is saved; go on with {self._resume}"


def _interrupt() -> None:
    """Interrupt the main thread by a signal that it heeds: a shell has its background processes ignore SIGINT."""
    heeded = [one for one in (signal.SIGINT, signal.SIGTERM) if callable(signal.getsignal(one))]
    if heeded:
        _thread.interrupt_main(heeded[0])


def _another_way(turn: str, name: str, stored: str) -> CheckpointError:
    return CheckpointError(
        f"the run goes another way than the one that was stopped: in {turn} it does {name}, and the checkpoint holds "
        f"{stored}; data or a plugin have changed since: start the run again, with --force to replace its folder"
    )
