"""A library that is imported when something of it is first used, not where it is named."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

__all__ = ["postpone"]


class _Postponed(ModuleType):
    """A module that is executed when a name is first looked up in it; `importlib.util.LazyLoader` does so earlier.

    There, a second import of the same library is enough, since Python asks a module whether it is being imported.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # what is asked of every module; its parts want it whole
            raise AttributeError(name)
        spec = self.__spec__
        assert spec is not None
        assert spec.loader is not None
        self.__class__ = ModuleType  # type: ignore[assignment]
        if spec.submodule_search_locations is not None:
            self.__path__ = spec.submodule_search_locations
        try:
            spec.loader.exec_module(self)
        except BaseException:
            sys.modules.pop(self.__name__, None)  # as an import that fails leaves it
            raise
        return getattr(self, name)


def postpone(library: str) -> None:
    """Let ``import library`` take nothing until something of it is used, unless it is loaded already, or missing."""
    if library in sys.modules:
        return
    spec = importlib.util.find_spec(library)
    if spec is None or spec.loader is None:
        return
    module = _Postponed(library)
    module.__spec__, module.__loader__, module.__package__ = spec, spec.loader, library
    module.__file__ = spec.origin
    sys.modules[library] = module
