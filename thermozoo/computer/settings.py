"""What a potential is besides its parameters, in a form that a file and a digest can hold."""

from __future__ import annotations

from typing import Any

from thermozoo.interfaces import INTERFACES, Plugin
from thermozoo.interfaces.tree import folded
from thermozoo.parameters import fields_of, parameters_of
from thermozoo.registry.catalogue import Catalogue

__all__ = ["plugin_settings", "rebuilt_plugin"]


def plugin_settings(plugin: Plugin) -> dict[str, Any]:
    """Return the settings of a plugin by name; of a plugin that it holds, its kind, its name and its settings.

    Classes go by plugin name, not by module, so that a plugin keeps its settings when its code moves.
    """
    settings: dict[str, Any] = folded(plugin, _described)["settings"]
    return settings


def _described(plugin: Plugin, fields: list[tuple[Any, Any]]) -> dict[str, Any]:
    names = {p.name for p in parameters_of(plugin)}
    settings = {field.name: value for field, value in fields if field.init and field.name not in names}
    return {"kind": plugin.kind, "plugin": plugin.name, "settings": settings}


def rebuilt_plugin(cls: Any, values: dict[str, Any], settings: dict[str, Any], plugins: Catalogue) -> Any:
    """Return a plugin with given parameter values (numbers or one value per unit) and settings."""
    given: dict[str, Any] = {p.name: values[p.name] for p in parameters_of(cls) if p.name in values}
    for name, value in settings.items():
        if isinstance(value, dict):
            inner = {k.removeprefix(f"{name}."): v for k, v in values.items() if k.startswith(f"{name}.")}
            held = plugins.get(INTERFACES[value["kind"]], value["plugin"])
            given[name] = rebuilt_plugin(held, inner, value["settings"], plugins)
        else:
            given[name] = tuple(value) if isinstance(value, list) else value
    return cls(**{str(f.alias): given[f.name] for f in fields_of(cls) if f.name in given})
