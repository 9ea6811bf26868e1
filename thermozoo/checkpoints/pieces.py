"""Pieces of the work of a run that may be stopped and gone on with; without a run around them, nothing is booked."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Protocol

import attrs

from thermozoo.errors import DataError, shown

__all__ = ["CURRENT", "Piece", "State", "booked", "kept", "piece", "rounds", "taking_up", "turn"]

#: What returns a value: numbers, texts, arrays, and lists, tuples and mappings of them.
State = Callable[[], Any]


class Booking(Protocol):
    """Where pieces are booked; see `thermozoo.checkpoints.journal.Journal`."""

    quiet: int

    def piece(self, name: str, asked: Callable[[], str], size: int, quiet: bool) -> AbstractContextManager[Piece]:
        """Begin a piece, or take up one that was saved."""

    def within(self, name: str) -> AbstractContextManager[str]:
        """Give the pieces of a block turns of their own."""

    def poll(self, one: Piece, state: State) -> None:
        """Save where it is time."""

    def finish(self, one: Piece, state: State) -> None:
        """Keep the last state."""


@attrs.define(eq=False)
class Piece:
    """A piece of work under way.

    Parameters
    ----------
    journal : Booking or None
        Where it is booked; None: nowhere.
    name, place : str
        What it is, and its turn.
    asked : callable
        Returns the digest of what it is asked to do.
    size : int
        Bytes of its state, about.
    left : object
        Its state where it was saved; None where it begins.
    done : bool
        Whether it was finished then.
    """

    journal: Booking | None = None
    name: str = ""
    place: str = ""
    asked: Callable[[], str] = str
    size: int = 0
    left: Any = None
    done: bool = False
    began: float = attrs.field(init=False, factory=lambda: time.monotonic())

    @property
    def booked(self) -> bool:
        """Whether its state is ever asked for."""
        return self.journal is not None

    def poll(self, state: State) -> None:
        """Save the state where it is time to, or where the run is asked to stop; it is then at a point to go on from.

        Raises
        ------
        KeyboardInterrupt
            When the run is asked to stop.
        """
        if self.journal is not None:
            self.journal.poll(self, state)

    def finish(self, state: State) -> None:
        """Book the piece as finished, with its last state."""
        if self.journal is not None and not self.done:
            self.journal.finish(self, state)


#: The journal of the run that is under way.
CURRENT: ContextVar[Booking | None] = ContextVar("journal", default=None)


def turn(name: str) -> AbstractContextManager[Any]:
    """Give the pieces of a block turns of their own, whatever happens in it."""
    journal = CURRENT.get()
    return contextlib.nullcontext() if journal is None else journal.within(name)


@contextlib.contextmanager
def taking_up(name: str) -> Iterator[None]:
    """Say of a saved state that does not fit what takes it up that it does not.

    Raises
    ------
    DataError
        When it is not what such a piece saves.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"the checkpoint of {name} does not fit: {shown(f'{type(error).__name__}: {error}', 200)}; begin the run "
            "again with --force"
        ) from error


def booked() -> bool:
    """Whether a piece that began now would be booked."""
    journal = CURRENT.get()
    return journal is not None and not journal.quiet


@contextlib.contextmanager
def piece(name: str, asked: Callable[[], str], *, size: int = 0) -> Iterator[Piece]:
    """Begin a piece of work that can be stopped and gone on with; without a run around it, nothing is booked.

    Parameters
    ----------
    name : str
        What it is.
    asked : callable
        Returns a digest of what it is asked to do.
    size : int
        Bytes of its state, about.
    """
    journal = CURRENT.get()
    if journal is None:
        yield Piece()
        return
    with journal.piece(name, asked, size, quiet=True) as one:
        yield one


def rounds(
    name: str,
    count: int,
    take: State,
    put: Callable[[Any], None],
    *,
    asked: Callable[[], str] = str,
    progress: Callable[[int], None] | None = None,
) -> Iterator[int]:
    """Yield 0, 1, ... of as many rounds, from the one before which the work was saved.

    Parameters
    ----------
    name : str
        What is done.
    count : int
        How many rounds.
    take : callable
        Returns all that the rounds have changed, a value, between two of them.
    put : callable
        Puts it back, before the first round.
    asked : callable
        Returns a digest of what is asked for beside the config.
    progress : callable, optional
        Called with how many rounds are left out.
    """
    with piece(name, lambda: f"{count} {asked()}") as one:
        first = 0
        if one.left is not None:
            with taking_up(name):
                first, state = one.left
                if type(first) is not int or not 0 <= first <= count:
                    raise ValueError(f"{shown(first)} of {count} rounds are done")
                put(state)
            if progress is not None:
                progress(first)
        for k in range(first, count):
            yield k
            one.poll(functools.partial(_after, k + 1, take))
        one.finish(functools.partial(_after, count, take))


def _after(done: int, take: State) -> tuple[int, Any]:
    return done, take()


def kept(name: str, compute: State, *, asked: Callable[[], str] = str) -> Any:
    """Return what a function returns, or returned before the run was stopped.

    Parameters
    ----------
    name : str
        What it is.
    compute : callable
        Returns a value: numbers, texts, arrays, and lists, tuples and mappings of them.
    asked : callable
        Returns a digest of what it depends on beside the config.
    """
    journal = CURRENT.get()
    if journal is None:
        return compute()
    with journal.piece(name, asked, 0, quiet=False) as one:
        value = one.left if one.done else compute()
        one.finish(lambda: value)
        return value
