"""Formulas in the notation of the documentation."""

from __future__ import annotations

import re
from typing import Any

import sympy

from thermozoo.interfaces import Plugin
from thermozoo.interfaces.tree import flat_parameters

__all__ = ["formula_latex"]

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

#: Symbols that are numbered from zero, and written from one.
_NUMBERED = {"force": "F", "noise": r"\xi"}

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
    known = {}
    for symbol in sympy.sympify(expression).free_symbols:
        name = str(symbol)
        stem, _, number = name.partition("_")
        if name in declared:
            known[symbol] = declared[name]
        elif name in _SYMBOLS:
            known[symbol] = _SYMBOLS[name]
        elif stem in _NUMBERED and number.isdigit():
            known[symbol] = f"{_NUMBERED[stem]}_{{{int(number) + 1}}}"
    text = str(sympy.latex(expression, symbol_names=known))
    while True:  # sympy takes the root of a product apart
        joined = _ROOTS.sub(r"\\sqrt{\1 \2}", text)
        if joined == text:
            return text
        text = joined
