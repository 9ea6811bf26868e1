"""The hooks of thermozoo: one for each kind of plugin, each returns classes."""

from __future__ import annotations

import pluggy

from thermozoo.interfaces import INTERFACES, Plugin

__all__ = ["PROJECT", "hookimpl", "hooks", "specification"]

#: Name of the pluggy project and of the entry-point group.
PROJECT = "thermozoo"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


def hooks() -> dict[str, type[Plugin]]:
    """Return the interface whose plugins each hook registers, by the hook's name."""
    return {interface.declared.hook: interface for interface in INTERFACES.values()}


def specification() -> type[object]:
    """Return a class that holds the specification of every hook, as pluggy wants it."""

    def returns_classes(self: object) -> None:
        """Return a list of classes."""

    return type("Hooks", (), {name: hookspec(returns_classes) for name in hooks()})
