"""The formula of a plugin of any kind, called with the symbols that its kind declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Declaration, Plugin
from thermozoo.interfaces.kind import Request
from thermozoo.interfaces.symbolic_copy import check_names, symbolic_copy
from thermozoo.symbolic.guard import call, scalar_expression, where_written

__all__ = ["Called", "called", "called_if_written", "called_with"]


@attrs.frozen
class Called:
    """What a method of a plugin returned when it was called with symbols.

    Parameters
    ----------
    expression : Expr
        What it returned; of several expressions the first of those that its kind names.
    symbols : dict of str to Symbol
        What it was called with, by name, as its kind declares it.
    requests : dict of str to tuple
        What it asked for, by the name of the request: in order, the symbol that it was given and where it wanted it.
    parameters : dict of str to Symbol
        Symbol of each parameter, by its (dotted) name.
    others : dict of str to Expr
        What it returned beside that.
    """

    expression: sympy.Expr
    symbols: dict[str, sympy.Symbol]
    requests: dict[str, tuple[tuple[sympy.Symbol, Any], ...]]
    parameters: dict[str, sympy.Symbol]
    others: dict[str, sympy.Expr] = attrs.field(factory=dict)


def called(plugin: Plugin) -> Called:
    """Call the formula of a plugin, of a kind that has formulas, with the symbols of its kind.

    Raises
    ------
    FormulaError
        When it does not return one real expression of these symbols and the declared parameters.
    """
    found = called_if_written(plugin, type(plugin).formula_name(), required=True)
    assert found is not None
    return found


def called_if_written(plugin: Plugin, method: str, *, required: bool = False) -> Called | None:
    """Call another method of a plugin like its formula; None where it returns None, unless that is required of it."""
    names = type(plugin).results() if method in type(plugin).declared.formula else ()
    return called_with(plugin, lambda copied: getattr(copied, method), names, required=required)


def called_with(
    plugin: Plugin, method: Callable[[Any], Callable[..., Any]], names: tuple[str, ...] = (), *, required: bool = True
) -> Called | None:
    """Call what a function finds in a plugin's symbolic copy, with the symbols of its kind.

    Parameters
    ----------
    plugin : Plugin
        The plugin.
    method : callable
        Returns what is called, of the symbolic copy.
    names : tuple of str
        What it returns: of several, a mapping with all of these keys; of one or none, an expression.
    required : bool
        Whether None is no answer.
    """
    declared = type(plugin).declared
    owner = type(plugin).__name__
    copied, parameters = symbolic_copy(plugin)
    symbols = {one.name: sympy.Symbol(one.name, **{one.sign: True}) for one in type(plugin).quantities()}
    check_names(owner, parameters, symbols.values())
    requests: dict[str, list[tuple[sympy.Symbol, Any]]] = {one.name: [] for one in declared.requests}
    arguments = [_together(declared, symbols, requests)] if declared.together else list(symbols.values())
    function = method(copied)
    value = call(function, owner, *arguments)
    if value is None and not required:
        return None
    given = [symbol for asked in requests.values() for symbol, _ in asked]
    check_names(owner, parameters, given)
    allowed = {*symbols.values(), *given, *parameters.values()}

    def checked(one: Any) -> sympy.Expr:
        return scalar_expression(one, function, owner, allowed)

    first, *others = _by_name(value, names, f"{owner}.{function.__name__}", where_written(function))
    expressions = [checked(one) for one in (first, *others)]
    answered = {
        name: tuple((symbol, None if at is None else checked(at)) for symbol, at in asked)
        for name, asked in requests.items()
    }
    return Called(expressions[0], symbols, answered, parameters, dict(zip(names[1:], expressions[1:], strict=False)))


def _by_name(value: Any, names: tuple[str, ...], what: str, place: str) -> list[Any]:
    """Return what a formula returned, in the order of the names."""
    if not names or (len(names) == 1 and not isinstance(value, Mapping)):
        return [value]
    wanted = "{" + ", ".join(f'"{name}": ...' for name in names) + "}"
    if not isinstance(value, Mapping):
        raise FormulaError(f"{what} must return {wanted}, got {type(value).__name__} ({place})")
    if {*value} != {*names}:
        raise FormulaError(
            f"{what} must return {wanted}, got the keys {', '.join(map(repr, value)) or 'none'} ({place})"
        )
    return [value[name] for name in names]


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
