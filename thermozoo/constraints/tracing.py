"""From what an author states, called with symbols, to constraints; or what is wrong with it."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean, BooleanAtom

from thermozoo.constraints.relation import Constraint
from thermozoo.errors import FormulaError, ThermozooError, nearest
from thermozoo.interfaces.plugin import Plugin
from thermozoo.interfaces.symbolic_copy import symbolic_copy
from thermozoo.interfaces.tree import members
from thermozoo.parameters import fields_of, parameters_of

__all__ = ["constraints_of", "constraints_of_class", "own_constraints"]

_HOW = "a constraint is a relation with <, <=, > or >=, or sympy.Ne, joined by & and |"


def constraints_of(plugin: Plugin) -> tuple[Constraint, ...]:
    """Return the constraints of a plugin and of the plugins that it holds.

    Raises
    ------
    FormulaError
        When it states something that is no relation of its parameters.

    Examples
    --------
    >>> from thermozoo_plugins.potentials import Quartic
    >>> constraints_of(Quartic())
    ()
    """
    return _traced(plugin, whole=True)


def own_constraints(plugin: Plugin) -> tuple[Constraint, ...]:
    """Return the constraints that a plugin itself states, in the order in which it states them.

    Raises
    ------
    FormulaError
        When it states something that is no relation of its parameters.
    """
    return _traced(plugin, whole=False)


def constraints_of_class(cls: Any) -> tuple[Constraint, ...]:
    """Return the constraints of a plugin class with its default settings; none where it needs settings.

    Raises
    ------
    FormulaError
        When it states something that is no relation of its parameters.
    """
    if any(f.init and f.default is attrs.NOTHING for f in fields_of(cls)):
        return ()
    return constraints_of(cls())


def _traced(plugin: Plugin, *, whole: bool) -> tuple[Constraint, ...]:
    if not _stating(plugin, whole):
        return ()
    copied, symbols = symbolic_copy(plugin)
    stated = [(one, k, relation) for one in _stating(copied, whole) for k, relation in enumerate(_relations(one))]
    return tuple(_constraint(one, k, relation, symbols) for one, k, relation in stated)


def _stating(plugin: Plugin, whole: bool) -> list[Plugin]:
    """Return which of a plugin and, of the whole, those that it holds state constraints."""
    tree = [one for _, one in members(plugin)] if whole else [plugin]
    return [one for one in tree if type(one).constraints is not Plugin.constraints]


def _relations(copied: Any) -> list[Any]:
    """Call an author's method with symbols."""
    method = copied.constraints
    owner = type(copied).__name__
    if not callable(method):
        raise FormulaError(f"{owner}.constraints must be the method that returns relations of parameters, got a field")
    try:
        stated = method()
        if stated is None:
            raise FormulaError(f"{owner}.constraints returned None ({_place(copied)}): return the list of relations")
        return [stated] if isinstance(stated, (Boolean, bool)) else list(stated)
    except ThermozooError:
        raise
    except Exception as error:
        raise FormulaError(f"{owner}.constraints {_explained(copied, error)} ({_place(copied, error)})") from error


def _place(copied: Any, error: BaseException | None = None) -> str:
    """Return ``file, line n`` of the method, or of the line of it that raised."""
    code = getattr(inspect.unwrap(type(copied).constraints), "__code__", None)
    if code is None:
        return "unknown place"
    frames = traceback.extract_tb(error.__traceback__) if error else []
    lines = [f.lineno for f in frames if f.filename == code.co_filename]
    return f"{code.co_filename}, line {lines[-1] if lines else code.co_firstlineno}"


def _explained(copied: Any, error: Exception) -> str:
    own = [p.name for p in parameters_of(copied)]
    if "truth value" in str(error):
        return (
            "asks a relation of symbols for its truth: return several relations, or join them with & and |, instead "
            "of a < b < c, and, or, not, max, min, if"
        )
    if isinstance(error, NameError) or (isinstance(error, AttributeError) and error.obj is copied):
        return (
            f"names {error.name!r}, which is no parameter{nearest(str(error.name), own)}; a constraint is a relation "
            f"of the parameters, written as self.NAME: {', '.join(own) or 'none'}"
        )
    return f"raised {type(error).__name__}: {error}; use arithmetic and sympy's functions, {_HOW}"


def _constraint(copied: Any, k: int, relation: Any, symbols: Mapping[str, Any]) -> Constraint:
    """Return what an author stated as a constraint, or say what is wrong with it."""
    title = f"constraint {k + 1} of {type(copied).__name__}"
    place = _place(copied)
    if isinstance(relation, (bool, np.bool_, BooleanAtom)):
        raise FormulaError(
            f"{title} is always {str(bool(relation)).lower()} within the declared bounds ({place}): {_HOW}; == and != "
            "compare formulas, not values"
        )
    if not isinstance(relation, Boolean) or isinstance(relation, sympy.Symbol):
        raise FormulaError(f"{title} is {relation}, no relation ({place}): {_HOW}")
    strange = relation.free_symbols - set(symbols.values())
    if strange:
        raise FormulaError(
            f"{title} depends on undeclared symbols: {', '.join(sorted(map(str, strange)))} ({place}); a constraint is "
            f"a relation of the parameters only, not of the state: {', '.join(symbols) or 'none'}"
        )
    relation = sympy.to_nnf(relation, simplify=False)
    if relation.has(sympy.Eq):
        raise FormulaError(
            f"{title} is an equation, {relation} ({place}): numbers are rounded and would break it; declare one "
            "parameter less and compute what follows from the others"
        )
    odd = [node for node in _nodes(relation) if not isinstance(node, Relational)]
    if odd:
        raise FormulaError(f"{title} contains {odd[0]} ({place}): {_HOW}")
    taking_part = {name: symbol for name, symbol in symbols.items() if relation.has(symbol)}
    return Constraint(owner=str(copied.name), relation=relation, symbols=taking_part)


def _nodes(relation: Any) -> Iterator[Any]:
    """Yield what And and Or join."""
    if isinstance(relation, (sympy.And, sympy.Or)):
        for one in relation.args:
            yield from _nodes(one)
    else:
        yield relation
