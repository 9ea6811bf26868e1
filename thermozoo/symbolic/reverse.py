r"""Whether an objective is the action of the reverse of an observed step.

The action of a normal transition density, (x' - m(x))^2 / (2 variance), is :math:`\xi^2 / 2` along its own steps, one
half in the mean. A loss of an observed step x -> x' that equals the action of the step x' -> x is therefore 1/2 a unit
and step, in the mean, for the computer whose dynamics is the exact reverse. For any other loss that mean is unknown.
"""

from __future__ import annotations

import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Integrator, Objective, Plugin
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.action import transition_density
from thermozoo.symbolic.derive import loss_gradients

__all__ = ["is_reverse_action"]


def is_reverse_action(objective: Objective, integrator: Integrator) -> bool:
    """Tell whether the loss of a step x -> x' is, for all states and forces, the integrator's action of x' -> x.

    False where the integrator has no closed transition density or evaluates the force elsewhere than where its step
    starts, for then the action is not a function of the gradient at x' alone.

    Examples
    --------
    >>> from thermozoo.symbolic.reverse import is_reverse_action
    >>> from thermozoo_plugins.integrators import EulerMaruyama, StochasticHeun
    >>> from thermozoo_plugins.objectives import ReverseLikelihood
    >>> [is_reverse_action(ReverseLikelihood(), scheme) for scheme in (EulerMaruyama(), StochasticHeun())]
    [True, False]
    """
    try:
        density = transition_density(integrator)
    except FormulaError:
        return False
    if density.after:
        return False  # a loss is one of states alone
    step, formula = density.step, loss_gradients(objective).formula
    if any(sympy.simplify(stage - step.x) != 0 for stage in step.stages):
        return False
    own = [
        (objective, formula.parameters, formula.loss),
        (integrator, step.parameters, density.action),
    ]
    if any(not isinstance(value, int | float) for plugin, _, _ in own for value in values_of(plugin).values()):
        return False  # one value per unit: there is no common formula to compare
    loss, action = (_with_values(plugin, symbols, expression) for plugin, symbols, expression in own)
    reverse = action.xreplace(
        {step.x: formula.x_next, density.x_next: formula.x, **dict.fromkeys(step.forces, -formula.gradient_next)}
    )
    return bool(sympy.simplify(loss - reverse) == 0)


def _with_values(plugin: Plugin, symbols: dict[str, sympy.Symbol], expression: sympy.Expr) -> sympy.Expr:
    """Return an expression with a plugin's parameter values, as they are written and not as binary fractions."""
    values = {symbols[name]: sympy.Rational(str(value)) for name, value in values_of(plugin).items()}
    result: sympy.Expr = expression.xreplace(values)
    return result
