"""The engine of [dynamics]: ``"auto"``, a name, or a table that names one beside its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermozoo.config.faults import Faults, describe
from thermozoo.config.plugins import build_plugin, resolved_plugin
from thermozoo.dynamics.core_engines import CORE_ENGINES
from thermozoo.errors import nearest
from thermozoo.interfaces import Engine
from thermozoo.registry.catalogue import Catalogue

__all__ = ["AUTO_ENGINE", "ENGINE", "engine_choices", "named_engine", "resolved_engine"]

#: The key of [dynamics] that names an engine, and what it says where the work decides.
ENGINE, AUTO_ENGINE = "engine", "auto"

_HOME = f"dynamics.{ENGINE}"


def engine_choices(catalogue: Catalogue) -> tuple[str, ...]:
    """Return what the key may name: those that come with thermozoo are there without being installed."""
    names = sorted({*CORE_ENGINES, *catalogue.names(Engine.kind)})
    return AUTO_ENGINE, *names


def named_engine(
    raw: Mapping[str, Any], catalogue: Catalogue, faults: Faults
) -> tuple[Mapping[str, Any], Engine | None]:
    """Return [dynamics] with the engine's name alone, and the engine with its settings; None where none is named."""
    given = raw.get(ENGINE, AUTO_ENGINE)
    table = {"plugin": given} if isinstance(given, str) else given
    if not isinstance(table, Mapping) or not isinstance(table.get("plugin"), str):
        faults.add(_HOME, f"expected the name of an engine, or a table that names one, got {describe(given)}")
        return {key: value for key, value in raw.items() if key != ENGINE}, None
    name, options = table["plugin"], {key: value for key, value in table.items() if key != "plugin"}
    choices = engine_choices(catalogue)
    if name not in choices:
        listed = ", ".join(choices)
        faults.add(_HOME, f"expected one of {listed}, got {describe(name)}{nearest(name, choices)}")
        return {key: value for key, value in raw.items() if key != ENGINE}, None
    named = dict(raw) | {ENGINE: name}
    if name == AUTO_ENGINE and not options:
        return named, None
    if not options and name in CORE_ENGINES:
        return named, CORE_ENGINES[name]()
    where = _HOME if isinstance(given, str) else f"{_HOME}.plugin"
    built = build_plugin(Engine, name, options, where, _HOME, catalogue, faults, beside=("plugin",))
    return named, built if isinstance(built, Engine) else None


def resolved_engine(engine: Engine) -> str | dict[str, Any]:
    """Return an engine as a config names it: by its name, or by a table where it has settings of its own."""
    table = {key: value for key, value in resolved_plugin(engine).items() if value is not None}
    return table if len(table) > 1 else engine.name
