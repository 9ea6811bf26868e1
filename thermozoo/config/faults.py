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
        Keys that ``--set`` gave instead of the file.
    """

    def __init__(self, source: str, overridden: Sequence[str] = ()) -> None:
        self.source = source
        self.overridden = tuple(overridden)
        self.lines: list[str] = []
        self.added = 0

    def add(self, path: str, message: str) -> None:
        """Add a fault at a path in the file; the same fault counts once."""
        self.added += 1
        ours = any(path == key or path.startswith((f"{key}.", f"{key}[")) for key in self.overridden)
        line = f"{'--set' if ours else self.source}: {path}: {message}"
        if line not in self.lines:
            self.lines.append(line)

    def raise_any(self) -> None:
        """Raise ConfigError when there is a fault."""
        if self.lines:
            raise ConfigError(self.lines)
