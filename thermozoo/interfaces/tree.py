"""A plugin and the plugins that it holds, as a tree: the one place that walks it.

A parameter of a held plugin goes by a dotted name: ``inner.k`` is the parameter k of the plugin in the field inner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from thermozoo.interfaces.plugin import Plugin
from thermozoo.parameters import Parameter, fields_of, parameters_of

__all__ = ["flat_parameters", "folded", "held_by", "members", "values_of", "with_values"]


def held_by(plugin: Plugin) -> Iterator[tuple[attrs.Attribute[Any], Plugin]]:
    """Yield (field, plugin) of the plugins that a plugin holds itself."""
    for field in fields_of(plugin):
        value = getattr(plugin, field.name)
        if field.init and isinstance(value, Plugin):
            yield field, value


def members(plugin: Plugin, prefix: str = "") -> Iterator[tuple[str, Plugin]]:
    """Yield (prefix of its parameters' dotted names, plugin) of a plugin and of all that it holds, outermost first."""
    yield prefix, plugin
    for field, held in held_by(plugin):
        yield from members(held, f"{prefix}{field.name}.")


def flat_parameters(plugin: Plugin) -> Iterator[tuple[str, Parameter, Any]]:
    """Yield (dotted name, declaration, value) of a plugin's parameters and of those of the plugins that it holds."""
    for prefix, one in members(plugin):
        for spec in parameters_of(one):
            yield prefix + spec.name, spec, getattr(one, spec.name)


def values_of(plugin: Plugin) -> dict[str, Any]:
    """Return the values of a plugin's parameters and of those of the plugins that it holds, by dotted name."""
    return {name: value for name, _, value in flat_parameters(plugin)}


def with_values(plugin: Any, values: Mapping[str, Any], prefix: str = "") -> Any:
    """Return a plugin with other parameter values, given by dotted name; made anew by its class, which may refuse."""
    own = {p.name: values[prefix + p.name] for p in parameters_of(plugin) if prefix + p.name in values}
    held = {str(f.alias): with_values(one, values, f"{prefix}{f.name}.") for f, one in held_by(plugin)}
    return attrs.evolve(plugin, **{str(f.alias): own[f.name] for f in fields_of(plugin) if f.name in own}, **held)


def folded(
    plugin: Plugin,
    join: Callable[[Plugin, list[tuple[attrs.Attribute[Any], Any]]], Any],
    leaf: Callable[[Any], Any] = lambda value: value,
) -> Any:
    """Return what `join` makes of a plugin and its fields, where a held plugin is already what `join` made of it.

    Parameters
    ----------
    plugin : Plugin
        The plugin.
    join : callable
        Called with a plugin and, for every field, the field and what became of its value.
    leaf : callable
        What becomes of a value that is no plugin: by default itself.
    """
    fields = [(field, getattr(plugin, field.name)) for field in fields_of(plugin)]
    return join(plugin, [(f, folded(v, join, leaf) if isinstance(v, Plugin) else leaf(v)) for f, v in fields])
