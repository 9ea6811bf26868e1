"""Formulas in the notation of the documentation."""

from __future__ import annotations

import re
from typing import Any

import sympy

from thermozoo.interfaces import INTERFACES, Plugin
from thermozoo.interfaces.tree import flat_parameters

__all__ = ["formula_latex"]

_ROOTS = re.compile(r"\\sqrt\{([^{}]*)\} \\sqrt\{([^{}]*)\}")


def formula_latex(plugin: Plugin, expression: Any) -> str:
    r"""Return an expression that was derived from a plugin as LaTeX, with parameters as the plugin writes them.

    Examples
    --------
    >>> from thermozoo.symbolic.trace import trace_step
    >>> from thermozoo_plugins.integrators import EulerMaruyama
    >>> print(formula_latex(EulerMaruyama(), trace_step(EulerMaruyama()).result))
    \sqrt{2 \Delta t k_BT \mu} \xi_{1} + \Delta t F_{1} \mu + x
    """
    declared = {name.replace(".", "_"): spec.symbol for name, spec, _ in flat_parameters(plugin)}
    kinds = [interface.declared for interface in INTERFACES.values()]
    # of every kind: what is derived from a step has the state after it, which only an objective is called with
    written = {one.name: one.latex for kind in kinds for one in kind.symbols if one.latex}
    numbered = {one.name: one.latex for kind in kinds for one in kind.requests}  # from zero, and written from one
    known = {}
    for symbol in sympy.sympify(expression).free_symbols:
        name = str(symbol)
        stem, _, number = name.partition("_")
        if name in declared:
            known[symbol] = declared[name]
        elif name in written:
            known[symbol] = written[name]
        elif stem in numbered and number.isdigit():
            known[symbol] = f"{numbered[stem]}_{{{int(number) + 1}}}"
    text = str(sympy.latex(expression, symbol_names=known))
    while True:  # sympy takes the root of a product apart
        joined = _ROOTS.sub(r"\\sqrt{\1 \2}", text)
        if joined == text:
            return text
        text = joined
