"""Calling an author's methods, formulas with symbols, and saying clearly what is wrong when that fails."""

from __future__ import annotations

import inspect
import linecache
import re
import sys
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

import sympy
from attrs.exceptions import FrozenError

from thermozoo.errors import FormulaError, PluginError, ThermozooError, nearest
from thermozoo.interfaces import Plugin
from thermozoo.parameters import parameters_of
from thermozoo.symbolic.functions import in_known_functions, refuse_unknown
from thermozoo.symbolic.time_limit import time_limit

__all__ = ["ask", "call", "scalar_expression", "where_written"]

#: Seconds after which a formula that has not returned is taken to loop for ever.
TIME_LIMIT = 20.0

#: What sympy writes otherwise than the numeric modules that authors reach for first.
_RENAMED = {
    "abs": "Abs",
    "absolute": "Abs",
    "fabs": "Abs",
    "maximum": "Max",
    "minimum": "Min",
    "power": "Pow",
    "arctan": "atan",
    "arcsin": "asin",
    "arccos": "acos",
    "arctanh": "atanh",
    "arcsinh": "asinh",
    "where": "Piecewise",
    "heaviside": "Heaviside",
    "max": "Max",
    "min": "Min",
    "expm1": "exp(x) - 1",
    "log1p": "log(1 + x)",
    "log2": "log(x, 2)",
    "log10": "log(x, 10)",
    "clip": "Min(sympy.Max(x, low), high)",
}

#: Modules that a formula may name without having imported them.
_MODULES = ("sympy", "sp", "np", "numpy", "math", "scipy", "special", "jnp", "torch")


def where_written(method: Callable[..., Any]) -> str:
    """Return ``file, line n`` of a method."""
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return f"{code.co_filename}, line {code.co_firstlineno}" if code else "unknown place"


def _raised_at(method: Callable[..., Any], error: BaseException) -> tuple[str, str]:
    """Return ``file, line n`` of an error, the innermost line of the method's own file, and that line's source."""
    code = getattr(method, "__func__", method).__code__
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == code.co_filename]
    line = frames[-1].lineno if frames else code.co_firstlineno
    return f"{code.co_filename}, line {line}", linecache.getline(code.co_filename, line or 0).strip()


def _explain(method: Callable[..., Any], owner: str, error: BaseException) -> FormulaError:
    """Turn whatever a formula raised into a message that names file, line, call and replacement."""
    code = getattr(method, "__func__", method).__code__
    name = f"{owner}.{code.co_name}"
    place, source = _raised_at(method, error)
    place = f"{place}: {source!r}"
    if isinstance(error, TimeoutError):
        return FormulaError(
            f"{name} did not return within {TIME_LIMIT:g} s ({place}): does it loop for ever? A formula is called "
            f"once, with symbols."
        )
    if isinstance(error, FrozenError):
        return FormulaError(f"{name} sets an attribute ({place}): a plugin never changes; use a local variable.")
    if isinstance(error, (AttributeError, NameError)) and error.name:
        return FormulaError(_unknown_name(name, place, method, error))
    if remedy := _misused_call(method, error, source):
        return FormulaError(f"{name} raised TypeError: {error} ({place}): {remedy}.")
    call = re.search(r"\b(np|numpy|math|scipy|special|jnp|torch)\.(?:\w+\.)*(\w+)\s*\(", source)
    if call:
        function = _RENAMED.get(call[2], call[2])
        remedy = f"write sympy.{function} instead" if _in_sympy(function) else "use arithmetic and sympy's functions"
        return FormulaError(f"{name} calls {call[1]}.{call[2]}, which does not take symbols ({place}): {remedy}.")
    if isinstance(error, TypeError) and "^" in source:
        return FormulaError(f"{name} uses ^, which is no power in Python ({place}): write ** instead.")
    builtin = re.search(r"(?<![\w.])(max|min)\s*\(", source)
    if builtin and "truth value" in str(error):
        return FormulaError(
            f"{name} calls Python's {builtin[1]}, which compares symbols ({place}): write "
            f"sympy.{_RENAMED[builtin[1]]} instead."
        )
    if "truth value" in str(error) or "relational" in str(error):
        return FormulaError(
            f"{name} branches on a symbol ({place}): write sympy.Piecewise((value, condition), (other, True)) instead "
            "of if."
        )
    return FormulaError(
        f"{name} raised {type(error).__name__}: {error} ({place}). A formula is called with sympy symbols: use "
        f"arithmetic and sympy's functions."
    )


def _in_sympy(function: str) -> bool:
    return hasattr(sympy, function.partition("(")[0])


def _unknown_name(name: str, place: str, method: Callable[..., Any], error: AttributeError | NameError) -> str:
    """Say what a formula names that is not there, and what it may have meant."""
    wanted = str(error.name)
    plugin = getattr(method, "__self__", None)
    own = [p.name for p in parameters_of(plugin)] if isinstance(plugin, Plugin) else []
    if isinstance(error, AttributeError):
        owner = error.obj.__name__ if isinstance(error.obj, ModuleType) else type(error.obj).__name__
        known = own if error.obj is plugin and own else [n for n in dir(error.obj) if not n.startswith("_")]
        listed = f"; its parameters: {', '.join(own)}" if known is own else ""
        if type(error.obj).__module__.startswith("thermozoo."):  # the symbols that a step or a loss is called with
            owner = method.__code__.co_varnames[1]
            listed = f"; {owner} has {', '.join(_written(error.obj, n) for n in known)}"
        return f"{name}: {owner} has no attribute {wanted!r}{nearest(wanted, known)}{listed} ({place})."
    if wanted in _MODULES:
        remedy = "write 'import sympy' at the top of the file, and sympy's functions in the formula"
    elif wanted in own:
        remedy = f"write self.{wanted}"
    elif _in_sympy(function := _RENAMED.get(wanted, wanted)):
        remedy = f"write 'import sympy' at the top of the file, and sympy.{function}"
    else:
        remedy = f"parameters are written as self.NAME{nearest(wanted, own)}"
    return f"{name} names {wanted!r}, which is not defined ({place}): {remedy}."


def _written(symbols: Any, name: str) -> str:
    """Return an attribute of a step's symbols as an author writes it: one that must be called, with its arguments."""
    value = getattr(symbols, name)
    return f"{name}({', '.join(inspect.signature(value).parameters)})" if callable(value) else name


def _misused_call(method: Callable[..., Any], error: BaseException, source: str) -> str:
    """Say how to call what the author did not call, or called with other arguments; empty where it is neither."""
    code = getattr(method, "__func__", method).__code__
    if not isinstance(error, TypeError):
        return ""
    declared = plugin.declared if isinstance(plugin := getattr(method, "__self__", None), Plugin) else None
    if declared is not None and declared.requests:
        s, names = code.co_varnames[1], "|".join(one.name for one in declared.requests)
        place = f"{s}.{declared.symbols[0].name}"
        calls = {
            one.name: (f"{s}.{one.name}({place})", f"{one.doc} {place}") if one.at else (f"{s}.{one.name}()", one.doc)
            for one in declared.requests
        }
        if "'method'" in str(error) and (uncalled := re.search(rf"\b{s}\.({names})\b(?!\s*\()", source)):
            return "call {}, {}".format(*calls[uncalled[1]])
        if re.match(rf"({names})\(\) (missing|takes)", str(error)):
            return "write " + " and ".join(f"{written} for {what}" for written, what in calls.values())
    if f"{code.co_name}() " in str(error) and "argument" in str(error):
        cls = type(getattr(method, "__self__", None))
        first = next(c for c in reversed(cls.__mro__) if code.co_name in vars(c))
        return f"write def {code.co_name}({', '.join(inspect.signature(vars(first)[code.co_name]).parameters)})"
    return ""


def call(method: Callable[..., Any], owner: str, *arguments: Any) -> Any:
    """Call an author's method; whatever it raises becomes a FormulaError that names file, line and replacement."""
    try:
        with time_limit(TIME_LIMIT):
            return method(*arguments)
    except ThermozooError:
        raise
    except (Exception, SystemExit) as error:
        raise _explain(method, owner, error) from error


def ask(plugin: Plugin, name: str, *arguments: Any) -> Any:
    """Call an author's method that is no formula; whatever it raises becomes a PluginError that names file and line.

    Errors of thermozoo's own, with which a plugin refuses what it is given, pass.

    Parameters
    ----------
    plugin : Plugin
        The plugin.
    name : str
        Its method.
    *arguments
        What the method is called with.
    """
    method = getattr(plugin, name)
    try:
        return method(*arguments)
    except (ThermozooError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        place, source = _raised_at(method, error)
        raise PluginError(
            f"{type(plugin).__name__}.{name} raised {type(error).__name__}: {error} ({place}: {source!r})"
        ) from error


def scalar_expression(value: Any, method: Callable[..., Any], owner: str, allowed: set[sympy.Symbol]) -> sympy.Expr:
    """Return `value` as a scalar expression of the allowed symbols, or say what it is instead."""
    place = where_written(method)
    name = f"{owner}.{method.__name__}"
    if value is None:
        raise FormulaError(f"{name} returned None ({place}): return the expression.")
    if isinstance(value, sympy.Basic) and value.has(sympy.Xor):
        raise FormulaError(f"{name} uses ^, which is no power in Python ({place}): write ** instead.")
    try:
        expression = sympy.sympify(value, strict=True)
    except (sympy.SympifyError, TypeError, ValueError):
        expression = None
    if not isinstance(expression, sympy.Expr) or getattr(expression, "is_Matrix", False):
        raise FormulaError(
            f"{name} must return one expression of one unit, got {type(value).__name__} ({place}): a formula returns a "
            "scalar, never a vector; sums over units are thermozoo's part."
        )
    strange = expression.free_symbols - allowed
    if strange:
        listed = ", ".join(sorted(map(str, strange)))
        known = ", ".join(sorted(map(str, allowed)))
        raise FormulaError(
            f"{name} depends on undeclared symbols: {listed} ({place}); it may use {known}. Declare a parameter with "
            "thermozoo.parameter()."
        )
    bad = expression.atoms(sympy.I, sympy.zoo, sympy.nan, sympy.oo, -sympy.oo)
    if bad or expression.is_real is False:
        raise FormulaError(f"{name} is not a real, finite expression ({place}): {expression}")
    large = [n for n in expression.atoms(sympy.Number) if abs(n) > sys.float_info.max]
    if large:
        raise FormulaError(
            f"{name} contains a number above {sys.float_info.max:.3g}, too large to compute with ({place})."
        )
    undefined = expression.atoms(sympy.core.function.AppliedUndef)
    if undefined:
        raise FormulaError(f"{name} uses the undefined function {next(iter(undefined)).func} ({place}).")
    expression = in_known_functions(expression)
    refuse_unknown(expression, name, place)
    return expression
