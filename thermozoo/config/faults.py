"""Faults of a config, collected so that all of them can be reported at once."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from thermozoo.errors import ConfigError, shown

__all__ = ["Faults", "Origin", "describe", "inside", "twice"]

#: A key that TOML takes without quotation marks.
_BARE = re.compile(r"[A-Za-z0-9_-]+")


_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "list", tuple: "list", dict: "table"}

#: Characters of a value and of a key that a message quotes, and of a message, which may pass on what a plugin says.
_VALUE, _PATH, _MESSAGE = 60, 120, 1000


def inside(table: str, key: str) -> str:
    """Return the path of a key of a table, in quotation marks where TOML needs them: dots would else be tables."""
    path = key if _BARE.fullmatch(key) else f'"{key}"'
    return f"{table}.{path}" if table else path


def describe(value: Any) -> str:
    """Return a value as it would stand in a TOML file, shortened, with its type."""
    text, length = "", 0
    for piece in _toml(value):
        text += piece
        if len(text) > _VALUE:  # the rest is not even written
            length = len(value) if isinstance(value, (str, list, tuple, dict)) else len(text)
            break
    counted = "characters" if isinstance(value, str) else "digits" if isinstance(value, int) else "entries"
    shortened = f"{shown(text[:_VALUE])}... ({length:,} {counted})" if length else shown(text)
    return f"{shortened} ({_KINDS.get(type(value), type(value).__name__)})"


def _toml(value: Any) -> Iterator[str]:
    """Yield the text of a value piece by piece, as TOML spells it."""
    if isinstance(value, str):
        yield f'"{value[: _VALUE + 1]}"'
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, int):
        yield shown(value, sys.maxsize)
    elif isinstance(value, Mapping):
        yield "{"
        for k, (key, one) in enumerate(value.items()):
            yield f"{', ' if k else ''}{key} = "
            yield from _toml(one)
        yield "}"
    elif isinstance(value, (list, tuple)):
        yield "["
        for k, one in enumerate(value):
            yield ", " if k else ""
            yield from _toml(one)
        yield "]"
    else:
        yield str(value)


@attrs.frozen
class Origin:
    """Where the keys of a config come from.

    Parameters
    ----------
    source : str
        Name of the file.
    overridden : sequence of str
        Keys, or whole tables, that ``--set`` gave instead of the file.
    options : mapping of str to str
        Keys that an option of their own gave, such as ``--seed``, and that option.
    """

    source: str
    overridden: Sequence[str] = ()
    options: Mapping[str, str] = attrs.field(factory=dict)

    def given(self, path: str) -> bool:
        """Tell whether ``--set`` gave a key or a table around it."""
        return any(_within(path, key) for key in self.overridden)

    def place(self, path: str, also: Sequence[str] = ()) -> str:
        """Return how a message calls a key: by its file, ``--set`` or its option; see `Faults.add` for `also`."""
        if not self.given(path):
            path = next((key for other in also for key in self._given_for(other)), path)
        option = self.options.get(path)  # its name says which key
        return option or f"{'--set' if self.given(path) else self.source}: {shown(path, _PATH)}"

    def _given_for(self, place: str) -> list[str]:
        """Return `place` where ``--set`` gave it, or else what it gave inside of it."""
        return [place] if self.given(place) else [key for key in self.overridden if _within(key, place)]


class Faults:
    """Collects one line a fault.

    Parameters
    ----------
    origin : Origin
        Where the keys come from.
    """

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.lines: list[str] = []
        self.added = 0
        self._paths: set[str] = set()

    def add(self, path: str, message: str, *, also: Sequence[str] = ()) -> None:
        """Add a fault at a path in the file; the same fault counts once.

        Parameters
        ----------
        path : str
            Where it is.
        message : str
            What was expected and what was given.
        also : sequence of str
            Other keys or tables that it comes from: where ``--set`` gave one of them and not `path`, that is named,
            because the file alone may be sound.
        """
        self.added += 1
        self._paths.add(path)
        line = f"{self.origin.place(path, also)}: {shown(message, _MESSAGE)}"
        if line not in self.lines:
            self.lines.append(line)

    def found_in(self, *places: str) -> bool:
        """Tell whether there is a fault at any of these keys or tables, in one of them, or around one of them."""
        return any(_within(path, place) or _within(place, path) for path in self._paths for place in places)

    def raise_any(self) -> None:
        """Raise ConfigError when there is a fault."""
        if self.lines:
            raise ConfigError(self.lines)


def twice(path: str, names: tuple[object, ...], faults: Faults) -> None:
    """Add a fault for what stands in a list twice."""
    again = next((name for name, times in Counter(names).items() if times > 1), None)
    if again is not None:
        repeated = shown(again) if isinstance(again, int) else f"'{shown(again)}'"
        faults.add(path, f"expected each entry once, got {repeated} more than once")


def _within(path: str, table: str) -> bool:
    """Tell whether a path is that of a key or table, or lies in it."""
    return path == table or path.startswith((f"{table}.", f"{table}["))
