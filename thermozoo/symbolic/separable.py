r"""An energy of a pair as a sum of products of functions of one state each, where it is one.

.. math:: \phi(x, y) = \sum_k f_k(x)\, g_k(y)

The force on a unit is then a sum of products of the coupling matrix with vectors, one for each different g_k.
"""

from __future__ import annotations

from typing import Any

import attrs
import sympy

__all__ = ["Product", "separate"]


@attrs.frozen
class Product:
    """One term f(x) g(y) of a separated energy.

    Parameters
    ----------
    first : Expr
        f, with every factor that depends on no state.
    second : Expr
        g, of the second state alone; 1 where the term depends on the first only.
    """

    first: sympy.Expr
    second: sympy.Expr


def separate(energy: sympy.Expr, x: sympy.Symbol, y: sympy.Symbol) -> tuple[Product, ...] | None:
    """Return an energy as a sum of products, each g once; None where expanding it does not separate x from y.

    Examples
    --------
    >>> x, y = sympy.symbols("x y", real=True)
    >>> for one in separate(sympy.cos(2 * (x - y)), x, y):
    ...     print(one.first, "|", one.second)
    cos(2*x) | cos(2*y)
    sin(2*x) | sin(2*y)
    >>> separate(sympy.exp(-((x - y) ** 2)), x, y) is None
    True
    """
    both = (sympy.cos, sympy.sin, sympy.cosh, sympy.sinh)
    added = sympy.expand(energy).replace(lambda e: isinstance(e, both), lambda e: _of_two(e, x, y))
    firsts: dict[sympy.Expr, sympy.Expr] = {}
    for term in sympy.Add.make_args(sympy.expand(added)):
        second = sympy.Integer(1)
        first = sympy.Integer(1)
        for factor in sympy.Mul.make_args(term):
            if factor.has(x) and factor.has(y):
                return None
            if factor.has(y):
                second *= factor
            else:
                first *= factor
        firsts[second] = firsts.get(second, sympy.Integer(0)) + first
    ordered = sorted(firsts.items(), key=lambda pair: str(pair[0]))
    return tuple(Product(first, second) for second, first in ordered if first != 0)


def _of_two(function: Any, x: sympy.Symbol, y: sympy.Symbol) -> sympy.Expr:
    """Return a circular or hyperbolic function of a sum a(x) + b(y) by the addition theorem; multiples stay."""
    terms = sympy.Add.make_args(sympy.expand(function.args[0]))
    a = sympy.Add(*(term for term in terms if not term.has(y)))
    b = sympy.Add(*(term for term in terms if term.has(y)))
    if b.has(x) or not (a.has(x) and b):
        return function
    sin, cos, cosh, sinh = sympy.sin, sympy.cos, sympy.cosh, sympy.sinh
    theorem = {
        sin: sin(a) * cos(b) + cos(a) * sin(b),
        cos: cos(a) * cos(b) - sin(a) * sin(b),
        sinh: sinh(a) * cosh(b) + cosh(a) * sinh(b),
        cosh: cosh(a) * cosh(b) + sinh(a) * sinh(b),
    }
    return theorem[function.func]
