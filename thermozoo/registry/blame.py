"""Whose plugin an error came out of: its kind and name, the method that was called, file and line."""

from __future__ import annotations

import inspect
import linecache
import traceback
from collections.abc import Iterable, Iterator
from types import CodeType

from thermozoo.errors import shown
from thermozoo.registry.sources import Record

__all__ = ["said_of_plugin"]

#: Distributions whose errors are ours to mend.
_OURS = "thermozoo"

#: Characters of an author's own message, and of a line of source, that are passed on.
_LONGEST_MESSAGE, _LONGEST_LINE = 500, 120


def said_of_plugin(error: BaseException, records: Iterable[Record]) -> str | None:
    """Return what plugin raised an error, where and in which of its methods; None where none of these did.

    The place is the innermost line in a file of somebody else's plugin, also where a library that it calls raised.

    Parameters
    ----------
    error : BaseException
        What was raised.
    records : iterable of Record
        The plugins that there are.
    """
    theirs = {
        file: record
        for record in records
        if record.plugin is not None
        and record.source.distribution != _OURS
        and (file := _file_of(record.plugin)) is not None
    }
    frames = [(code, line) for code, line in _frames(error) if code.co_filename in theirs]
    if not frames:
        return None
    code, line = frames[-1]
    in_file = [record for record in records if record.plugin and _file_of(record.plugin) == code.co_filename]
    method, owner = next(
        ((name, record) for outer, _ in frames for record in in_file if (name := _method(record, outer))),
        (code.co_qualname if hasattr(code, "co_qualname") else code.co_name, theirs[code.co_filename]),
    )
    source = linecache.getline(code.co_filename, line).strip()
    said = f"{type(error).__name__}: {error}" if str(error) else f"{type(error).__name__} without a message"
    return (
        f"the {owner.kind} {owner.name!r} raised {shown(said, _LONGEST_MESSAGE)} in {method} ({code.co_filename}, line "
        f"{line}{f': {shown(source, _LONGEST_LINE)!r}' if source else ''}); thermozoo verify {owner.name} says more"
    )


def _frames(error: BaseException) -> Iterator[tuple[CodeType, int]]:
    """Yield the code and line of every frame, of what an error was raised from before its own."""
    before = error.__cause__ or error.__context__
    if before is not None:
        yield from _frames(before)
    for frame, line in traceback.walk_tb(error.__traceback__):
        yield frame.f_code, line


def _file_of(cls: type) -> str | None:
    try:
        return inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return None


def _method(record: Record, code: CodeType) -> str | None:
    """Return a plugin's method by its code, as ``Class.method``."""
    assert record.plugin is not None
    for name, member in vars(record.plugin).items():
        if getattr(getattr(member, "__func__", getattr(member, "fget", member)), "__code__", None) is code:
            return f"{record.plugin.__name__}.{name}"
    return None
