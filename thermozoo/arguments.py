"""Checking what a caller gives: counts, numbers, arrays, names and instances, each by one function and in one wording.

A value of the wrong kind (a class for an instance, a string for a number) is an `ArgumentError`, which is a TypeError;
a value of the right kind that cannot be meant (a negative count, NaN) is a `ParameterError`, and an array of the wrong
shape a `ShapeError`; both are ValueErrors.
"""

from __future__ import annotations

import math
import numbers
import operator
import reprlib
from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import ArgumentError, ParameterError, ShapeError, kind_of_values, nearest

__all__ = [
    "checked",
    "choice",
    "count",
    "finite_array",
    "instance",
    "integer_array",
    "names_of",
    "number",
    "positive",
    "real_array",
    "told",
]

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 60

#: Bits of an integer that is still written out: 38 digits.
_WRITTEN_OUT = 128

#: A bound that is a power of two less one is written as one from this exponent on.
_AS_A_POWER = 32


def told(value: Any) -> str:
    """Return a value for a message: short, whatever it is."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of {kind_of_values(value.dtype)} of shape {value.shape}"
    if isinstance(value, int) and value.bit_length() > _WRITTEN_OUT:
        return f"an integer of about {int(value.bit_length() * math.log10(2)) + 1:,} digits"
    return " ".join(_REPR.repr(value.item() if isinstance(value, np.generic) else value).splitlines())


def _range(at_least: int, at_most: int | None) -> str:
    """Return bounds in words."""
    if at_most is None:
        return f"of {at_least} or more"
    power = at_most.bit_length()
    last = f"2^{power} - 1" if power >= _AS_A_POWER and at_most == 2**power - 1 else at_most
    return f"from {at_least} to {last}"


def count(name: str, value: Any, *, at_least: int = 0, at_most: int | None = None) -> int:
    """Return a whole number within bounds; NumPy's integers are welcome, booleans and floats are not."""
    wanted = f"a whole number {_range(at_least, at_most)}"
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        whole = operator.index(value)
    except TypeError:
        raise ArgumentError(f"{name} must be {wanted}, got {told(value)}") from None
    if whole < at_least or (at_most is not None and whole > at_most):
        raise ParameterError(f"{name} must be {wanted}, got {told(whole)}")
    return whole


def number(name: str, value: Any, wanted: str = "a finite number") -> float:
    """Return a finite number as a float."""
    real = isinstance(value, numbers.Real) or (isinstance(value, np.ndarray) and value.ndim == 0)
    if not real or isinstance(value, (bool, np.bool_)) or getattr(value, "dtype", np.dtype(float)).kind not in "iuf":
        raise ArgumentError(f"{name} must be {wanted}, got {told(value)}")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ParameterError(f"{name} must be {wanted}, got {told(value)}")
    return result


def positive(name: str, value: Any) -> float:
    """Return a positive and finite number as a float."""
    result = number(name, value, "positive and finite")
    if result <= 0:
        raise ParameterError(f"{name} must be positive and finite, got {result:g}")
    return result


def choice(name: str, value: Any, valid: Iterable[str]) -> str:
    """Return one of the valid names."""
    known = tuple(valid)
    if not isinstance(value, str):
        raise ArgumentError(f"{name} must be one of {', '.join(known)}, got {told(value)}")
    if value not in known:
        hint = nearest(value, known)
        raise ParameterError(f"{name} must be one of {', '.join(known)}, got {told(value)}{hint}")
    return value


def names_of(name: str, value: Any) -> tuple[str, ...]:
    """Return names as a tuple; one string is one name, not a sequence of letters."""
    given = (value,) if isinstance(value, str) else value
    try:
        found = tuple(given)
    except TypeError:
        found = (None,)
    if not all(isinstance(one, str) for one in found):
        raise ArgumentError(f"{name} must be names, such as ['visible'], got {told(value)}")
    return found


def instance(name: str, value: Any, kind: Any, remedy: str = "") -> Any:
    """Return an instance of a class or of a plugin's interface; the remedy says how to make one.

    Raises
    ------
    ArgumentError
        When it is none; for a class and for the name of a plugin the message says how to get an instance.
    """
    if isinstance(value, kind):
        return value
    wanted = getattr(kind, "__name__", "")
    if not wanted:  # a union of types
        raise ArgumentError(f"{name} must be {remedy}, got {told(value)}")
    if isinstance(value, type) and issubclass(value, kind):
        remedy = f"give an instance, {value.__name__}(...)"
    elif isinstance(value, str) and hasattr(kind, "kind"):
        remedy = f"give an instance; catalogue().get({wanted}, {told(value)})() is the installed plugin of that name"
    article = "an" if wanted[0] in "AEIOU" else "a"
    raise ArgumentError(f"{name} must be {article} {wanted}, got {told(value)}{f': {remedy}' if remedy else ''}")


def _array(name: str, value: Any, kinds: str, wanted: str) -> npt.NDArray[Any]:
    """Return a value as an array of numbers of some of NumPy's kinds."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(f"{name} must be {wanted}, got rows of unequal length") from None
    if array.dtype.kind not in kinds and array.size:
        raise ArgumentError(f"{name} must be {wanted}, got {kind_of_values(array.dtype)}")
    return array


def _check_shape(name: str, got: tuple[int, ...], shape: tuple[int | str, ...], remedy: str) -> None:
    """Raise ShapeError unless every length that is a number is met."""
    tail = shape[1:] if shape[0] == "..." else shape
    fits = len(got) == len(tail) or (tail is not shape and len(got) > len(tail))
    if not fits or any(
        not isinstance(want, str) and want != have for want, have in zip(tail[::-1], got[::-1], strict=False)
    ):
        text = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
        raise ShapeError(f"{name} must have shape {text}, got {got}{f': {remedy}' if remedy else ''}")


def real_array(name: str, value: Any, shape: tuple[int | str, ...], remedy: str = "") -> npt.NDArray[Any]:
    """Return real numbers as an array in their own precision (integers: double); they need not be finite.

    Parameters
    ----------
    name : str
        What the numbers are, for the message.
    value : array_like
        What was given.
    shape : tuple of int or str
        Shape that it must have; a word stands for any length, and ``...`` at the start for any dimensions.
    remedy : str
        What to do where the shape is another one.
    """
    array = _array(name, value, "iuf", "real numbers")
    _check_shape(name, array.shape, shape, remedy)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def finite_array(name: str, value: Any, shape: tuple[int | str, ...], remedy: str = "") -> npt.NDArray[Any]:
    """Return finite numbers as an array; see `real_array`."""
    array = real_array(name, value, shape, remedy)
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
        place = f" at {where[0] if len(where) == 1 else where}" if where else ""
        raise ParameterError(f"{name} must be finite, got {array[where]:g}{place}")
    return array


def integer_array(
    name: str, value: Any, shape: tuple[int | str, ...], *, at_least: int = 0, at_most: int | None = None
) -> npt.NDArray[np.int64]:
    """Return whole numbers within bounds as an array."""
    array = _array(name, value, "iu", "whole numbers")
    _check_shape(name, array.shape, shape, "")
    # an unsigned integer may be above what int64 holds
    for strange in (array.min(), array.max()) if array.size else ():
        if not at_least <= int(strange) <= (2**63 - 1 if at_most is None else at_most):
            raise ParameterError(f"{name} must be whole numbers {_range(at_least, at_most)}, got {strange}")
    return array.astype(np.int64, copy=False)


def checked(check: Any, *bounds: Any, default: Any = attrs.NOTHING, **options: Any) -> Any:
    """Return an attrs field whose value goes through one of the functions above, under the field's name."""
    convert: Any = attrs.Converter(lambda value, field: check(field.alias, value, *bounds, **options), takes_field=True)
    return attrs.field(default=default, converter=convert)
