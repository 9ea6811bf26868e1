"""Constraints that are comparisons of sums of parameters, looked at without sympy.

To import sympy takes longer than all that a list of plugins needs, and a class is looked at when it is defined. What is
anything else than such a comparison is left to `thermozoo.constraints`, and so is every error.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from thermozoo.parameters import Parameter, fields_of, parameters_of

__all__ = ["hold_plainly"]

_Compare = Callable[[float, float], bool]


class _OtherError(Exception):
    """It is anything else."""


class _Sum:
    """A sum of parameters, each with a factor, and a number."""

    def __init__(self, factors: Mapping[str, float], number: float = 0.0) -> None:
        self.factors, self.number = factors, number

    def __add__(self, other: object) -> _Sum:
        more = _of(other)
        names = {*self.factors, *more.factors}
        factors = {n: self.factors.get(n, 0.0) + more.factors.get(n, 0.0) for n in names}
        return _Sum(factors, self.number + more.number)

    def __mul__(self, other: object) -> _Sum:
        factor = _of(other)
        if factor.factors:
            raise _OtherError
        return _Sum({n: f * factor.number for n, f in self.factors.items()}, self.number * factor.number)

    def __neg__(self) -> _Sum:
        return self * -1.0

    def __sub__(self, other: object) -> _Sum:
        return self + -_of(other)

    def __rsub__(self, other: object) -> _Sum:
        return _of(other) - self

    __radd__, __rmul__ = __add__, __mul__

    def __le__(self, other: object) -> _Relation:
        return _Relation(self - other, operator.le)

    def __lt__(self, other: object) -> _Relation:
        return _Relation(self - other, operator.lt)

    def __ge__(self, other: object) -> _Relation:
        return _Relation(self - other, operator.ge)

    def __gt__(self, other: object) -> _Relation:
        return _Relation(self - other, operator.gt)

    def __bool__(self) -> bool:
        raise _OtherError

    def __eq__(self, other: object) -> bool:
        raise _OtherError

    __hash__ = None  # type: ignore[assignment]


@attrs.frozen(eq=False)
class _Relation:
    """A comparison of a sum with zero."""

    sum: _Sum
    compare: _Compare

    def __bool__(self) -> bool:
        raise _OtherError

    def open(self, parameters: Mapping[str, Parameter]) -> bool:
        """Tell whether the signs that bounds give to parameters leave it open: they do not say what always holds."""
        signs = set()
        for name, factor in self.sum.factors.items():
            one = parameters[name]
            low, high = (a if a is not None else b for a, b in ((one.above, one.at_least), (one.below, one.at_most)))
            above, below = low is not None and low >= 0, high is not None and high <= 0
            if factor and not (above or below):
                return True
            signs |= {factor > 0 if above else factor < 0} if factor else set()
        return len(signs) == 2

    def holds(self, parameters: Mapping[str, Parameter]) -> bool:
        """Tell whether it holds for the defaults."""
        total = sum(factor * parameters[name].default for name, factor in self.sum.factors.items())
        return bool(self.compare(total + self.sum.number, 0.0))


def _of(value: object) -> _Sum:
    if isinstance(value, _Sum):
        return value
    if type(value) in (int, float):
        return _Sum({}, float(value))  # type: ignore[arg-type]
    raise _OtherError


def hold_plainly(cls: Any) -> bool:
    """Tell whether all that a plugin class states compares sums of its parameters, and its defaults satisfy it.

    Where it is not so, something may be wrong, or be written in another way.
    """
    parameters = {one.name: one for one in parameters_of(cls)}
    plain = object.__new__(cls)
    try:
        for field in fields_of(cls):
            if field.name not in parameters and (not field.init or isinstance(field.default, attrs.Factory)):  # type: ignore[arg-type]
                return False
            value = _Sum({field.name: 1.0}) if field.name in parameters else field.default
            object.__setattr__(plain, field.name, value)
        stated = plain.constraints()
        relations = list(stated) if isinstance(stated, list | tuple) else [stated]
        return bool(relations) and all(
            isinstance(one, _Relation) and one.open(parameters) and one.holds(parameters) for one in relations
        )
    except Exception:  # of an author's method, given what no formula expects
        return False
