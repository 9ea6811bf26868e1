"""What thermozoo derives from the formula of a plugin, as lines of mathematics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Integrator, Objective, Plugin, Potential, Protocol
from thermozoo.symbolic.action import transition_density
from thermozoo.symbolic.derive import loss_gradients, potential_formulas
from thermozoo.symbolic.trace import flat_parameters, trace_intensity, trace_step

__all__ = ["derived"]

#: How the symbols that formulas are called with are written.
_SYMBOLS = {
    "dt": r"\Delta t",
    "duration": r"t_f",
    "gradient": r"g",
    "gradient_next": r"g'",
    "kT": r"k_BT",
    "mobility": r"\mu",
    "x_next": r"x'",
}

_ROOTS = re.compile(r"\\sqrt\{([^{}]*)\} \\sqrt\{([^{}]*)\}")


def _names(plugin: Plugin, symbols: dict[str, sympy.Symbol]) -> dict[sympy.Symbol, str]:
    declared = {name: spec.symbol for name, spec, _ in flat_parameters(plugin)}
    return {symbol: declared[name] for name, symbol in symbols.items()}


def _latex(expression: Any, names: dict[sympy.Symbol, str]) -> str:
    known = dict(names)
    for symbol in sympy.sympify(expression).free_symbols:
        name = str(symbol)
        if name.startswith("force_"):
            known[symbol] = f"F_{{{int(name[6:]) + 1}}}"
        elif name.startswith("noise_"):
            known[symbol] = rf"\xi_{{{int(name[6:]) + 1}}}"
        elif name in _SYMBOLS:
            known[symbol] = _SYMBOLS[name]
    text = str(sympy.latex(expression, symbol_names=known))
    while True:  # sympy takes the root of a product apart
        joined = _ROOTS.sub(r"\\sqrt{\1 \2}", text)
        if joined == text:
            return text
        text = joined


def _potential(plugin: Potential) -> Iterator[tuple[str, str]]:
    f = potential_formulas(plugin)
    names = _names(plugin, f.parameters)
    yield "Energy", f"U(x) = {_latex(f.energy, names)}"
    yield "Force", f"-U'(x) = {_latex(sympy.expand(-f.gradient), names)}"
    yield "Curvature", f"U''(x) = {_latex(sympy.simplify(f.curvature), names)}"
    for name, symbol in f.parameters.items():
        left = rf"\frac{{\partial U}}{{\partial {names[symbol]}}}"
        yield f"By {name}", f"{left} = {_latex(f.energy_by_parameter[name], names)}"


def _integrator(plugin: Integrator) -> Iterator[tuple[str, str]]:
    step = trace_step(plugin)
    names = _names(plugin, step.parameters)
    for k, stage in enumerate(step.stages):
        yield f"Stage {k + 1}", f"F_{{{k + 1}}} = -\\partial_i V\\left({_latex(stage, names)}\\right)"
    yield "Step", f"x' = {_latex(step.result, names)}"
    try:
        density = transition_density(plugin)
    except FormulaError:
        return
    yield "Mean of the transition density", f"m(x) = {_latex(density.mean, names)}"
    yield "Variance of the transition density", rf"\sigma^2 = {_latex(density.variance, names)}"
    yield "Action", rf"-\ln p(x' \mid x) = {_latex(density.action, names)} + \text{{const.}}"


def _objective(plugin: Objective) -> Iterator[tuple[str, str]]:
    d = loss_gradients(plugin)
    names = _names(plugin, d.formula.parameters)
    yield "Loss of one unit for one step", rf"\ell = {_latex(d.formula.loss, names)}"
    response = rf"\frac{{\partial \ell}}{{\partial g'}} = {_latex(d.by_gradient_next, names)}"
    yield "Response to the gradient after the step", f"r = {response}"
    response = rf"\frac{{\partial \ell}}{{\partial g}} = {_latex(d.by_gradient, names)}"
    yield "Response to the gradient before the step", f"q = {response}"


def _protocol(plugin: Protocol) -> Iterator[tuple[str, str]]:
    f = trace_intensity(plugin)
    yield "Intensity", f"a(t) = {_latex(f.intensity, _names(plugin, f.parameters))}"


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
