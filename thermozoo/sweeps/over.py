"""What a sweep goes over: keys of a config, and the values of each."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from thermozoo.config.toml import value_of
from thermozoo.errors import ConfigError, shown

__all__ = ["Over", "assignment_text", "exact_text", "points_of", "read_over", "value_text"]

#: What encloses commas that belong to a value.
_OPENING, _CLOSING, _QUOTES = "[{", "]}", "\"'"

#: Points of a sweep, at most: each is a run folder.
_MOST = 100_000


@attrs.frozen
class Over:
    """A key of a config and the values that it takes.

    Parameters
    ----------
    key : str
        The key, as ``--set`` names it: ``dynamics.dt``.
    values : tuple
        Its values, as TOML reads them, each once.
    """

    key: str
    values: tuple[Any, ...]


def value_text(value: Any) -> str:
    """Return a value as a table, a message or ``--set`` shows it: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else exact_text(value)


def exact_text(value: Any) -> str:
    """Return a value as JSON, by which two are told apart: the text "1" and the number 1 are two values."""
    return json.dumps(value, default=str)


def assignment_text(values: Mapping[str, Any]) -> str:
    """Return the values of a point in words: ``dynamics.dt = 0.01, seed = 2``."""
    return ", ".join(f"{key} = {value_text(value)}" for key, value in values.items())


def read_over(texts: Sequence[str], *, together: bool = False) -> tuple[Over, ...]:
    """Return what ``--over`` gave.

    Parameters
    ----------
    texts : sequence of str
        ``table.key=v1,v2,...`` each; commas within brackets or quotation marks belong to a value.
    together : bool
        Whether the values of the keys go together: one may then be there twice.

    Raises
    ------
    ConfigError
        With a line for each that is none, gives a value twice or a key again.

    Examples
    --------
    >>> read_over(["dynamics.dt=0.01,0.02", "data.classes=[0, 1],[2, 3]"])[1].values
    ([0, 1], [2, 3])
    """
    found: dict[str, Over] = {}
    faults = []
    for text in texts:
        key, equals, rest = text.partition("=")
        key = key.strip()
        try:
            if not equals or not key:
                raise ValueError("expected table.key=v1,v2,...")
            if key in found:
                raise ValueError("the key is swept already: give all of its values together")
            values = [value_of(part) for part in _parts(rest)]
            found[key] = Over(key, tuple(values) if together else _distinct(values))
        except ValueError as error:
            faults.append(f"--over {shown(text)}: {error}")
    inside = [(one, other) for one, other in itertools.permutations(found, 2) if other.startswith(f"{one}.")]
    faults += [f"--over {shown(other)}: lies in {shown(one)}, which is swept as well" for one, other in inside]
    if faults:
        raise ConfigError(faults)
    return tuple(found.values())


def points_of(over: Sequence[Over], *, together: bool) -> list[dict[str, Any]]:
    """Return the values of every point, the last key changing fastest.

    Parameters
    ----------
    over : sequence of Over
        Keys and values.
    together : bool
        Whether the first values make a point, the second ones the next, ...; otherwise all combinations do.

    Raises
    ------
    ConfigError
        When keys that go together have not as many values each, or there are too many points.
    """
    keys = [one.key for one in over]
    if together:
        if len({len(one.values) for one in over}) > 1:
            counts = ", ".join(f"{one.key} {len(one.values)}" for one in over)
            raise ConfigError([f"--together: expected as many values of every key, got {counts}"])
        rows = list(zip(*(one.values for one in over), strict=True))
        texts = [exact_text(row) for row in rows]
        again = next((row for row in rows if texts.count(exact_text(row)) > 1), None)
        if again is not None:
            twice = assignment_text(dict(zip(keys, again, strict=True)))
            raise ConfigError([f"--together: expected each point once, got {twice} more than once"])
        return [dict(zip(keys, row, strict=True)) for row in rows]
    count = 1
    for one in over:
        count *= len(one.values)
    if count > _MOST:
        raise ConfigError([f"--over: {count:,} points, and each is a run folder: expected at most {_MOST:,}"])
    return [dict(zip(keys, row, strict=True)) for row in itertools.product(*(one.values for one in over))]


def _parts(text: str) -> Iterator[str]:
    """Yield what stands between commas, other than those in brackets or quotation marks."""
    part, depth, quote = "", 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character == "," and depth <= 0:
            yield part
            part = ""
            continue
        part += character
    yield part


def _distinct(values: list[Any]) -> tuple[Any, ...]:
    """Return values, or raise ValueError for one that stands there twice: true and 1 are two."""
    texts = [exact_text(value) for value in values]
    again = next((text for text in texts if texts.count(text) > 1), None)
    if again is not None:
        raise ValueError(f"expected each value once, got {shown(again)} more than once")
    return tuple(values)
