"""TOML with limits: what a parser or Python refuses is one sentence, for a file as for the command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from thermozoo.errors import shown

__all__ = ["DEEPEST", "parse", "value_of"]

#: How deep tables and lists may lie in each other: plugins that hold plugins, with much to spare. Everything that walks
#: over the tables may recurse.
DEEPEST = 64

#: As many decimal digits as Python, by default, turns into no integer.
_LONG_INTEGER = re.compile(r"\d(_?\d){4300,}")


_INVALID = "not valid TOML: "

#: Where in a text the parser found something.
_PLACE = r" \(at [^()]*\)$"


class _BeyondLimitsError(ValueError):
    """Valid TOML that nobody means."""


def parse(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises
    ------
    ValueError
        With what is wrong with it.
    """
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise _BeyondLimitsError(_TOO_DEEP) from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{_INVALID}{_in_words(str(error))}") from None
    except ValueError:  # what is left is Python's own limit
        found = _LONG_INTEGER.search(text)
        where = f" (at line {text.count(chr(10), 0, found.start()) + 1})" if found else ""
        digits = f"an integer of {len(found[0].replace('_', '')):,} digits" if found else "a longer one"
        raise _BeyondLimitsError(f"expected an integer below 2^63 in modulus, got {digits}{where}") from None
    if _depth(tables) > DEEPEST:
        raise _BeyondLimitsError(_TOO_DEEP)
    return tables


_TOO_DEEP = f"tables or lists nested too deep; expected at most {DEEPEST} in each other"


def _in_words(reason: str) -> str:
    """Return what the parser says without its own words for a key that is given twice, and short."""
    reason = reason.replace("Cannot overwrite a value", "a key that is given twice")
    reason = re.sub(
        r"\((('[^']*'|\"[^\"]*\"),? ?)+\)",
        lambda found: "[" + ".".join(re.findall(r"['\"]([^'\"]*)['\"]", found[0])) + "]",
        reason,
    )
    place = re.search(_PLACE, reason)
    return shown(reason[: place.start()] if place else reason, 120) + (place[0] if place else "")


def _depth(tables: Any) -> int:
    """Return how deep tables and lists lie in each other, as far as it matters."""
    level, depth = [tables], 0
    while level and depth <= DEEPEST:
        depth += 1
        inner = [v for one in level for v in (one.values() if isinstance(one, Mapping) else one)]
        level = [v for v in inner if isinstance(v, (Mapping, list))]
    return depth


def value_of(text: str) -> Any:
    """Return the value that stands behind the equals sign: one TOML value, or else the text itself as a string.

    Raises
    ------
    ValueError
        When it is nothing, more than a value, or begins as one that it is not.
    """
    text = text.strip()
    if not text:
        raise ValueError('expected a value, got nothing (an empty string is "")')
    try:
        # nothing can follow a value inside an inline table that is not seen: no comment, line or other key
        found = parse(f"value = {{one = {text}}}")
    except _BeyondLimitsError as error:
        raise ValueError(_without_place(error)) from None
    except ValueError:
        reason = _reason(f"value = {text}")
        if reason and text[0] in "\"'[{":
            raise ValueError(f"expected a TOML value, or a string without quotes: {reason}") from None
        if reason and text.isprintable():
            return text
    else:
        if list(found) == ["value"] and list(found["value"]) == ["one"]:
            return found["value"]["one"]
    raise ValueError("expected one value, got more behind it: a comment, a line or a key")


def _reason(text: str) -> str:
    """Return why a text is no TOML, or nothing where it is."""
    try:
        parse(text)
    except ValueError as error:
        return _without_place(error).removeprefix(_INVALID)
    return ""


def _without_place(error: ValueError) -> str:
    """Return what the parser says, without the place: it is not one in what was given."""
    return re.sub(_PLACE, "", str(error))
