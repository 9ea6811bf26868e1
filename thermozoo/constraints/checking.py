"""Refusing parameters that break a constraint, when a plugin is made."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from thermozoo.constraints.tracing import own_constraints
from thermozoo.errors import ConstraintError, ParameterError, ShapeError
from thermozoo.interfaces.plugin import Plugin
from thermozoo.interfaces.tree import values_of
from thermozoo.parameters import fields_of, is_symbolic

__all__ = ["check_class", "check_constraints"]


def check_constraints(plugin: Plugin) -> None:
    """Raise ConstraintError unless the parameters of a plugin satisfy what it states; symbols are not asked.

    Raises
    ------
    ConstraintError
        Naming every broken relation, its parameters and, for values per unit, the first unit.
    ShapeError
        When parameters that take part in one relation have values for different numbers of units.
    FormulaError
        When it states something that is no relation of its parameters.
    """
    values = values_of(plugin)
    if any(is_symbolic(value) for value in values.values()):
        return
    broken = []
    for one in own_constraints(plugin):
        sizes = {name: len(values[name]) for name in one.names if np.ndim(values[name])}
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"{name} has {size}" for name, size in sizes.items())
            raise ShapeError(f"{plugin.name}: expected one value per unit, but {listed} values; they share {one.text}")
        if not one.holds(values).all():
            broken.append((one.message(values), one.names))
    if broken:
        raise ConstraintError("; ".join(message for message, _ in broken), broken)


def check_class(cls: Any) -> None:
    """Raise unless the constraints of a class can be read and its defaults satisfy them.

    Raises
    ------
    ParameterError
        When the defaults break a constraint.
    FormulaError
        When it states something that is no relation of its parameters.
    """
    if any(f.init and f.default is attrs.NOTHING for f in fields_of(cls)):
        return  # it has no defaults; its first instance is checked
    try:
        cls()
    except ConstraintError as error:
        raise ParameterError(f"the defaults of {cls.__name__} break what it states: {error}") from error
