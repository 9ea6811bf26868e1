"""Errors: one base class; each subclass also inherits the builtin that it refines."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

__all__ = [
    "ArgumentError",
    "BudgetError",
    "CheckpointError",
    "ConfigError",
    "ConstraintError",
    "DataError",
    "DuplicateNameError",
    "EncodingError",
    "EngineError",
    "FormulaError",
    "HookError",
    "LibraryError",
    "NonFiniteError",
    "OutputError",
    "ParameterError",
    "PluginClassError",
    "PluginError",
    "PluginLoadError",
    "ShapeError",
    "ShardError",
    "StabilityError",
    "ThermozooError",
    "TrainingError",
    "UnknownNameError",
    "kind_of_values",
    "nearest",
    "shown",
]


class ThermozooError(Exception):
    """Base class of every error that thermozoo raises on purpose.

    The command line prints its message without a traceback and exits with 2.
    """


class ConfigError(ThermozooError, ValueError):
    """A config with one or more faults, all of them reported.

    Parameters
    ----------
    faults : iterable of str
        One line a fault: file, path in the file, what was expected, what was given.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults: tuple[str, ...] = tuple(faults)
        super().__init__("\n".join(self.faults))


class ArgumentError(ThermozooError, TypeError):
    """An argument of the wrong kind: a class for an instance, a string for a number, a fraction for a count."""


class ParameterError(ThermozooError, ValueError):
    """A parameter outside its declared bounds, or of the wrong type or size."""


class ConstraintError(ParameterError):
    """Parameters that lie within their bounds, each by itself, and break a relation that their plugin states.

    Parameters
    ----------
    message : str
        Every broken relation.
    broken : iterable of (str, tuple of str)
        The message of each broken relation, and the dotted names of the parameters that take part in it.
    """

    def __init__(self, message: str, broken: Iterable[tuple[str, tuple[str, ...]]] = ()) -> None:
        super().__init__(message)
        self.broken = tuple(broken)


class ShapeError(ThermozooError, ValueError):
    """Arrays or groups whose sizes do not match."""


class StabilityError(ThermozooError, ValueError):
    """A time step above the stability bound that the curvature of the energy sets."""


class NonFiniteError(ThermozooError, FloatingPointError):
    """The first non-finite state of a simulation, with where and why."""


class TrainingError(ThermozooError, ArithmeticError):
    """A training that cannot be done or did not converge."""


class BudgetError(ThermozooError, MemoryError):
    """A run that would need more memory than the limit allows."""


class LibraryError(ThermozooError, ImportError):
    """A library that thermozoo needs and that cannot be imported."""


class DataError(ThermozooError, ValueError):
    """A data set that is missing, truncated or not what it claims to be."""


class EncodingError(ThermozooError, ValueError):
    """Encodings that do not fit their groups, images or protocols, every fault of them.

    Parameters
    ----------
    faults : iterable of (str, int or None, str)
        The group of each fault; the place, among its encodings, of the one to blame, where it is one; and what is
        wrong, a sentence that names the group.
    """

    def __init__(self, faults: Iterable[tuple[str, int | None, str]]) -> None:
        self.faults: tuple[tuple[str, int | None, str], ...] = tuple(faults)
        super().__init__("\n".join(message for _, _, message in self.faults))


class CheckpointError(ThermozooError, RuntimeError):
    """A checkpoint that is not of this run: of another version, plugin or config, or of other data."""


class EngineError(ThermozooError, RuntimeError):
    """An engine that cannot be used in this environment."""


class ShardError(ThermozooError, RuntimeError):
    """Work that was cut into shards cannot be done: by its workers, or because they do not agree."""


class OutputError(ThermozooError, OSError):
    """An output folder or file that cannot be written."""


class PluginError(ThermozooError):
    """Something is wrong with a plugin."""


class PluginClassError(PluginError, TypeError):
    """A plugin class that breaks the rules of its kind."""


class FormulaError(PluginError, TypeError):
    """A formula that cannot be turned into a symbolic expression of one unit."""


class PluginLoadError(PluginError, ImportError):
    """A plugin that could not be loaded."""


class HookError(PluginError, TypeError):
    """A hook that is misspelt, missing or returns the wrong thing."""


class DuplicateNameError(PluginError, ValueError):
    """Two plugins of one kind with one name."""


class UnknownNameError(PluginError, LookupError):
    """A name that no installed plugin carries."""


#: Names longer than this resemble none; comparing takes time that grows with the square of the length.
_LONGEST_NAME = 100


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the valid name nearest to `name`, or an empty string."""
    if len(name) > _LONGEST_NAME:
        return ""
    hits = difflib.get_close_matches(name, sorted(valid), n=1, cutoff=0.6)
    return f"; did you mean {hits[0]!r}?" if hits else ""


def kind_of_values(dtype: Any) -> str:
    """Return what the entries of an array of a NumPy data type are, in words where the type's name says little."""
    return {"U": "strings", "S": "bytes", "O": "Python objects", "b": "booleans"}.get(dtype.kind, str(dtype))


def shown(text: object, limit: int = 60) -> str:
    r"""Return what was given as a message may quote it: on one line and not longer than a line.

    Parameters
    ----------
    text : object
        What to quote.
    limit : int
        Characters above which it is cut; how many there were is said.

    Examples
    --------
    >>> shown("two\nlines")
    'two\\nlines'
    >>> shown("x" * 100_000, 12)
    'xxxxxxxxxxxx... (100,000 characters)'
    """
    if isinstance(text, int) and not isinstance(text, bool) and text.bit_length() > _LONGEST_INTEGER:
        # Python itself refuses to write the digits of a longer one
        return f"an integer of about {round(math.log10(abs(text))):,} digits"
    whole = str(text)
    cut = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in whole[:limit])
    return cut if len(whole) <= limit else f"{cut}... ({len(whole):,} characters)"


#: Bits of the longest integer that is written out.
_LONGEST_INTEGER = 4096
