"""What the keys of a class of figures mean, as it declares them."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import attrs

from thermozoo.keys import Key

__all__ = ["documented", "type_text"]

#: What a value of each type is called.
_NAMES: Mapping[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def documented(cls: type[attrs.AttrsInstance], *, inherited: bool = True) -> Iterator[tuple[str, Any, Key]]:
    """Yield name, type and meaning of the keys that a class declares, those of tables in it after each.

    Parameters
    ----------
    cls : type
        A class of figures.
    inherited : bool
        Whether those that it inherits are among them.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    for field in attrs.fields(cls):
        declared = getattr(hints[field.name], "__metadata__", None)
        if declared is None or (field.inherited and not inherited):
            continue
        kind = hints[field.name].__origin__
        yield field.name, kind, declared[0]
        for inner in filter(attrs.has, (kind, *typing.get_args(kind), *_items(kind))):
            yield from ((f"{field.name}.{name}", *rest) for name, *rest in documented(inner))


def _items(kind: Any) -> Iterator[Any]:
    """Yield the types inside an optional list."""
    for part in typing.get_args(kind):
        yield from typing.get_args(part)


def type_text(kind: Any) -> str:
    """Return what a value of a type is called."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return type_text(parts[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join("`null`" if part is types.NoneType else type_text(part) for part in parts)
    if origin is tuple:
        return "list"
    return _NAMES.get(kind, "text" if origin is Literal else "table")
