"""From one formula to its derivatives: force, curvature, parameter derivatives, gradients of a loss."""

from __future__ import annotations

import attrs
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Objective, Potential
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.calculus import derivative, joined
from thermozoo.symbolic.circle import climb_of_a_turn
from thermozoo.symbolic.defined import check_defined, evaluable
from thermozoo.symbolic.formula import Formula, cached_by_formula
from thermozoo.symbolic.functions import refuse_unknown
from thermozoo.symbolic.guard import where_written
from thermozoo.symbolic.identity import vanishes
from thermozoo.symbolic.smoothness import without_points
from thermozoo.symbolic.trace import EnergyFormula, LossFormula, trace_energy, trace_loss

__all__ = ["LossGradients", "PotentialFormulas", "loss_gradients", "potential_formulas"]


@attrs.frozen
class PotentialFormulas(Formula):
    """Everything that follows from the energy of one unit.

    Parameters
    ----------
    x : Symbol
        State.
    energy, gradient, curvature : Expr
        U, dU/dx, d2U/dx2. Where the force jumps, the curvature is that of either side.
    energy_by_parameter, gradient_by_parameter : dict of str to Expr
        dU/dp and d2U/dxdp, the latter likewise.
    written : Expr
        U as its author writes it.
    climb : Expr or None
        U(x + period) - U(x) of a state on a circle, by which a turn changes the energy: a constant.
    unlifted : PotentialFormulas or None
        The same without the limits that stand for 0 / 0 in the above, where there are any: what is shown.
    """

    x: sympy.Symbol
    energy: sympy.Expr
    gradient: sympy.Expr
    curvature: sympy.Expr
    energy_by_parameter: dict[str, sympy.Expr]
    gradient_by_parameter: dict[str, sympy.Expr]
    written: sympy.Expr
    climb: sympy.Expr | None = None
    unlifted: PotentialFormulas | None = None

    @property
    def plain(self) -> PotentialFormulas:
        """The formulas to show and to evaluate in many digits, which may be 0 / 0 at single states."""
        return self.unlifted or self

    @property
    def linear_parameters(self) -> tuple[str, ...]:
        """Names of the parameters that the energy is linear in, each by itself."""
        return tuple(
            name
            for name, by in self.plain.energy_by_parameter.items()
            if not (by.has(self.parameters[name]) and sympy.simplify(by).has(self.parameters[name]))
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


def potential_formulas(potential: Potential) -> PotentialFormulas:
    """Derive gradient, curvature and parameter derivatives of a potential.

    Raises
    ------
    FormulaError
        When the formula is not symbolic, a gradient that the author wrote is not the derivative of the energy (the
        message shows both), the force on a circle is not the same after a turn, there is no code for a function, or, at
        the potential's own parameters, the energy jumps or energy or force are no numbers at x = 0.
    """
    formulas = _potential_formulas(potential)
    check_defined(potential, formulas, values_of(potential))
    return formulas


@cached_by_formula(256)
def _potential_formulas(potential: Potential) -> PotentialFormulas:
    traced = trace_energy(potential)
    x = traced.x
    energy = joined(without_points(traced.energy, x), x)
    gradient = derivative(energy, x, x)
    if traced.written_gradient is not None:
        _prove(potential, traced, gradient)
        gradient = traced.written_gradient
    curvature = derivative(gradient, x, x)
    by_energy = {name: derivative(energy, p, x) for name, p in traced.parameters.items()}
    by_gradient = {name: derivative(gradient, p, x) for name, p in traced.parameters.items()}
    derived = {"gradient": gradient, "curvature": curvature}
    derived |= {f"derivative by {name}": expression for name, expression in by_energy.items()}
    derived |= {f"gradient's derivative by {name}": expression for name, expression in by_gradient.items()}
    owner, place = type(potential).__name__, where_written(potential.energy)
    for what, expression in derived.items():
        if expression.has(sympy.Derivative, sympy.Subs):
            raise FormulaError(
                f"{owner}: sympy cannot differentiate the energy ({what} is {expression}; {place}). Write it with "
                "differentiable functions."
            )
        refuse_unknown(expression, f"{owner}.energy", place, what)
    plain = PotentialFormulas(
        traced.parameters,
        x,
        energy,
        gradient,
        curvature,
        by_energy,
        by_gradient,
        written=traced.energy,
        climb=climb_of_a_turn(potential, energy, gradient, x),
    )
    lifted = attrs.evolve(
        plain,
        energy=evaluable(energy, x),
        gradient=evaluable(gradient, x),
        curvature=evaluable(curvature, x),
        energy_by_parameter={name: evaluable(e, x) for name, e in by_energy.items()},
        gradient_by_parameter={name: evaluable(e, x) for name, e in by_gradient.items()},
    )
    return plain if lifted == plain else attrs.evolve(lifted, unlifted=plain)


def _prove(potential: Potential, traced: EnergyFormula, derived: sympy.Expr) -> None:
    """Prove the author's gradient equal to the derived one: symbolically, else at 50-digit points."""
    written = traced.written_gradient
    assert written is not None
    if not vanishes(written - derived, derived):
        raise FormulaError(
            f"{type(potential).__name__}.gradient is not the derivative of its energy "
            f"({where_written(potential.gradient)}): written {written}, derived {sympy.simplify(derived)}."
        )


@cached_by_formula(64)
def loss_gradients(objective: Objective) -> LossGradients:
    """Derive the gradients of an objective by the chain rule and find out whether it is quadratic.

    Raises
    ------
    FormulaError
        When the formula is not symbolic, or there is no code for a function in it or in its derivatives.
    """
    formula = trace_loss(objective)
    pair = (formula.gradient, formula.gradient_next)
    by_next = sympy.diff(formula.loss, formula.gradient_next)
    by_here = sympy.diff(formula.loss, formula.gradient)
    name, place = f"{type(objective).__name__}.step_loss", where_written(objective.step_loss)
    for symbol, expression in ((formula.gradient_next, by_next), (formula.gradient, by_here)):
        refuse_unknown(expression, name, place, f"derivative by {symbol}")
    expanded = sympy.expand(formula.loss)
    quadratic = expanded.is_polynomial(*pair) and sympy.Poly(expanded, *pair).total_degree() <= 2
    return LossGradients(
        formula=formula,
        by_gradient_next=sympy.simplify(by_next),
        by_gradient=sympy.simplify(by_here),
        quadratic=bool(quadratic),
    )
