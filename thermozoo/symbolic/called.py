"""The formula of a plugin of any kind, called with the symbols that its kind declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import sympy

from thermozoo.interfaces import Declaration, Plugin
from thermozoo.interfaces.kind import Request
from thermozoo.interfaces.symbolic_copy import check_names, symbolic_copy
from thermozoo.symbolic.guard import call, scalar_expression

__all__ = ["Called", "called", "called_if_written"]


@attrs.frozen
class Called:
    """What a method of a plugin returned when it was called with symbols.

    Parameters
    ----------
    expression : Expr
        What it returned.
    symbols : dict of str to Symbol
        What it was called with, by name, as its kind declares it.
    requests : dict of str to tuple
        What it asked for, by the name of the request: in order, the symbol that it was given and where it wanted it.
    parameters : dict of str to Symbol
        Symbol of each parameter, by its (dotted) name.
    """

    expression: sympy.Expr
    symbols: dict[str, sympy.Symbol]
    requests: dict[str, tuple[tuple[sympy.Symbol, Any], ...]]
    parameters: dict[str, sympy.Symbol]


def called(plugin: Plugin) -> Called:
    """Call the formula of a plugin, of a kind that has formulas, with the symbols of its kind.

    Raises
    ------
    FormulaError
        When it does not return one real expression of these symbols and the declared parameters.
    """
    found = called_if_written(plugin, type(plugin).declared.formula[0], required=True)
    assert found is not None
    return found


def called_if_written(plugin: Plugin, method: str, *, required: bool = False) -> Called | None:
    """Call another method of a plugin like its formula; None where it returns None, unless that is required of it."""
    declared = type(plugin).declared
    owner = type(plugin).__name__
    copied, parameters = symbolic_copy(plugin)
    symbols = {one.name: sympy.Symbol(one.name, **{one.sign: True}) for one in type(plugin).quantities()}
    check_names(owner, parameters, symbols.values())
    requests: dict[str, list[tuple[sympy.Symbol, Any]]] = {one.name: [] for one in declared.requests}
    arguments = [_together(declared, symbols, requests)] if declared.together else list(symbols.values())
    function = getattr(copied, method)
    value = call(function, owner, *arguments)
    if value is None and not required:
        return None
    given = [symbol for asked in requests.values() for symbol, _ in asked]
    check_names(owner, parameters, given)
    allowed = {*symbols.values(), *given, *parameters.values()}

    def checked(one: Any) -> sympy.Expr:
        return scalar_expression(one, function, owner, allowed)

    expression = checked(value)
    answered = {
        name: tuple((symbol, None if at is None else checked(at)) for symbol, at in asked)
        for name, asked in requests.items()
    }
    return Called(expression, symbols, answered, parameters)


def _together(kind: Declaration, symbols: dict[str, Any], requests: dict[str, list[tuple[sympy.Symbol, Any]]]) -> Any:
    """Return an object that has the symbols as attributes and the requests as methods."""
    methods = {one.name: _method(one, requests[one.name]) for one in kind.requests}
    found = type("Symbols", (), methods)()
    vars(found).update(symbols)
    return found


def _method(request: Request, asked: list[tuple[sympy.Symbol, Any]]) -> Callable[..., sympy.Symbol]:
    """Return the method of a request, which keeps what it gave; its signature is what an author's error shows."""

    def given(at: Any) -> sympy.Symbol:
        asked.append((sympy.Symbol(f"{request.name}_{len(asked)}", real=True), at))
        return asked[-1][0]

    def at_a_place(self: Any, at: Any) -> sympy.Symbol:
        return given(sympy.sympify(at))

    def anywhere(self: Any) -> sympy.Symbol:
        return given(None)

    method: Callable[..., sympy.Symbol] = at_a_place if request.at else anywhere
    method.__name__ = method.__qualname__ = request.name
    return method
