"""From expressions to source code.

`lower` turns expressions into a straight-line program (no avoidable overflow, common subexpressions, polynomials in
Horner form) that knows nothing of the language it will be written in; a printer writes it. The NumPy printer here
serves the reference engine and everything that is evaluated on whole arrays.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy
from sympy.printing.pycode import PythonCodePrinter

from thermozoo.symbolic.stable import stable

__all__ = [
    "ArrayFunction", "Program", "SourcePrinter", "array_function", "array_source", "horner_form", "lower",
]  # fmt: skip

#: Polynomials of a higher degree stay as they are: sparse high powers are better left to repeated squaring.
_HORNER_DEGREE = 12

#: Integer powers up to this one are products.
_PRODUCT_POWER = 16


@attrs.frozen
class Program:
    """A straight-line program.

    Parameters
    ----------
    assignments : tuple of (Symbol, Expr)
        Intermediate values, in order.
    outputs : tuple of Expr
        Results, in terms of arguments and intermediate values.
    """

    assignments: tuple[tuple[sympy.Symbol, sympy.Expr], ...]
    outputs: tuple[sympy.Expr, ...]


def lower(expressions: Sequence[sympy.Expr], variable: sympy.Symbol | None = None) -> Program:
    """Turn expressions into a straight-line program.

    Parameters
    ----------
    expressions : sequence of Expr
        What to compute.
    variable : Symbol, optional
        An expression that is a polynomial in this symbol is put into Horner form: fewer and better-conditioned
        products.
    """
    prepared = [stable(sympy.sympify(e)) for e in expressions]
    if variable is not None:
        prepared = [horner_form(e, variable) for e in prepared]
    assignments, outputs = sympy.cse(prepared, symbols=sympy.numbered_symbols("t_"))
    return Program(tuple(assignments), tuple(outputs))


def horner_form(expression: sympy.Expr, variable: sympy.Symbol) -> sympy.Expr:
    """Return a polynomial of low degree in Horner form, anything else as it is."""
    if not expression.has(variable) or not expression.is_polynomial(variable):
        return expression
    polynomial = sympy.Poly(expression, variable)
    if polynomial.degree() > _HORNER_DEGREE:
        return expression
    return sympy.horner(polynomial)


class SourcePrinter(PythonCodePrinter):  # type: ignore[misc]  # sympy has no types
    """Common part of all printers: operators, and small integer powers as products.

    A language adds its functions (`_print_call`), its square root and its choices between values.
    """

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False, sqrt: str = "") -> str:
        base, exponent = expr.as_base_exp()
        if exponent == sympy.Rational(1, 2):
            return self._print_sqrt_of(base)
        if exponent == -sympy.Rational(1, 2):
            return f"(1.0 / {self._print_sqrt_of(base)})"
        if exponent.is_Integer and 2 <= abs(int(exponent)) <= _PRODUCT_POWER:
            power = self._power(f"({self._print(base)})", abs(int(exponent)))
            return power if exponent > 0 else f"(1.0 / {power})"
        if exponent == -1:
            return f"(1.0 / ({self._print(base)}))"
        return self._print_general_power(base, exponent)

    def _print_general_power(self, base: sympy.Expr, exponent: sympy.Expr) -> str:
        return f"({self._print(base)})**({self._print(exponent)})"

    def _power(self, base: str, exponent: int) -> str:
        if exponent == 1:
            return base
        half = self._power(base, exponent // 2)
        return f"({half} * {half})" if exponent % 2 == 0 else f"({half} * {half} * {base})"

    def _print_sqrt_of(self, base: sympy.Expr) -> str:
        raise NotImplementedError  # each language has its own square root

    def _print_Rational(self, expr: sympy.Rational) -> str:
        return f"({int(expr.p)}.0 / {int(expr.q)}.0)"

    def _print_Integer(self, expr: sympy.Integer) -> str:
        return f"{int(expr)}.0" if abs(int(expr)) < 2**53 else f"float({int(expr)})"

    def _print_Float(self, expr: sympy.Float) -> str:
        return repr(float(expr))

    def _print_Pi(self, expr: Any) -> str:
        return repr(float(np.pi))

    def _print_Exp1(self, expr: Any) -> str:
        return repr(float(np.e))

    def _print_Relational(self, expr: Any) -> str:
        return f"({self._print(expr.lhs)} {expr.rel_op} {self._print(expr.rhs)})"

    def _print_And(self, expr: Any) -> str:
        return "(" + " & ".join(f"({self._print(a)})" for a in expr.args) + ")"

    def _print_Or(self, expr: Any) -> str:
        return "(" + " | ".join(f"({self._print(a)})" for a in expr.args) + ")"

    def _print_Not(self, expr: Any) -> str:
        return f"~({self._print(expr.args[0])})"

    def _print_Function(self, expr: Any) -> str:
        return self._print_call(type(expr).__name__, expr.args)

    def _print_call(self, name: str, arguments: Sequence[sympy.Expr]) -> str:
        raise NotImplementedError  # each language has its own functions

    # sympy's class attributes would otherwise map these names to the math module
    _print_sin = _print_cos = _print_tan = _print_exp = _print_log = _print_Function
    _print_sinh = _print_cosh = _print_tanh = _print_Abs = _print_sign = _print_Function
    _print_asin = _print_acos = _print_atan = _print_floor = _print_ceiling = _print_Function
    _print_asinh = _print_acosh = _print_atanh = _print_erf = _print_erfc = _print_Function
    _print_gamma = _print_loggamma = _print_atan2 = _print_Function


class NumPyPrinter(SourcePrinter):
    """Writes NumPy code that broadcasts."""

    _functions = {
        "sin": "sin",
        "cos": "cos",
        "tan": "tan",
        "exp": "exp",
        "log": "log",
        "sinh": "sinh",
        "cosh": "cosh",
        "tanh": "tanh",
        "asin": "arcsin",
        "acos": "arccos",
        "atan": "arctan",
        "asinh": "arcsinh",
        "acosh": "arccosh",
        "atanh": "arctanh",
        "Abs": "abs",
        "sign": "sign",
        "floor": "floor",
        "ceiling": "ceil",
        "atan2": "arctan2",
    }
    _special = {"erf": "erf", "erfc": "erfc", "gamma": "gamma", "loggamma": "gammaln"}

    def _print_sqrt_of(self, base: sympy.Expr) -> str:
        return f"np.sqrt({self._print(base)})"

    def _print_call(self, name: str, arguments: Sequence[sympy.Expr]) -> str:
        written = ", ".join(self._print(a) for a in arguments)
        if name in self._functions:
            return f"np.{self._functions[name]}({written})"
        if name in self._special:
            return f"special.{self._special[name]}({written})"
        raise TypeError(f"no NumPy code for the function {name}")

    def _print_Max(self, expr: Any) -> str:
        arguments: list[str] = [self._print(a) for a in expr.args]
        return functools.reduce(lambda a, b: f"np.maximum({a}, {b})", arguments)

    def _print_Min(self, expr: Any) -> str:
        arguments: list[str] = [self._print(a) for a in expr.args]
        return functools.reduce(lambda a, b: f"np.minimum({a}, {b})", arguments)

    def _print_Heaviside(self, expr: Any) -> str:
        return f"np.heaviside({self._print(expr.args[0])}, {self._print(expr.args[1])})"

    def _print_Piecewise(self, expr: Any) -> str:
        *cases, last = expr.args
        text: str = self._print(last.expr)
        if last.cond != sympy.true:
            text = f"np.where({self._print(last.cond)}, {text}, np.nan)"
        for case in reversed(cases):
            text = f"np.where({self._print(case.cond)}, {self._print(case.expr)}, {text})"
        return text

    def _print_BooleanTrue(self, expr: Any) -> str:
        return "True"

    def _print_BooleanFalse(self, expr: Any) -> str:
        return "False"


@attrs.frozen
class ArrayFunction:
    """A generated function of arrays that broadcast, with its source.

    Calling it returns one array for each expression, all of one shape (that of the broadcast arguments) and of the
    data type of the first argument.
    """

    source: str
    arguments: tuple[str, ...]
    outputs: int
    _function: Callable[..., Any] = attrs.field(repr=False, eq=False)

    def __call__(self, *arguments: Any) -> tuple[npt.NDArray[np.floating[Any]], ...]:
        """Evaluate; every argument is cast to the data type of the first."""
        first = np.asarray(arguments[0])
        dtype = first.dtype if first.dtype.kind == "f" else np.dtype(np.float64)
        cast = [np.asarray(a, dtype=dtype) for a in arguments]
        shape = np.broadcast_shapes(*(a.shape for a in cast))
        results = []
        # what is not finite is looked for by those who know what it means, not announced by NumPy
        with np.errstate(all="ignore"):
            values = self._function(*cast)
        for value in values:
            if isinstance(value, np.ndarray) and value.shape == shape and value.dtype == dtype:
                results.append(value)
            else:  # a constant, or an expression of a few of the arguments
                results.append(np.broadcast_to(np.asarray(value, dtype=dtype), shape).copy())
        return tuple(results)


def array_function(
    name: str,
    arguments: Sequence[sympy.Symbol],
    expressions: Sequence[sympy.Expr],
    variable: sympy.Symbol | None = None,
) -> ArrayFunction:
    """Generate a NumPy function.

    Parameters
    ----------
    name : str
        Its name in the source; what no name may hold (the dot of a held plugin's parameter) is replaced.
    arguments : sequence of Symbol
        Arguments, in order.
    expressions : sequence of Expr
        What it returns.
    variable : Symbol, optional
        See `lower`.
    """
    return _array_function(re.sub(r"\W", "_", name), tuple(arguments), tuple(map(sympy.sympify, expressions)), variable)


def array_source(
    name: str,
    arguments: Sequence[sympy.Symbol],
    expressions: Sequence[sympy.Expr],
    variable: sympy.Symbol | None = None,
) -> str:
    """Return the text of a function of arrays, in which ``np`` stands for NumPy or what is like it.

    Parameters as of `array_function`.
    """
    program = lower(expressions, variable)
    printer = NumPyPrinter()
    lines = [f"def {name}({', '.join(map(str, arguments))}):"]
    lines += [f"    {symbol} = {printer.doprint(value)}" for symbol, value in program.assignments]
    results = ", ".join(printer.doprint(value) for value in program.outputs)
    lines.append(f"    return ({results},)")
    return "\n".join(lines) + "\n"


@functools.lru_cache(maxsize=1024)
def _array_function(
    name: str,
    arguments: tuple[sympy.Symbol, ...],
    expressions: tuple[sympy.Expr, ...],
    variable: sympy.Symbol | None,
) -> ArrayFunction:
    source = array_source(name, arguments, expressions, variable)
    namespace: dict[str, Any] = {"np": np}
    if "special." in source:  # few formulas take a function from there, and to import it takes longer than the rest
        from scipy import special

        namespace["special"] = special
    exec(compile(source, f"<thermozoo:{name}>", "exec"), namespace)
    return ArrayFunction(
        source=source,
        arguments=tuple(map(str, arguments)),
        outputs=len(expressions),
        function=namespace[name],
    )
