"""From traced formulas to the statements of a kernel: constants taken out, stages put in order.

Whatever does not depend on states, forces or noise is evaluated once, in double precision, before the run: the kernel
receives it as a number for each unit (on-site parameters) or as one number (the time step and the like). So no number
is part of what is compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import sympy
from sympy.logic.boolalg import Boolean

from thermozoo.symbolic.codegen import SourcePrinter, horner_form, lower
from thermozoo.symbolic.derive import PotentialFormulas
from thermozoo.symbolic.trace import StepFormula

__all__ = ["Constants", "KernelPrinter", "Pass", "gradient_statements", "passes_of", "statements"]


@attrs.define
class Constants:
    """Subexpressions that are known before the run, each with the name that the kernel gives it.

    Parameters
    ----------
    prefix : str
        Of the names.
    varying : frozenset of Symbol
        What is not known before the run.
    """

    prefix: str
    varying: frozenset[sympy.Symbol]
    expressions: dict[sympy.Expr, sympy.Symbol] = attrs.field(factory=dict)

    def take_out(self, expression: Any) -> Any:
        """Return the expression with every largest known part replaced by a named constant."""
        if not expression.free_symbols:
            return expression
        if isinstance(expression, sympy.Expr) and not expression.free_symbols & self.varying:
            return self._named(expression)
        if isinstance(expression, (sympy.Add, sympy.Mul)):
            known = [a for a in expression.args if not a.free_symbols & self.varying]
            unknown = [self.take_out(a) for a in expression.args if a.free_symbols & self.varying]
            if known:
                unknown.append(self.take_out(expression.func(*known)))
            return expression.func(*unknown)
        if isinstance(expression, Boolean) and not expression.args:
            return expression
        return expression.func(*(self.take_out(a) for a in expression.args))

    def _named(self, expression: sympy.Expr) -> sympy.Symbol:
        if expression not in self.expressions:
            name = f"{self.prefix}{len(self.expressions)}"
            self.expressions[expression] = sympy.Symbol(name, real=True)
        return self.expressions[expression]


class KernelPrinter(SourcePrinter):
    """Writes Python of lanes; see `thermozoo.dynamics.engines.lanes`."""

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
        from thermozoo.dynamics.engines.lanes import FUNCTIONS

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


def gradient_statements(formulas: PotentialFormulas) -> tuple[list[str], dict[sympy.Expr, sympy.Symbol]]:
    """Return statements ``slope = dU/dx`` at the state `at`, and the constants of each unit that they use."""
    at = sympy.Symbol("at", real=True)
    constants = Constants("c", frozenset([at]))
    gradient = formulas.gradient.xreplace({formulas.x: at})
    known = constants.take_out(horner_form(gradient, at))
    lines = statements("slope", known, "g")
    return lines, constants.expressions


@attrs.frozen
class Pass:
    """One sweep over all units: forces at one stage, then the next stage or the state after the step.

    Parameters
    ----------
    at : str
        Where forces are evaluated: ``"x"``, ``"point_j"``, or ``""`` for a sweep without forces.
    force : int
        Which force this sweep evaluates, -1 for none.
    to : str
        What it writes: ``"point_j"`` or ``"after"``.
    lines : list of str
        Statements that end with ``value = ...``.
    reads : list of str
        Which of ``x``, kept ``force_j`` and ``noise_j`` the statements use.
    draws : list of int
        Noises that are drawn in this sweep.
    """

    at: str
    force: int
    to: str
    lines: list[str]
    reads: list[str]
    draws: list[int]


def passes_of(formula: StepFormula) -> tuple[list[Pass], dict[sympy.Expr, sympy.Symbol]]:
    """Return the sweeps of a step in order, and the constants that they use."""
    varying = frozenset([formula.x, *formula.forces, *formula.noises])
    constants = Constants("k", varying)
    names: dict[int, str] = {}
    for j, stage in enumerate(formula.stages):
        names[j] = "x" if stage == formula.x else f"point_{j}"
    plan: list[tuple[str, int, str, sympy.Expr]] = []
    if formula.stages and names[0] != "x":
        plan.append(("", -1, names[0], formula.stages[0]))
    for j in range(len(formula.stages)):
        last = j + 1 == len(formula.stages)
        expression = formula.result if last else formula.stages[j + 1]
        # a later stage at x itself needs nothing to be written
        plan.append((names[j], j, "after" if last else names[j + 1], expression))
    if not formula.stages:
        plan.append(("", -1, "after", formula.result))
    drawn: set[int] = set()
    passes = []
    for at, force, to, expression in plan:
        symbols = expression.free_symbols
        used = [j for j, noise in enumerate(formula.noises) if noise in symbols]
        draws = [j for j in used if j not in drawn]
        drawn.update(draws)
        reads = [str(s) for s in sorted(symbols & varying, key=str) if str(s) != f"force_{force}"]
        # a pass that only evaluates a force, for a later stage at x, writes nothing
        lines = statements("value", constants.take_out(expression), "s") if to != "x" else []
        passes.append(Pass(at, force, to, lines, reads if to != "x" else [], draws if to != "x" else []))
    return passes, constants.expressions
