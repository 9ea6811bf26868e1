"""Faults of a config, collected so that all of them can be reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thermozoo.errors import ConfigError

__all__ = ["Faults", "describe"]


def describe(value: Any) -> str:
    """Return a value as it would stand in a TOML file, shortened, with its type."""
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "list", dict: "table"}
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{text} ({kinds.get(type(value), type(value).__name__)})"


class Faults:
    """Collects one line a fault.

    Parameters
    ----------
    source : str
        Name of the file.
    overridden : sequence of str
        Keys, or whole tables, that ``--set`` gave instead of the file.
    """

    def __init__(self, source: str, overridden: Sequence[str] = ()) -> None:
        self.source = source
        self.overridden = tuple(overridden)
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
        if not self._given(path):
            path = next((key for place in also for key in self._given_for(place)), path)
        line = f"{'--set' if self._given(path) else self.source}: {path}: {message}"
        if line not in self.lines:
            self.lines.append(line)

    def _given(self, path: str) -> bool:
        return any(_within(path, key) for key in self.overridden)

    def _given_for(self, place: str) -> list[str]:
        """Return `place` where ``--set`` gave it, or else what it gave inside of it."""
        return [place] if self._given(place) else [key for key in self.overridden if _within(key, place)]

    def found_in(self, *places: str) -> bool:
        """Tell whether there is a fault at any of these keys or tables, in one of them, or around one of them."""
        return any(_within(path, place) or _within(place, path) for path in self._paths for place in places)

    def raise_any(self) -> None:
        """Raise ConfigError when there is a fault."""
        if self.lines:
            raise ConfigError(self.lines)


def _within(path: str, table: str) -> bool:
    """Tell whether a path is that of a key or table, or lies in it."""
    return path == table or path.startswith((f"{table}.", f"{table}["))
