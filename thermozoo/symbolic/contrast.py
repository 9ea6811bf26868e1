"""What follows from an objective that compares states of the data with states of the model."""

from __future__ import annotations

import attrs
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Objective
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.called import called
from thermozoo.symbolic.formula import cached_by_formula
from thermozoo.symbolic.guard import where_written

__all__ = ["ContrastGradients", "contrast_gradients", "contrast_weights"]


@attrs.frozen
class ContrastGradients:
    r"""Derivatives of a contrast c by both energies; they depend on neither.

    By the chain rule, the mean of dc/dtheta is ``by_data`` times the mean of dV/dtheta over the data plus ``by_model``
    times that over the model. For a coupling of a pair dV/dJ_ij = x_i x_j, for a bias dV/db_i = x_i.

    Parameters
    ----------
    contrast : Expr
        c.
    by_data, by_model : Expr
        Its derivatives [1 / energy].
    kT : Symbol
        Temperature.
    parameters : dict of str to Symbol
        Symbol of each parameter of the objective.
    """

    contrast: sympy.Expr
    by_data: sympy.Expr
    by_model: sympy.Expr
    kT: sympy.Symbol
    parameters: dict[str, sympy.Symbol]


@cached_by_formula(64)
def contrast_gradients(objective: Objective) -> ContrastGradients:
    """Derive the weights of means over the data and over the model.

    Raises
    ------
    FormulaError
        When the objective is a loss of steps, or its contrast is not linear in both energies.
    """
    if not objective.of_states():
        raise FormulaError(
            f"{objective.name!r} is the loss of a step and compares no states: a Boltzmann machine is trained by a "
            "contrast, such as 'contrastive-divergence'"
        )
    found = called(objective)
    data, model = found.symbols["energy_data"], found.symbols["energy_model"]
    by_data, by_model = (sympy.simplify(sympy.diff(found.expression, energy)) for energy in (data, model))
    if by_data.has(data, model) or by_model.has(data, model):
        raise FormulaError(
            f"{type(objective).__name__}.contrast must be linear in energy_data and energy_model, as means over the "
            f"data and over the model are taken apart, got {found.expression} ({where_written(objective.contrast)})"
        )
    return ContrastGradients(found.expression, by_data, by_model, found.symbols["kT"], found.parameters)


def contrast_weights(objective: Objective, kT: float) -> tuple[float, float]:
    r"""Return what means of dV/dtheta over the data, and over the model, are weighted by in the mean gradient.

    Parameters
    ----------
    objective : Objective
        One that compares states.
    kT : float
        Temperature [energy].

    Raises
    ------
    FormulaError
        When the objective is a loss of steps, or its contrast is not linear in both energies.

    Examples
    --------
    >>> import thermozoo as tz
    >>> tz.contrast_weights(tz.get("contrastive-divergence"), 0.5)
    (2.0, -2.0)
    """
    found = contrast_gradients(objective)
    values = {symbol: values_of(objective)[name] for name, symbol in found.parameters.items()} | {found.kT: kT}
    return float(found.by_data.subs(values)), float(found.by_model.subs(values))
