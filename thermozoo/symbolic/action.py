"""The transition density of an integrator: solve the step for its noise.

A step that is linear in its noise, x' = m(x) + sum_k c_k xi_k, has a normal transition density with mean m and
variance sum_k c_k^2. For Euler-Maruyama the exponent is the Onsager-Machlup action
(x' - x - mu F dt)^2 / (4 mu kT dt).
"""

from __future__ import annotations

import attrs
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Integrator
from thermozoo.symbolic.trace import StepFormula, trace_step

__all__ = ["TransitionDensity", "transition_density"]


@attrs.frozen
class TransitionDensity:
    """Normal transition density of one unit for one step.

    Parameters
    ----------
    step : StepFormula
        The step that it was derived from.
    x_next : Symbol
        State after the step.
    mean, variance : Expr
        Of `x_next`, in terms of the step's symbols and forces.
    action : Expr
        (x' - mean)^2 / (2 variance), a pure number.
    log_density : Expr
        -action - ln(2 pi variance) / 2.
    """

    step: StepFormula
    x_next: sympy.Symbol
    mean: sympy.Expr
    variance: sympy.Expr
    action: sympy.Expr
    log_density: sympy.Expr


def transition_density(integrator: Integrator) -> TransitionDensity:
    """Derive the transition density of an integrator that is linear in its noise.

    Raises
    ------
    FormulaError
        When the step is not linear in its noise, evaluates a force at a noisy position, or uses no noise at all.
    """
    step = trace_step(integrator)
    name = type(integrator).__name__
    if step.uniforms:
        raise FormulaError(f"{name} draws uniform numbers: its step has no closed transition density.")
    noises = set(step.noises)
    if any(stage.free_symbols & noises for stage in step.stages):
        raise FormulaError(
            f"{name} evaluates a force at a position that depends on the noise: its step is not linear in the "
            f"noise and has no closed transition density."
        )
    coefficients = [sympy.diff(step.result, noise) for noise in step.noises]
    if any(c.free_symbols & noises for c in coefficients):
        raise FormulaError(f"{name}.step is not linear in its noise: it has no closed transition density.")
    variance = sympy.simplify(sum((c**2 for c in coefficients), sympy.Integer(0)))
    if variance == 0:
        raise FormulaError(f"{name}.step uses no noise: its transition density is a delta function.")
    x_next = sympy.Symbol("x_next", real=True)
    mean = step.result.subs(dict.fromkeys(noises, 0))
    action = (x_next - mean) ** 2 / (2 * variance)
    return TransitionDensity(
        step=step,
        x_next=x_next,
        mean=mean,
        variance=variance,
        action=action,
        log_density=-action - sympy.log(2 * sympy.pi * variance) / 2,
    )
