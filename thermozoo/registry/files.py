"""Plugins in single files (``--plugin FILE.py``)."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from thermozoo.errors import PluginLoadError, shown
from thermozoo.given_files import read_regular
from thermozoo.registry.sources import Source

__all__ = ["file_source", "from_file"]

#: How the names begin under which single plugin files are imported.
_FILE_MODULE = "thermozoo_file_"

#: Bytes above which a file is taken for something else than a plugin.
_LARGEST = 16 * 2**20


def file_source(path: str | Path) -> Source:
    """Return the source for a single plugin file (``--plugin FILE.py``)."""
    path = Path(path)
    content, reason = None, ""
    try:
        content = read_regular(path, _LARGEST)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, RuntimeError) as error:
        reason = f": {getattr(error, 'strerror', None) or error}"

    def load() -> ModuleType:
        if content is None:
            raise PluginLoadError(f"no such plugin file: {shown(path, 200)}{reason}")
        name = _FILE_MODULE + re.sub(r"\W", "_", path.stem)
        if name in sys.modules and getattr(sys.modules[name], "__file__", None) != str(path):
            name += f"_{hashlib.sha256(content).hexdigest()[:8]}"  # a file of that name in another folder
        loader = _FileLoader(name, str(path), content)
        spec = importlib.util.spec_from_file_location(name, path, loader=loader)
        if spec is None or path.suffix != ".py":
            raise PluginLoadError(f"{path} is not a Python file: expected a name that ends in .py")
        module = importlib.util.module_from_spec(spec)
        # attrs and inspect look a class's module up by name, to resolve annotations and find source lines
        sys.modules[name] = module
        loader.exec_module(module)
        return module

    return Source(distribution=path.name, version="", entry_point="", target=str(path), load=load, content=content)


class _FileLoader(importlib.machinery.SourceFileLoader):
    """Loads what was read of a file: no bytecode that lies beside it, and nothing is written there."""

    def __init__(self, name: str, path: str, content: bytes) -> None:
        super().__init__(name, path)
        self._content = content

    def get_code(self, fullname: str) -> Any:
        """Compile what was read."""
        return self.source_to_code(self._content, self.path)


def from_file(cls: type) -> bool:
    """Whether a class was loaded from a single plugin file, not from an installed distribution."""
    return cls.__module__.startswith(_FILE_MODULE)
