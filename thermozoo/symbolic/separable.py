r"""An energy of a pair as a sum of products of functions of one state each, where it is one.

.. math:: \phi(x, y) = \sum_k f_k(x)\, g_k(y)

The force on a unit is then a sum of products of the coupling matrix with vectors, one for each different g_k.
"""

from __future__ import annotations

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
    >>> for one in separate(sympy.cos(x - y), x, y):
    ...     print(one.first, "|", one.second)
    sin(x) | sin(y)
    cos(x) | cos(y)
    >>> separate(sympy.exp(-((x - y) ** 2)), x, y) is None
    True
    """
    expanded = sympy.expand(sympy.expand(sympy.sympify(energy), trig=True))
    firsts: dict[sympy.Expr, sympy.Expr] = {}
    for term in sympy.Add.make_args(expanded):
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
    ordered = sorted(firsts.items(), key=lambda pair: sympy.default_sort_key(pair[0]), reverse=True)
    return tuple(Product(first, second) for second, first in ordered if first != 0)
