r"""How the auxiliary variables of an integrator start: from what the author says, or from their Boltzmann distribution.

A kinetic energy that is quadratic, :math:`E(v) = E''\, v^2 / 2`, makes v normal with variance :math:`k_B T / E''`.
"""

from __future__ import annotations

import attrs
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Integrator
from thermozoo.symbolic.called import Called, called_with
from thermozoo.symbolic.trace import StepFormula, trace_step

__all__ = ["Start", "starts_of"]


@attrs.frozen
class Start:
    """An auxiliary variable before the first step, as a normal number.

    Parameters
    ----------
    mean, spread : Expr
        Its mean and standard deviation, in terms of the symbols of the step.
    """

    mean: sympy.Expr
    spread: sympy.Expr


def starts_of(integrator: Integrator) -> tuple[StepFormula, dict[str, Start]]:
    """Return the step of an integrator, and how each of its auxiliary variables starts.

    Raises
    ------
    FormulaError
        When the author does not say, and no quadratic kinetic energy does; or what is said is no number that depends
        linearly on one noise.

    Examples
    --------
    >>> from thermozoo_plugins.integrators import Baoab
    >>> starts_of(Baoab())[1]["v"].spread
    sqrt(kT)/sqrt(mass)
    """
    step = trace_step(integrator)
    found = {}
    for name, variable in type(integrator).variables.items():
        if variable.start is None:
            found[name] = _boltzmann(type(integrator).__name__, step, name)
        elif callable(variable.start):
            found[name] = _stated(integrator, name)
        else:
            found[name] = Start(sympy.Float(variable.start), sympy.Integer(0))
    return step, found


def _boltzmann(owner: str, step: StepFormula, name: str) -> Start:
    symbol = step.variables[name]
    stiffness = sympy.simplify(sympy.diff(step.kinetic, symbol, 2))
    slope_at_zero = sympy.simplify(sympy.diff(step.kinetic, symbol).subs(symbol, 0))
    if stiffness == 0 or stiffness.free_symbols & {*step.variables.values()} or slope_at_zero != 0:
        raise FormulaError(
            f"{owner} does not say how {name} starts: expected energy(s) to be quadratic in s.{name}, of which its "
            f"Boltzmann distribution follows, or Variable(start=...), got the energy {step.kinetic}"
        )
    return Start(sympy.Integer(0), sympy.sqrt(step.kT / stiffness))


def _stated(integrator: Integrator, name: str) -> Start:
    variable = type(integrator).variables[name]

    def start(copied: Integrator) -> object:
        return lambda s: variable.start(copied, s)  # type: ignore[misc,operator]

    said = called_with(integrator, start)  # type: ignore[arg-type]
    assert isinstance(said, Called)
    noises = [symbol for symbol, _ in said.requests["noise"]]
    spread = sum((sympy.diff(said.expression, noise) for noise in noises), sympy.Integer(0))
    strange = (spread.free_symbols & {*noises}) or len(noises) > 1 or said.requests["force"]
    if strange or said.expression.has(said.symbols["x"], *(said.symbols[n] for n in type(integrator).variables)):
        raise FormulaError(
            f"{type(integrator).__name__}: the start of {name} must be an expression of parameters, mobility, kT, dt "
            f"and at most one s.noise(), in which it is linear, got {said.expression}"
        )
    return Start(said.expression.subs(dict.fromkeys(noises, 0)), spread)
