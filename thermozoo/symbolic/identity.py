"""Whether an expression is zero whatever its symbols are."""

from __future__ import annotations

import random
from typing import Any

import sympy

__all__ = ["vanishes"]

#: Points at which what simplification does not decide is looked at, and the digits there.
_POINTS, _DIGITS = 64, 50


def vanishes(difference: sympy.Expr, size: sympy.Expr) -> bool:
    """Tell whether an expression is zero: by simplification, else by its values at points in 50 digits.

    Parameters
    ----------
    difference : Expr
        The expression.
    size : Expr
        What it is small beside, where it is no exact zero.

    Examples
    --------
    >>> x = sympy.Symbol("x", real=True)
    >>> vanishes(sympy.sin(x + 2 * sympy.pi) - sympy.sin(x), sympy.sin(x))
    True
    >>> vanishes(sympy.sin(x + 3) - sympy.sin(x), sympy.sin(x))
    False
    """
    reduced: Any = sympy.simplify(difference)
    if reduced == 0:
        return True
    # simplify is no decision procedure: a difference that it cannot reduce is judged at exact points
    draw = random.Random(20260121)
    symbols = sorted(reduced.free_symbols | size.free_symbols, key=str)
    for _ in range(_POINTS):
        point = {s: _draw(s, draw) for s in symbols}
        gap: Any = abs(reduced.evalf(_DIGITS, subs=point))
        scale = 1 + abs(size.evalf(_DIGITS, subs=point))
        if not (gap.is_number and bool(gap / scale < sympy.Float("1e-30", _DIGITS))):
            return False
    return True


def _draw(symbol: sympy.Symbol, draw: random.Random) -> sympy.Rational:
    value = sympy.Rational(draw.randint(1, 3000), 1000)
    if symbol.is_negative or symbol.is_nonpositive:
        return -value
    if symbol.is_positive or symbol.is_nonnegative:
        return value
    return value if draw.random() < 0.5 else -value
