"""Symbolic copies of plugins: their parameters are symbols."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces.tree import flat_parameters, with_values
from thermozoo.parameters import Parameter

__all__ = ["check_names", "symbolic_copy"]


def _symbol(name: str, spec: Parameter) -> sympy.Symbol:
    low = spec.above if spec.above is not None else spec.at_least
    high = spec.below if spec.below is not None else spec.at_most
    assumptions: dict[str, bool] = {"real": True}
    if low is not None and low >= 0:
        assumptions["positive" if low > 0 or spec.above is not None else "nonnegative"] = True
    if high is not None and high <= 0:
        assumptions["negative" if high < 0 or spec.below is not None else "nonpositive"] = True
    return sympy.Symbol(name.replace(".", "_"), **assumptions)


def symbolic_copy(plugin: Any) -> tuple[Any, dict[str, sympy.Symbol]]:
    """Return a symbolic copy of `plugin` whose parameters are symbols, and the symbols by dotted name."""
    symbols = {name: _symbol(name, spec) for name, spec, _ in flat_parameters(plugin)}
    return with_values(plugin, symbols), symbols


def check_names(owner: str, symbols: dict[str, sympy.Symbol], taken: Iterable[sympy.Symbol]) -> None:
    """Check that no parameter's symbol is one of the formula's own, or that of another parameter.

    Raises
    ------
    FormulaError
        When one is.
    """
    own = {str(s) for s in taken}
    seen: dict[str, str] = {}
    for name, symbol in symbols.items():
        if str(symbol) in own:
            raise FormulaError(
                f"{owner} calls a parameter {name!r}, but in its formula {symbol} is a symbol of thermozoo's own "
                f"({', '.join(sorted(own))}): rename the parameter"
            )
        if str(symbol) in seen:
            raise FormulaError(
                f"{owner}: the parameters {seen[str(symbol)]!r} and {name!r} would both be {symbol} in formulas: "
                "rename one"
            )
        seen[str(symbol)] = name
