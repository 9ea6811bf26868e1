"""Where the formula of a plugin stands."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

from thermozoo.interfaces import Plugin

__all__ = ["formula_line"]


def formula_line(plugin: Any, method: str | None = None) -> str:
    """Return ``file, line n: source`` of the last statement of a plugin's formula.

    It may stand in a class that several plugins share; what an interface says by itself is no author's formula.

    Parameters
    ----------
    plugin : Plugin
        Class or instance.
    method : str, optional
        Which method (default: the one that holds the formula of its kind).
    """
    cls: type[Plugin] = plugin if isinstance(plugin, type) else type(plugin)
    names = (method,) if method else cls.declared.formula
    for name in names:
        function = next((vars(one)[name] for one in _written(cls) if name in vars(one)), None)
        if function is None:
            continue
        try:
            lines, first = inspect.getsourcelines(function)
            file = inspect.getsourcefile(function)
            tree = ast.parse(textwrap.dedent("".join(lines)))
        except (OSError, TypeError, SyntaxError):
            code = getattr(function, "__code__", None)
            return f"{code.co_filename}, line {code.co_firstlineno}" if code else ""
        body = tree.body[0]
        last = body.body[-1] if isinstance(body, ast.FunctionDef) else body
        return f"{file}, line {first + last.lineno - 1}: {lines[last.lineno - 1].strip()}"
    return ""


def _written(cls: type[Plugin]) -> list[type]:
    """Return the classes that an author wrote of a plugin, itself first."""
    return [one for one in cls.__mro__ if not one.__module__.startswith("thermozoo.")]
