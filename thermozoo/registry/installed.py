"""Enumerating the entry points of all installed distributions, of which none need have to do with thermozoo.

Their metadata are foreign input, written by any tool: what is wrong with one distribution's, or with one folder of the
path, stops no other. That is why each distribution is asked on its own, and only the lines of thermozoo's own section
are looked at: ``importlib.metadata.entry_points`` and the like read all of them, and one file is enough to lose all.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from thermozoo.errors import PluginLoadError, shown
from thermozoo.registry.hookspecs import PROJECT
from thermozoo.registry.sources import Source

__all__ = ["installed_sources"]

_FILE = "entry_points.txt"

#: Folders in which metadata lie, a better one first.
_FORMATS = (".dist-info", ".egg-info", "EGG-INFO")


def installed_sources() -> list[Source]:
    """Enumerate the entry points of group ``thermozoo`` without importing anything.

    Of several distributions of one name the first on the path counts, in one folder the newest. A file that cannot be
    read, or a line that is no entry point, is a source that fails to load.
    """
    found: dict[str, list[Source]] = {}
    for folder in dict.fromkeys(f for f in sys.path if isinstance(f, str)):
        here: dict[str, list[tuple[Any, list[Source]]]] = {}
        for distribution in _distributions(folder):
            sources = list(_sources(distribution))
            if sources:
                name = re.sub(r"[-_.]+", "-", sources[0].distribution).lower()
                here.setdefault(name, []).append((_rank(distribution, sources[0].version), sources))
        for name, several in here.items():
            found.setdefault(name, max(several, key=lambda one: one[0])[1])
    every = {source for sources in found.values() for source in sources}
    return sorted(every, key=lambda s: (s.distribution, s.entry_point, s.target))


def _distributions(folder: str) -> list[importlib.metadata.Distribution]:
    """Return the distributions of one folder, or zip file, of the path."""
    finder = importlib.metadata.MetadataPathFinder
    try:
        return list(finder.find_distributions(importlib.metadata.DistributionFinder.Context(path=[folder])))
    except Exception:  # a path that is none, or holds what its reader chokes on: nothing can be imported from it either
        return []


def _place(distribution: importlib.metadata.Distribution) -> str:
    """Return the folder of a distribution's metadata; only the class for folders and zip files has one."""
    return str(getattr(distribution, "_path", "")).rstrip("/\\")


def _rank(distribution: importlib.metadata.Distribution, version: str) -> Any:
    """Return what is larger for the one of two distributions of one name that counts."""
    from packaging.version import InvalidVersion, Version

    try:
        number = Version(version)
    except InvalidVersion:
        number = Version("0.dev0")
    place = _place(distribution)
    return number, -next((k for k, ending in enumerate(_FORMATS) if place.endswith(ending)), len(_FORMATS))


def _sources(distribution: importlib.metadata.Distribution) -> Iterator[Source]:
    """Yield the sources that a distribution names, or one that fails where its file cannot be read."""
    try:
        text = distribution.read_text(_FILE)
        if text is None:
            text = _refuse_unreadable(os.path.join(_place(distribution), _FILE))
    except UnicodeDecodeError as error:  # in another section it does not matter; it holds the bytes of the whole file
        text = error.object.decode("utf-8", "replace")
    except Exception as error:  # whatever the file system, or the reader of a zip file, says
        name, version = _identity(distribution)
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        file = os.path.join(_place(distribution), _FILE)
        yield Source(name, version, "", file, _failing(f"the file cannot be read: {shown(reason, 200)}"))
        return
    lines = list(_own_lines(text)) if PROJECT in text else []
    if not lines:
        return
    title = _identity(distribution)
    for number, line in lines:
        name, equals, value = (part.strip() for part in line.partition("="))
        point = importlib.metadata.EntryPoint(name, value, PROJECT)
        match = point.pattern.match(value) if equals and name else None
        if match is None:
            reason = (
                f"line {number} of {os.path.join(_place(distribution), _FILE)} is no entry point: expected NAME = "
                f"module or NAME = module:object, got '{shown(line, 200)}'"
            )
            yield Source(*title, shown(name or line), shown(value), _failing(reason))
            continue
        target = match["module"] + (f":{match['attr']}" if match["attr"] else "")
        yield Source(*title, name, target, point.load)


def _refuse_unreadable(file: str) -> str:
    """Return an empty text where there is no such file; raise OSError where there is one that may not be read."""
    if os.path.isfile(file):
        with open(file, encoding="utf-8", errors="replace") as readable:
            return readable.read()
    return ""


def _own_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of every line of thermozoo's section, without comments."""
    section = ""
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif section == PROJECT and line and line[0] not in "#;":
            yield number, line


def _identity(distribution: importlib.metadata.Distribution) -> tuple[str, str]:
    """Return name and version, from the folder's name where the metadata do not say."""
    stem = os.path.splitext(os.path.basename(_place(distribution).removesuffix("/EGG-INFO")))[0]
    folder_name, _, folder_version = stem.partition("-")
    try:
        metadata = distribution.metadata
        name, version = metadata["Name"], metadata["Version"]
    except Exception:  # missing, unreadable or no text: the folder's name is as good
        return folder_name or "unknown", folder_version
    return name or folder_name or "unknown", version or folder_version


def _failing(reason: str) -> Callable[[], NoReturn]:
    def load() -> NoReturn:
        raise PluginLoadError(reason)

    return load
