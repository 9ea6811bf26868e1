"""What plugins come from, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from thermozoo.interfaces import Plugin

__all__ = ["Record", "Source"]


@attrs.frozen
class Source:
    """Where plugins come from: an entry point of an installed distribution, or a single file.

    Parameters
    ----------
    distribution : str
        Name of the distribution, or the file's name.
    version : str
        Version of the distribution, empty for a file.
    entry_point : str
        Name of the entry point, empty for a file.
    target : str
        ``module`` or ``module:object`` of the entry point, or the path of the file.
    load : callable
        Imports and returns the object.
    content : bytes or None
        What a single file held when it was read to be loaded; the file may be edited afterwards.
    """

    distribution: str
    version: str
    entry_point: str
    target: str
    load: Callable[[], Any] = attrs.field(repr=False, eq=False)
    content: bytes | None = attrs.field(default=None, repr=False)

    @property
    def title(self) -> str:
        """Distribution and version in one phrase."""
        return f"{self.distribution} {self.version}".strip()


@attrs.frozen
class Record:
    """One line of the load report: a plugin, or a source that failed.

    Parameters
    ----------
    name : str
        Name of the plugin, or of the entry point or file that failed.
    kind : str or None
        Kind of the plugin, None where a whole source failed.
    source : Source
        Where it came from.
    plugin : type or None
        The class; None when it failed.
    error : str or None
        One line: what went wrong.
    details : str or None
        The traceback.
    """

    name: str
    kind: str | None
    source: Source
    plugin: type[Plugin] | None = None
    error: str | None = None
    details: str | None = None

    @property
    def status(self) -> str:
        """``"ok"`` or ``"failed"``."""
        return "ok" if self.error is None else "failed"
