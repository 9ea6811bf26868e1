"""What thermozoo derives from the formula of a plugin, as lines of mathematics."""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Integrator, Objective, Plugin, Potential, Protocol
from thermozoo.symbolic.action import transition_density
from thermozoo.symbolic.derive import loss_gradients, potential_formulas
from thermozoo.symbolic.latex import formula_latex
from thermozoo.symbolic.trace import trace_intensity, trace_step

__all__ = ["derived"]


def _potential(plugin: Potential) -> Iterator[tuple[str, str]]:
    f = potential_formulas(plugin)
    yield "Energy", f"U(x) = {formula_latex(plugin, f.energy)}"
    yield "Force", f"-U'(x) = {formula_latex(plugin, sympy.expand(-f.gradient))}"
    yield "Curvature", f"U''(x) = {formula_latex(plugin, sympy.simplify(f.curvature))}"
    for name, symbol in f.parameters.items():
        left = rf"\frac{{\partial U}}{{\partial {formula_latex(plugin, symbol)}}}"
        yield f"By {name}", f"{left} = {formula_latex(plugin, f.energy_by_parameter[name])}"


def _integrator(plugin: Integrator) -> Iterator[tuple[str, str]]:
    step = trace_step(plugin)
    for k, stage in enumerate(step.stages):
        yield f"Stage {k + 1}", f"F_{{{k + 1}}} = -\\partial_i V\\left({formula_latex(plugin, stage)}\\right)"
    yield "Step", f"x' = {formula_latex(plugin, step.result)}"
    try:
        density = transition_density(plugin)
    except FormulaError:
        return
    yield "Mean of the transition density", f"m(x) = {formula_latex(plugin, density.mean)}"
    yield "Variance of the transition density", rf"\sigma^2 = {formula_latex(plugin, density.variance)}"
    yield "Action", rf"-\ln p(x' \mid x) = {formula_latex(plugin, density.action)} + \text{{const.}}"


def _objective(plugin: Objective) -> Iterator[tuple[str, str]]:
    d = loss_gradients(plugin)
    yield "Loss of one unit for one step", rf"\ell = {formula_latex(plugin, d.formula.loss)}"
    response = rf"\frac{{\partial \ell}}{{\partial g'}} = {formula_latex(plugin, d.by_gradient_next)}"
    yield "Response to the gradient after the step", f"r = {response}"
    response = rf"\frac{{\partial \ell}}{{\partial g}} = {formula_latex(plugin, d.by_gradient)}"
    yield "Response to the gradient before the step", f"q = {response}"


def _protocol(plugin: Protocol) -> Iterator[tuple[str, str]]:
    f = trace_intensity(plugin)
    yield "Intensity", f"a(t) = {formula_latex(plugin, f.intensity)}"


def derived(plugin: Plugin) -> list[tuple[str, str]]:
    """Return (name, LaTeX) of everything that follows from the plugin's formula."""
    if isinstance(plugin, Potential):
        return list(_potential(plugin))
    if isinstance(plugin, Integrator):
        return list(_integrator(plugin))
    if isinstance(plugin, Objective):
        return list(_objective(plugin))
    if isinstance(plugin, Protocol):
        return list(_protocol(plugin))
    return []
