"""The functions that a formula may contain: those for which every engine has code, and those that are written in them.

What a formula contains is found out where it is read, once, for energies, steps, losses and intensities alike, and for
whatever is derived from them: a function without code is refused by its name, with file and line, before anything is
printed, derived or run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy.codegen import cfunctions
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean, BooleanAtom

from thermozoo.errors import FormulaError

__all__ = ["FUNCTIONS", "in_known_functions", "refuse_unknown"]

#: Functions of numbers for which there is NumPy code and kernel code.
FUNCTIONS: tuple[type[sympy.Basic], ...] = (
    sympy.Abs, sympy.sign, sympy.floor, sympy.ceiling, sympy.Max, sympy.Min, sympy.Heaviside,
    sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tan, sympy.sinh, sympy.cosh, sympy.tanh,
    sympy.asin, sympy.acos, sympy.atan, sympy.atan2, sympy.asinh, sympy.acosh, sympy.atanh,
    sympy.erf, sympy.erfc, sympy.gamma, sympy.loggamma,
)  # fmt: skip

#: What expressions are made of besides functions.
_GRAMMAR = (
    sympy.Symbol, sympy.Number, sympy.NumberSymbol, sympy.Add, sympy.Mul, sympy.Pow, sympy.Piecewise,
    sympy.functions.elementary.piecewise.ExprCondPair, Relational, sympy.And, sympy.Or, sympy.Not, BooleanAtom,
)  # fmt: skip

#: Functions that are an expression of those above. Overflow decides between forms: 1 / tanh(u) is 1 far out.
_WRITTEN: dict[type[sympy.Basic], Callable[..., Any]] = {
    sympy.sec: lambda u: 1 / sympy.cos(u),
    sympy.csc: lambda u: 1 / sympy.sin(u),
    sympy.cot: lambda u: sympy.cos(u) / sympy.sin(u),
    sympy.sech: lambda u: 1 / sympy.cosh(u),
    sympy.csch: lambda u: 1 / sympy.sinh(u),
    sympy.coth: lambda u: 1 / sympy.tanh(u),
    sympy.acot: lambda u: sympy.atan(1 / u),
    sympy.asec: lambda u: sympy.acos(1 / u),
    sympy.acsc: lambda u: sympy.asin(1 / u),
    sympy.asech: lambda u: sympy.acosh(1 / u),
    sympy.acsch: lambda u: sympy.asinh(1 / u),
    sympy.acoth: lambda u: sympy.atanh(1 / u),
    sympy.sinc: lambda u: sympy.sin(u) / u,
    sympy.frac: lambda u: u - sympy.floor(u),
    sympy.Mod: lambda u, period: u - period * sympy.floor(u / period),
    sympy.erf2: lambda low, high: sympy.erf(high) - sympy.erf(low),
    sympy.factorial: lambda n: sympy.gamma(n + 1),
    cfunctions.expm1: lambda u: sympy.exp(u) - 1,
    cfunctions.log1p: lambda u: sympy.log(1 + u),
    cfunctions.exp2: lambda u: 2**u,
    cfunctions.log2: lambda u: sympy.log(u) / sympy.log(2),
    cfunctions.log10: lambda u: sympy.log(u) / sympy.log(10),
    cfunctions.Sqrt: sympy.sqrt,
    cfunctions.Cbrt: sympy.cbrt,
    cfunctions.hypot: lambda a, b: sympy.sqrt(a**2 + b**2),
    cfunctions.fma: lambda a, b, c: a * b + c,
    sympy.SingularityFunction: lambda x, a, n: (x - a) ** n * sympy.Heaviside(x - a),
}


def in_known_functions(expression: Any) -> Any:
    """Return an expression with every function that has a form in functions with code in that form.

    Conditions of any kind (ITE, implications, exclusive or) become And, Or and Not of comparisons.

    Examples
    --------
    >>> from sympy.abc import x
    >>> in_known_functions(sympy.sech(x) ** 2)
    cosh(x)**(-2)
    """
    if not _unknown(expression):
        return expression
    for function, form in _WRITTEN.items():
        if expression.has(function):
            expression = expression.replace(lambda e, f=function: type(e) is f, lambda e, f=form: f(*e.args))
    return expression.replace(
        lambda e: isinstance(e, Boolean) and not isinstance(e, _GRAMMAR), lambda e: sympy.to_nnf(e, simplify=False)
    )


def _unknown(expression: Any) -> list[Any]:
    """Return the parts of an expression for which there is no code."""
    known = (*_GRAMMAR, *FUNCTIONS)
    return [part for part in sympy.preorder_traversal(expression) if not isinstance(part, known)]


def refuse_unknown(expression: Any, name: str, place: str, derived: str = "") -> None:
    """Raise FormulaError where an expression contains what there is no code for.

    Parameters
    ----------
    expression : Expr
        The formula, or what was derived from it.
    name, place : str
        What the formula is called, and where it is written.
    derived : str
        What it is, when it is not the formula itself but was derived from it.
    """
    unknown = _unknown(expression)
    if not unknown:
        return
    found = ", ".join(sorted({type(part).__name__ for part in unknown if not isinstance(part, sympy.Tuple)}))
    within = f"has a {derived} that contains" if derived else "contains"
    raise FormulaError(
        f"{name} {within} {found}, for which there is no code ({place}): {expression}. Write it with arithmetic, "
        "sympy.Piecewise and these functions: "
        f"{', '.join(f.__name__ for f in FUNCTIONS)}, and those that are a form of them, such as sech or coth."
    )
