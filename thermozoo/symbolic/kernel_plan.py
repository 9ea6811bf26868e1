"""The plan of a kernel: what is evaluated where and in which order, as expressions that any language can print.

Whatever does not depend on states, forces or noise is taken out: it is evaluated once, in double precision, before the
run, and is given to a kernel as a number for each unit (on-site parameters) or as one number (the time step and the
like). So no number is part of what is compiled.
"""

from __future__ import annotations

from typing import Any

import attrs
import sympy
from sympy.logic.boolalg import Boolean

from thermozoo.symbolic.codegen import horner_form
from thermozoo.symbolic.derive import PotentialFormulas
from thermozoo.symbolic.trace import StepFormula

__all__ = ["Constants", "Stage", "gradient_plan", "stages_of"]


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


def gradient_plan(formulas: PotentialFormulas, at: sympy.Symbol) -> tuple[sympy.Expr, dict[sympy.Expr, sympy.Symbol]]:
    """Return dU/dx at a state, and the constants of each unit that it uses, named ``c0``, ``c1``, ..."""
    constants = Constants("c", frozenset([at]))
    gradient = formulas.gradient.xreplace({formulas.x: at})
    return constants.take_out(horner_form(gradient, at)), constants.expressions


@attrs.frozen
class Stage:
    """One stage of a step, over all units: the force at one point, then the next point or the state after the step.

    Parameters
    ----------
    at : str
        Where forces are evaluated: ``"x"``, ``"point_j"``, or ``""`` for a stage without forces.
    force : int
        Which force this stage evaluates, -1 for none.
    to : str
        What it writes: ``"point_j"`` or ``"after"``; ``"x"`` for a stage that only evaluates a force, at x for a
        later stage, and writes nothing.
    value : Expr or None
        What it writes, in terms of `reads`, its force and constants; None where it writes nothing.
    reads : list of str
        Which of ``x``, ``point_j``, ``variable_NAME``, earlier ``force_j`` and ``noise_j`` the values depend on.
    draws : list of int
        Noises that are drawn in this stage.
    others : dict of str to Expr
        What it writes beside that: in the last stage, auxiliary variables after the step.
    """

    at: str
    force: int
    to: str
    value: sympy.Expr | None
    reads: list[str]
    draws: list[int]
    others: dict[str, sympy.Expr] = attrs.field(factory=dict)

    @property
    def values(self) -> dict[str, sympy.Expr]:
        """Everything that it writes, by where."""
        return self.others | ({} if self.value is None else {self.to: self.value})


def stages_of(formula: StepFormula) -> tuple[list[Stage], dict[sympy.Expr, sympy.Symbol]]:
    """Return the stages of a step in order, and the constants that they use, named ``k0``, ``k1``, ...

    An auxiliary variable goes by the name ``variable_NAME`` here.
    """
    named = {symbol: sympy.Symbol(f"variable_{name}", real=True) for name, symbol in formula.variables.items()}
    # a point that is x itself needs nothing to be written
    names = ["x" if point == formula.x else f"point_{j}" for j, point in enumerate(formula.stages)]
    points = {point: sympy.Symbol(at, real=True) for at, point in zip(names, formula.stages, strict=True) if at != "x"}
    varying = frozenset([formula.x, *formula.forces, *formula.noises, *named.values(), *points.values()])
    constants = Constants("k", varying)
    # each stage writes what the next one evaluates its force at; the first force may need a stage of its own before it
    result = points.get(formula.result, formula.result)
    targets = [*zip(names, formula.stages, strict=True), ("after", result)]
    plan = [(at, j, *target) for j, (at, target) in enumerate(zip(names, targets[1:], strict=True))]
    if targets[0][0] != "x":
        plan.insert(0, ("", -1, *targets[0]))
    drawn: set[int] = set()
    stages = []
    for at, force, to, value in plan:
        others = {f"variable_{name}": one for name, one in formula.after.items()} if to == "after" else {}
        if to == "x":
            stages.append(Stage(at, force, to, None, [], []))
            continue
        symbols = value.free_symbols.union(*(one.free_symbols for one in others.values()))
        symbols = {named.get(symbol, symbol) for symbol in symbols}
        draws = [j for j, noise in enumerate(formula.noises) if noise in symbols and j not in drawn]
        drawn.update(draws)
        reads = [str(s) for s in sorted(symbols & varying, key=str) if str(s) != f"force_{force}"]
        value, *rest = (constants.take_out(one.xreplace(named)) for one in (value, *others.values()))
        stages.append(Stage(at, force, to, value, reads, draws, dict(zip(others, rest, strict=True))))
    return stages, constants.expressions
