"""From the expressions of a plan (`thermozoo.symbolic.kernel_plan`) to the statements of a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from thermozoo.symbolic.codegen import SourcePrinter, lower

__all__ = ["KernelPrinter", "statements"]


class KernelPrinter(SourcePrinter):
    """Writes Python of lines; see `thermozoo.dynamics.engines.lines`."""

    #: Names in generated code that differ from sympy's.
    names = {"Abs": "absolute", "Pow": "power"}

    def doprint(self, expr: Any) -> str:
        """Return the source of an expression."""
        return str(self._print(expr))

    def _print(self, expr: Any, **settings: Any) -> str:
        if isinstance(expr, sympy.Expr) and not expr.is_Symbol and expr.is_number:
            return repr(float(expr))
        return str(super()._print(expr, **settings))

    def _call(self, name: str, *arguments: Any) -> str:
        return f"{self.names.get(name, name)}({', '.join(self._print(a) for a in arguments)})"

    def _print_sqrt_of(self, base: sympy.Expr) -> str:
        return self._call("sqrt", base)

    def _print_general_power(self, base: sympy.Expr, exponent: sympy.Expr) -> str:
        return self._call("exp", exponent) if base == sympy.E else self._call("Pow", base, exponent)

    def _print_call(self, name: str, arguments: Sequence[sympy.Expr]) -> str:
        from thermozoo.dynamics.engines.lines import FUNCTIONS

        if name not in FUNCTIONS:
            raise TypeError(f"no kernel code for the function {name}")
        return self._call(name, *arguments)

    def _fold(self, name: str, arguments: Any) -> str:
        first, *others = map(self._print, arguments)
        for other in others:
            first = f"{name}({first}, {other})"
        return first

    def _print_Max(self, expr: Any) -> str:
        return self._fold("maximum", expr.args)

    def _print_Min(self, expr: Any) -> str:
        return self._fold("minimum", expr.args)

    def _print_Heaviside(self, expr: Any) -> str:
        at, middle = (self._print(a) for a in expr.args)
        return f"choose({at} > 0.0, 1.0, choose({at} < 0.0, 0.0, {middle}))"

    def _print_Piecewise(self, expr: Any) -> str:
        *cases, last = expr.args
        text = self._print(last.expr)
        if last.cond != sympy.true:
            text = f"choose({self._print(last.cond)}, {text}, nan)"
        for case in reversed(cases):
            text = f"choose({self._print(case.cond)}, {self._print(case.expr)}, {text})"
        return text


def statements(target: str, expression: sympy.Expr, prefix: str) -> list[str]:
    """Return assignments that end with ``target = expression``."""
    program = lower([expression])
    names = {s: sympy.Symbol(f"{prefix}{i}") for i, (s, _) in enumerate(program.assignments)}
    printer = KernelPrinter()
    lines = [f"{names[s]} = {printer.doprint(value.xreplace(names))}" for s, value in program.assignments]
    return [*lines, f"{target} = {printer.doprint(program.outputs[0].xreplace(names))}"]
