"""From one formula to its derivatives: force, curvature, parameter derivatives, gradients of a loss."""

from __future__ import annotations

import functools
import random
import sys
from typing import Any

import attrs
import numpy as np
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Objective, Plugin, Potential
from thermozoo.parameters import fields_of, parameters_of
from thermozoo.symbolic.guard import where_written
from thermozoo.symbolic.stable import with_tanh
from thermozoo.symbolic.trace import (
    EnergyFormula,
    LossFormula,
    trace_energy,
    trace_loss,
)

__all__ = ["LossGradients", "PotentialFormulas", "formula_key", "loss_gradients", "potential_formulas"]


@attrs.frozen
class PotentialFormulas:
    """Everything that follows from the energy of one unit.

    Parameters
    ----------
    x : Symbol
        State.
    parameters : dict of str to Symbol
        Parameter symbols by dotted name.
    energy, gradient, curvature : Expr
        U, dU/dx, d2U/dx2. Where the force jumps, the curvature is that of either side.
    energy_by_parameter, gradient_by_parameter : dict of str to Expr
        dU/dp and d2U/dxdp, the latter likewise.
    """

    x: sympy.Symbol
    parameters: dict[str, sympy.Symbol]
    energy: sympy.Expr
    gradient: sympy.Expr
    curvature: sympy.Expr
    energy_by_parameter: dict[str, sympy.Expr]
    gradient_by_parameter: dict[str, sympy.Expr]

    @property
    def linear_parameters(self) -> tuple[str, ...]:
        """Names of the parameters that the energy is linear in, each by itself."""
        return tuple(
            name
            for name, derivative in self.energy_by_parameter.items()
            if not sympy.simplify(derivative).has(self.parameters[name])
        )


@attrs.frozen
class LossGradients:
    """Derivatives of the loss of one unit for one step.

    With g_i = dV/dx_i(x) and g'_i = dV/dx_i(x'), the chain rule gives for a coupling, a bias and an on-site parameter
    p:

        dl/dJ_ij = r_i x'_j + r_j x'_i + q_i x_j + q_j x_i
        dl/db_i  = r_i + q_i
        dl/dp_i  = r_i d2U/dxdp(x'_i) + q_i d2U/dxdp(x_i)          r = dl/dg', q = dl/dg

    Parameters
    ----------
    formula : LossFormula
        The loss.
    by_gradient_next, by_gradient : Expr
        r and q.
    quadratic : bool
        Whether l is a quadratic polynomial in (g, g'), and therefore in couplings and biases: found symbolically.
    """

    formula: LossFormula
    by_gradient_next: sympy.Expr
    by_gradient: sympy.Expr
    quadratic: bool


def formula_key(plugin: Plugin) -> tuple[Any, ...]:
    """Return what fixes a plugin's formula: its class and its settings, but no parameter value."""
    names = {p.name for p in parameters_of(plugin)}
    settings: list[Any] = []
    for field in fields_of(plugin):
        if field.name in names:
            continue
        value = getattr(plugin, field.name)
        settings.append((field.name, formula_key(value) if isinstance(value, Plugin) else _written_out(value)))
    return (type(plugin), *settings)


def _written_out(value: Any) -> str:
    """Return a setting as text; arrays in it with every entry and every digit."""
    with np.printoptions(threshold=sys.maxsize, floatmode="unique", precision=None):
        return repr(value)


class _Keyed:
    """A plugin that compares by its formula, so that derivations are cached by formula."""

    def __init__(self, plugin: Any) -> None:
        self.plugin = plugin
        self.key = formula_key(plugin)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def potential_formulas(potential: Potential) -> PotentialFormulas:
    """Derive gradient, curvature and parameter derivatives of a potential.

    Raises
    ------
    FormulaError
        When the formula is not symbolic, or a gradient that the author wrote is not the derivative of the energy; the
        message shows both.
    """
    return _potential_formulas(_Keyed(potential))


@functools.lru_cache(maxsize=256)
def _potential_formulas(keyed: _Keyed) -> PotentialFormulas:
    potential: Potential = keyed.plugin
    traced = trace_energy(potential)
    x = traced.x
    gradient = with_tanh(sympy.diff(traced.energy, x))
    if traced.written_gradient is not None:
        _prove(potential, traced, gradient)
        gradient = traced.written_gradient
    if _jumps(traced.energy, x):
        raise FormulaError(
            f"{type(potential).__name__}: the energy jumps, so that its force is infinite (gradient {gradient}; "
            f"{where_written(potential.energy)}). Write a continuous energy."
        )
    gradient = _away_from_jumps(gradient, x)
    curvature = with_tanh(_away_from_jumps(sympy.diff(gradient, x), x))
    for what, expression in (("gradient", gradient), ("curvature", curvature)):
        if expression.has(sympy.Derivative, sympy.Subs):
            raise FormulaError(
                f"{type(potential).__name__}: sympy cannot differentiate the energy ({what} is {expression}; "
                f"{where_written(potential.energy)}). Write it with differentiable functions."
            )
    return PotentialFormulas(
        x=x,
        parameters=traced.parameters,
        energy=traced.energy,
        gradient=gradient,
        curvature=curvature,
        energy_by_parameter={name: sympy.diff(traced.energy, p) for name, p in traced.parameters.items()},
        gradient_by_parameter={
            name: _away_from_jumps(sympy.diff(gradient, p), x) for name, p in traced.parameters.items()
        },
    )


def _jumps(expression: sympy.Expr, x: sympy.Symbol) -> bool:
    """Whether an expression has a jump: its derivative has a delta function whose factor does not vanish there."""
    derivative = sympy.diff(expression, x)
    for delta in derivative.atoms(sympy.DiracDelta):
        height = sympy.Dummy()
        factor = sympy.diff(derivative.xreplace({delta: height}), height)
        try:
            places = sympy.solve(delta.args[0], x)
        except NotImplementedError:
            return True
        if len(delta.args) > 1 or any(sympy.simplify(factor.subs(x, place)) != 0 for place in places):
            return True
    return False


def _away_from_jumps(derivative: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
    """Return a derivative without what it is at the single states where the differentiated function jumps."""
    smooth = derivative.replace(sympy.DiracDelta, lambda *arguments: sympy.Integer(0))
    # a step function is its own power on either side of its edge
    smooth = smooth.replace(
        lambda e: e.is_Pow and isinstance(e.base, sympy.Heaviside) and e.exp.is_positive, lambda power: power.base
    )
    # sign(x)^2 is 1 on either side of zero, and so is the curvature of a smooth energy of Abs(x) at zero itself
    return smooth.replace(
        lambda e: e.is_Pow and isinstance(e.base, sympy.sign) and e.exp.is_even and _single_zeros(e.base.args[0], x),
        lambda power: sympy.Integer(1),
    )


def _single_zeros(expression: sympy.Expr, x: sympy.Symbol) -> bool:
    """Whether an expression is a polynomial of x that is not zero over a whole interval."""
    return bool(expression.has(x) and expression.is_polynomial(x))


def _prove(potential: Potential, traced: EnergyFormula, derived: sympy.Expr) -> None:
    """Prove the author's gradient equal to the derived one: symbolically, else at 50-digit points."""
    written = traced.written_gradient
    assert written is not None
    difference = sympy.simplify(written - derived)
    if difference == 0:
        return
    # simplify is no decision procedure: a difference that it cannot reduce is judged at exact points
    draw = random.Random(20260121)
    symbols = sorted(difference.free_symbols | derived.free_symbols, key=str)
    for _ in range(64):
        point = {s: _draw(s, draw) for s in symbols}
        gap = abs(difference.evalf(50, subs=point))
        scale = 1 + abs(derived.evalf(50, subs=point))
        if not (gap.is_number and bool(gap / scale < sympy.Float("1e-30", 50))):
            raise FormulaError(
                f"{type(potential).__name__}.gradient is not the derivative of its energy "
                f"({where_written(potential.gradient)}): written {written}, derived {sympy.simplify(derived)}."
            )


def _draw(symbol: sympy.Symbol, draw: random.Random) -> sympy.Rational:
    value = sympy.Rational(draw.randint(1, 3000), 1000)
    if symbol.is_negative or symbol.is_nonpositive:
        return -value
    if symbol.is_positive or symbol.is_nonnegative:
        return value
    return value if draw.random() < 0.5 else -value


def loss_gradients(objective: Objective) -> LossGradients:
    """Derive the gradients of an objective by the chain rule and find out whether it is quadratic.

    Raises
    ------
    FormulaError
        When the formula is not symbolic.
    """
    return _loss_gradients(_Keyed(objective))


@functools.lru_cache(maxsize=64)
def _loss_gradients(keyed: _Keyed) -> LossGradients:
    formula = trace_loss(keyed.plugin)
    pair = (formula.gradient, formula.gradient_next)
    by_next = sympy.diff(formula.loss, formula.gradient_next)
    by_here = sympy.diff(formula.loss, formula.gradient)
    expanded = sympy.expand(formula.loss)
    quadratic = expanded.is_polynomial(*pair) and sympy.Poly(expanded, *pair).total_degree() <= 2
    return LossGradients(
        formula=formula,
        by_gradient_next=sympy.simplify(by_next),
        by_gradient=sympy.simplify(by_here),
        quadratic=bool(quadratic),
    )
