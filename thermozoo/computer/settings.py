"""What a plugin of a computer is besides its parameters, in a form that a file and a digest can hold."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from thermozoo.errors import OutputError
from thermozoo.interfaces import INTERFACES, Plugin
from thermozoo.interfaces.tree import folded, values_of
from thermozoo.parameters import fields_of, parameters_of
from thermozoo.registry.catalogue import Catalogue

__all__ = ["plugin_identity", "plugin_settings", "rebuilt_plugin", "settings_text"]


def plugin_settings(plugin: Plugin) -> dict[str, Any]:
    """Return the settings of a plugin by name; of a plugin that it holds, its kind, its name and its settings.

    Classes go by plugin name, not by module, so that a plugin keeps its settings when its code moves.
    """
    settings: dict[str, Any] = folded(plugin, _described)["settings"]
    return settings


def settings_text(plugin: Plugin) -> str:
    """Return the settings of a plugin as JSON, for a file.

    Raises
    ------
    OutputError
        When one is neither text nor numbers.
    """
    try:
        return json.dumps(plugin_settings(plugin))
    except TypeError as error:
        raise OutputError(
            f"a computer with the {plugin.kind} {plugin.name!r} cannot be saved: {error}; a setting must be text, a "
            "number, a list of them, or a plugin"
        ) from error


def plugin_identity(plugin: Plugin) -> bytes:
    """Return the name of a plugin, its settings and the values of its parameters, as what a digest is made of."""
    parts = [f"{plugin.kind} {plugin.name}".encode()]
    settings = plugin_settings(plugin)
    if settings:
        # every digit of every entry of an array
        with np.printoptions(threshold=sys.maxsize, floatmode="unique", precision=None):
            parts.append(repr(settings).encode())
    parts += [n.encode() + np.ascontiguousarray(v, dtype="<f8").tobytes() for n, v in values_of(plugin).items()]
    return b"".join(parts)


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
