"""Structuring single values with cattrs, strictly: a string is not a number, a float not an integer."""

from __future__ import annotations

import functools
import math
import operator
import types
import typing
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import cattrs

from thermozoo.config.faults import Faults, describe
from thermozoo.config.settings import Setting
from thermozoo.errors import nearest, shown

__all__ = ["INTEGERS", "known_groups", "no_group", "structure", "structure_type", "too_large", "type_name"]

_NAMES = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}


def type_name(kind: Any) -> str:
    """Return what a type is called in a message."""
    if kind in _NAMES:
        return _NAMES[kind]
    origin = typing.get_origin(kind)
    if origin in (tuple, list):
        inner = {int: "integers", float: "numbers", str: "strings", bool: "booleans"}.get(
            typing.get_args(kind)[0], "values"
        )
        return f"a list of {inner}"
    if origin is typing.Literal:
        return " or ".join(f"'{choice}'" for choice in typing.get_args(kind))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_name(k) for k in typing.get_args(kind) if k is not type(None))
    return getattr(kind, "__name__", str(kind))


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)

    def strict(accepted: tuple[type, ...], target: type) -> Any:
        def hook(value: Any, _: Any) -> Any:
            if type(value) not in accepted:
                raise TypeError(f"expected {_NAMES[target]}")
            return target(value)

        return hook

    converter.register_structure_hook(int, strict((int,), int))
    converter.register_structure_hook(float, strict((int, float), float))
    converter.register_structure_hook(str, strict((str,), str))
    converter.register_structure_hook(bool, strict((bool,), bool))
    return converter


#: What is said of an integer that does not fit: TOML's have 64 bits, and so have those of the libraries behind.
INTEGERS = "expected an integer below 2^63 in modulus"


def too_large(value: Any) -> bool:
    """Tell whether a value is, or holds, an integer of more than 64 bits."""
    if isinstance(value, Mapping):
        return any(map(too_large, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(too_large, value))
    return type(value) is int and not -(2**63) <= value < 2**63


def _meant(kind: Any, value: Any) -> Any:
    """Return which type of a union is meant: that of lists by a list, the other by a single value."""
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return kind
    is_list = isinstance(value, (list, tuple))
    alike = [k for k in typing.get_args(kind) if (typing.get_origin(k) in (list, tuple)) == is_list]
    return alike[0] if len(alike) == 1 else kind


def structure_type(kind: Any, value: Any, path: str, faults: Faults) -> Any:
    """Return `value` structured to a type, or None after adding a fault."""
    origin = typing.get_origin(kind)
    if too_large(value):
        faults.add(path, f"{INTEGERS}, got {describe(value)}")
        return None
    if kind is Any:
        return value
    if (origin in (tuple, list) or kind in (tuple, list)) and not isinstance(value, (list, tuple)):
        faults.add(path, f"expected {type_name(kind)}, got {describe(value)}")
        return None
    try:
        return _converter().structure(value, _meant(kind, value))
    except Exception:  # cattrs passes on whatever a hook raises
        faults.add(path, f"expected {type_name(kind)}, got {describe(value)}")
        return None


def structure(setting: Setting, value: Any, path: str, faults: Faults) -> Any:
    """Return the value of a declared key, or None after adding a fault."""
    result = structure_type(setting.type, value, path, faults)
    if result is None:
        return None
    if isinstance(result, float) and not math.isfinite(result):
        faults.add(path, f"expected a finite number, got {describe(value)}")
        return None
    for bound, holds, words in (
        (setting.above, operator.gt, "above"),
        (setting.at_least, operator.ge, "of at least"),
        (setting.below, operator.lt, "below"),
        (setting.at_most, operator.le, "of at most"),
    ):
        if bound is not None and not holds(result, bound):
            faults.add(path, f"expected a value {words} {bound:g}, got {describe(value)}")
            return None
    if setting.choices:
        for item in result if isinstance(result, tuple) else (result,):
            if item not in setting.choices:
                listed = ", ".join(setting.choices)
                faults.add(path, f"expected one of {listed}, got {describe(item)}{nearest(item, setting.choices)}")
                return None
    return result


def no_group(group: str, groups: Collection[str]) -> str:
    """Return what is said of a group that the computer does not have."""
    return f"no group is called '{shown(group)}'{nearest(group, groups)}; groups: {', '.join(groups)}"


def known_groups(names: Iterable[Any], groups: Collection[str], path: str, faults: Faults) -> None:
    """Add a fault for each entry of a list that is a name and no group; nothing where groups are not known."""
    for k, group in enumerate(names):
        if groups and isinstance(group, str) and group not in groups:
            faults.add(f"{path}[{k}]", no_group(group, groups))
