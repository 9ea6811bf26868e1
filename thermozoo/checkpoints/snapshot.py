"""What objects under way hold: taken out as a value, and put back into ones that were made anew.

An observer keeps sums, lists and counters, which change, beside a computer or functions, which do not. What can change
is found by its kind: arrays, numbers, texts and containers of them, random generators, and the attributes of objects of
ordinary classes. An object itself, a class or a function has to stay the very one that it was in the beginning. An
object with methods ``checkpoint()``, which returns a value, and ``restore(value)`` is left to these.
"""

from __future__ import annotations

import sys
import types
import zlib
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Any

import numpy as np

from thermozoo.checkpoints.values import UnkeptError

__all__ = ["Snapshots"]

#: What is a value by itself.
_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic)

#: What has no state of its own.
_STATELESS = (types.BuiltinFunctionType, types.ModuleType, type, np.ufunc, types.MappingProxyType, range, slice)

#: The flag of classes that are no builtins.
_HEAP = 1 << 9

#: What stays as it is, or holds what stays.
_CONSTANT: dict[str, None] = {"constant": None}

#: Where an object stands: the number of the one that it was reached from, then names and places.
_Path = tuple[Any, ...]


class Snapshots:
    """Takes the state out of objects, and puts it back.

    Parameters
    ----------
    *objects : object
        The objects, as they are before the work begins.
    """

    def __init__(self, *objects: Any) -> None:
        self._objects = objects
        self._first: dict[_Path, Any] = {}
        self._begun = False
        self._reason = ""
        try:
            self._all()
        except UnkeptError as error:
            self._reason = str(error)
        self._begun = True

    def take(self) -> list[Any]:
        """Return what the objects hold, as a value that shares nothing with them.

        Raises
        ------
        UnkeptError
            When one of them holds what no file can, or another object than in the beginning.
        """
        if self._reason:
            raise UnkeptError(self._reason)
        return self._all()

    def put(self, values: list[Any]) -> None:
        """Put back what `take` returned of objects that were made alike."""
        for one, value in zip(self._objects, values, strict=True):
            _put(one, value)

    def _all(self) -> list[Any]:
        seen: set[int] = set()
        return [self._taken(one, (k,), seen) for k, one in enumerate(self._objects)]

    def _stays(self, what: Any, path: _Path) -> None:
        """Look whether something is what it was in the beginning."""
        if not self._begun:
            self._first[path] = what
        elif path not in self._first or (self._first[path] is not what and self._first[path] != what):
            name = type(self._objects[path[0]]).__name__
            raise UnkeptError(f"{name} with another {'.'.join(map(str, path[1:]))} than in the beginning")

    def _taken(self, one: Any, path: _Path, seen: set[int]) -> dict[str, Any]:
        """Return an object as a value that says of which kind it is."""
        if isinstance(one, _PLAIN):
            return {"value": one}
        if isinstance(one, np.ndarray):
            return {"value": one.copy()}
        if isinstance(one, list | tuple):
            name = "list" if isinstance(one, list) else "tuple"
            return {name: [self._taken(held, (*path, k), seen) for k, held in enumerate(one)]}
        if isinstance(one, set | frozenset) and all(isinstance(held, _PLAIN) for held in one):
            return {"set": set(one)}
        if type(one) is dict:
            if not all(isinstance(key, _PLAIN) for key in one):
                raise UnkeptError("a dict whose keys are objects")
            return {"dict": [(key, self._taken(held, (*path, key), seen)) for key, held in one.items()]}
        self._stays(id(one), path)
        if id(one) in seen or isinstance(one, _STATELESS):
            return _CONSTANT
        seen.add(id(one))
        if isinstance(one, np.random.Generator):
            return {"random": one.bit_generator.state}
        if callable(getattr(one, "checkpoint", None)) and callable(getattr(one, "restore", None)):
            return {"own": one.checkpoint()}
        if isinstance(one, types.MethodType):
            return _holding("method", [self._taken(one.__self__, (*path, "self"), seen)])
        if isinstance(one, types.FunctionType):
            reached = enumerate(_reached(one))
            return _holding("function", [self._reached(held, (*path, k), seen) for k, held in reached])
        return self._attributes(one, path, seen)

    def _reached(self, one: Any, path: _Path, seen: set[int]) -> dict[str, Any]:
        """Return what a function, or a frozen object, holds: numbers, texts and arrays in it have to stay."""
        if isinstance(one, _PLAIN):
            self._stays(one, path)
            return _CONSTANT
        if isinstance(one, np.ndarray):
            self._stays(zlib.crc32(np.ascontiguousarray(one).data), path)
            return _CONSTANT
        return self._taken(one, path, seen)

    def _attributes(self, one: Any, path: _Path, seen: set[int]) -> dict[str, Any]:
        """Return what the attributes of an object hold; of a frozen one, what can change inside of them."""
        cls = type(one)
        if _value_of_core(one):
            return _CONSTANT
        if not _of_python(cls):
            raise UnkeptError(f"an object of the class {cls.__name__}")
        held = _fields(one)
        if _frozen(one):
            inside = [(name, self._reached(value, (*path, name), seen)) for name, value in held.items()]
            inside = [(name, state) for name, state in inside if state is not _CONSTANT]
            return {"attributes": inside} if inside else _CONSTANT
        return {"attributes": [(name, self._taken(value, (*path, name), seen)) for name, value in held.items()]}


def _holding(kind: str, held: list[dict[str, Any]]) -> dict[str, Any]:
    return _CONSTANT if all(one is _CONSTANT for one in held) else {kind: held}


def _of_python(cls: Any) -> bool:
    """Whether the attributes of an object are all that it is: its classes are written in Python, and pack nothing."""
    if cls.__reduce__ is not object.__reduce__ or cls.__reduce_ex__ is not object.__reduce_ex__:
        return False
    for one in cls.__mro__[:-1]:
        spec = getattr(sys.modules.get(one.__module__), "__spec__", None)
        origin = getattr(spec, "origin", None) or ""
        if not one.__flags__ & _HEAP or origin == "built-in" or origin.endswith(tuple(EXTENSION_SUFFIXES)):
            return False
    return True


def _frozen(one: Any) -> bool:
    """Whether an object is of a frozen attrs class."""
    cls: Any = type(one)
    return cls.__setattr__ is not object.__setattr__ and hasattr(cls, "__attrs_attrs__")


def _value_of_core(one: Any) -> bool:
    """Whether an object is one of the core's frozen values: a computer, a law of motion, a problem."""
    module = type(one).__module__
    return _frozen(one) and module.startswith("thermozoo.") and not module.startswith("thermozoo.runs.")


def _fields(one: Any) -> dict[str, Any]:
    """Return the attributes of an object by name, whether it has slots or not."""
    found = dict(getattr(one, "__dict__", {}))
    for cls in type(one).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            private = slot.startswith("__") and not slot.endswith("__")
            name = f"_{cls.__name__.lstrip('_')}{slot}" if private else slot
            if slot not in ("__weakref__", "__dict__") and hasattr(one, name):
                found.setdefault(name, getattr(one, name))
    return found


def _reached(function: types.FunctionType) -> Iterator[Any]:
    """Yield what a function reaches beside its arguments and its module."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not yet bound
            yield None
    yield from function.__defaults__ or ()


def _put(one: Any, state: dict[str, Any]) -> Any:
    """Return what takes the place of an object: itself, with its state put back, or a new value."""
    ((kind, held),) = state.items()
    if kind == "value":
        return held
    if kind == "list":
        found = one if isinstance(one, list) else []
        found[:] = _in_turn(found, held)
        return found
    if kind == "tuple":
        return tuple(_in_turn(one if isinstance(one, tuple) else (), held))
    if kind == "set":
        return type(one)(held)
    if kind == "dict":
        return _put_into(one if isinstance(one, dict) else {}, held)
    if kind == "random":
        one.bit_generator.state = held
    elif kind == "own":
        one.restore(held)
    elif kind == "method":
        _put(one.__self__, held[0])
    elif kind == "function":
        for inner, each in zip(_reached(one), held, strict=True):
            _put(inner, each)
    elif kind == "attributes":
        for name, each in held:
            before = getattr(one, name, None)
            after = _put(before, each)
            if after is not before:
                object.__setattr__(one, name, after)
    return one


def _put_into(found: dict[Any, Any], held: list[tuple[Any, dict[str, Any]]]) -> dict[Any, Any]:
    fresh = {key: _put(found.get(key), inner) for key, inner in held}
    found.clear()
    found.update(fresh)
    return found


def _in_turn(found: Any, held: list[Any]) -> list[Any]:
    before = [*found[: len(held)], *[None] * (len(held) - len(found))]
    return [_put(inner, each) for inner, each in zip(before, held, strict=True)]
