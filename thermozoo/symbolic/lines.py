"""Where an energy of several states is no finite number, or jumps: looked for along straight lines of states."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence

import sympy

from thermozoo.symbolic.smoothness import breaks, undefined

__all__ = ["undefined_somewhere"]

#: Where lines begin and how they run, one number a state, of the first two, three, ... states: each state by itself,
#: all together, against each other, and some on which no two are alike.
_BEGIN = (sympy.Rational(3, 10), sympy.Rational(-7, 10), sympy.Rational(11, 10))
_RUN = (1, sympy.Rational(-3, 5), sympy.Rational(7, 5))


def _lines(count: int) -> Iterator[tuple[list[sympy.Expr], list[sympy.Expr]]]:
    """Yield beginning and direction of each line."""
    zero = [sympy.Integer(0)] * count
    generic = [_BEGIN[k % 3] * (1 + k // 3) for k in range(count)]
    for k in range(count):
        alone = [sympy.Integer(int(k == j)) for j in range(count)]
        yield zero, alone
        yield generic, alone
    yield zero, [sympy.Integer(1)] * count
    yield zero, [sympy.Integer((-1) ** k) for k in range(count)]
    yield generic, [_RUN[k % 3] * (1 + k // 3) for k in range(count)]


def undefined_somewhere(
    energy: sympy.Expr, states: Sequence[sympy.Symbol], values: Mapping[sympy.Symbol, float]
) -> str | None:
    """Say where an energy is no finite number, or jumps; None where it is neither on any of the lines.

    Parameters
    ----------
    energy : Expr
        Of the states and the parameters.
    states : sequence of Symbol
        The states.
    values : mapping of Symbol to float
        Value of each parameter.

    Examples
    --------
    >>> x, y = sympy.symbols("x y", real=True)
    >>> undefined_somewhere(1 / (x - y), (x, y), {})
    'the energy of a tuple is no finite number at x = 0, y = 0'
    >>> undefined_somewhere(sympy.sign(x) * y, (x, y), {})
    'the energy of a tuple jumps at x = 0, y = -0.7'
    """
    return _searched(energy, tuple(states), tuple(sorted(values.items(), key=str)))


@functools.lru_cache(maxsize=256)
def _searched(
    energy: sympy.Expr, states: tuple[sympy.Symbol, ...], values: tuple[tuple[sympy.Symbol, float], ...]
) -> str | None:
    t = sympy.Symbol("t", real=True)
    numbers = dict(values)
    for begin, run in _lines(len(states)):
        line = {state: a + t * b for state, a, b in zip(states, begin, run, strict=True)}
        along = energy.xreplace(line)
        found = _on_line(along, t, numbers)
        if found is not None:
            what, at = found
            where = ", ".join(f"{s} = {float(line[s].subs(t, at)) + 0.0:.4g}" for s in states)
            return f"the energy of a tuple {what} at {where}"
    return None


def _on_line(along: sympy.Expr, t: sympy.Symbol, numbers: dict[sympy.Symbol, float]) -> tuple[str, float] | None:
    """Return what is wrong on a line, and where."""
    exact = {symbol: sympy.Rational(value) for symbol, value in numbers.items()}
    for at in (0.0, 1.0, -1.0):
        if not _is_number(along.subs({t: sympy.Rational(at), **exact})):
            return "is no finite number", at
    bad = undefined(along, t, numbers)
    if bad is not None:
        return "is infinite" if bad[1] == "infinite at" else "is no real number beside", bad[0]
    jumps = breaks([along], t, numbers)
    return ("jumps", jumps[0].x) if jumps else None


def _is_number(value: sympy.Expr) -> bool:
    try:
        found = complex(value.evalf(20))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):  # sympy's infinities are no complex numbers
        return False
    return math.isfinite(found.real) and found.imag == 0
