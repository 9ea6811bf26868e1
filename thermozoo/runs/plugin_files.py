"""The plugin files of a run folder, found by its config."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thermozoo.config.packaged import packaged_name
from thermozoo.config.standard_input import is_standard_input
from thermozoo.errors import PluginLoadError, shown
from thermozoo.given_files import read_regular
from thermozoo.registry.catalogue import Catalogue
from thermozoo.registry.discovery import Source
from thermozoo.registry.files import file_source
from thermozoo.runs.place import LARGEST_TEXT, MARK, PLUGINS

__all__ = ["with_copies"]


def with_copies(config: str | Path | None, catalogue: Catalogue) -> Catalogue:
    """Return a catalogue with the plugin files of the run folder in which a config lies.

    What was asked for with ``--plugin`` comes first: where its files have the plugins of a copy, the copy is left.

    Parameters
    ----------
    config : str, Path or None
        The config; one that is built in, lies in no run folder, or comes through standard input, adds nothing.
    catalogue : Catalogue
        Plugins that are installed or were asked for.

    Raises
    ------
    PluginLoadError
        When a copy is missing, is not what the run used, or does not load.
    DuplicateNameError
        When a plugin of the same name has been installed since.
    """
    if packaged_name(config) is not None or is_standard_input(config):
        return catalogue
    folder = Path(str(config)).parent
    mark = folder / MARK
    try:
        manifest = json.loads(read_regular(mark, LARGEST_TEXT))
    except OSError:
        return catalogue
    except (ValueError, RecursionError):
        raise PluginLoadError(
            f"{shown(mark, 200)} is no JSON: it lists the plugin files of this run folder; restore it, or copy the "
            "config elsewhere and name its plugin files with --plugin"
        ) from None
    given = {(r.kind, r.name) for r in catalogue.records if r.source.content is not None}
    digests = {_digest(r.source.content) for r in catalogue.records if r.source.content is not None}
    wanted: dict[tuple[str, str], set[tuple[str | None, str | None]]] = {}
    for entry in _copied(manifest):
        wanted.setdefault((entry["copy"], entry["sha256"]), set()).add((entry.get("kind"), entry.get("name")))
    sources = [
        _source(folder / copy, digest)
        for (copy, digest), names in wanted.items()
        if digest not in digests and not names <= given
    ]
    return catalogue.extended(sources)


def _copied(manifest: Any) -> Iterator[dict[str, str]]:
    """Yield the entries of plugins whose files are copied; files of other programs are called manifest.json as well."""
    entries = manifest.get("plugins") if isinstance(manifest, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        copy = entry.get("copy") if isinstance(entry, dict) else None
        if isinstance(copy, str) and isinstance(entry.get("sha256"), str):
            folder, _, name = copy.partition("/")
            if folder == PLUGINS and name and Path(name).name == name:  # nothing outside of the run folder
                yield entry


def _source(path: Path, digest: str) -> Source:
    """Return a copy, checked before anything in it is executed."""
    source = file_source(path)
    if source.content is None:
        raise PluginLoadError(
            f"the run in this folder used the plugin file {shown(path, 200)}, which is not there: restore it, or name "
            "another with --plugin"
        )
    if _digest(source.content) != digest:
        raise PluginLoadError(
            f"{shown(path, 200)} is not the plugin file that the run in this folder used, its SHA-256 differs: restore "
            "it, or name it with --plugin to use it as it is"
        )
    return source


def _digest(content: bytes | None) -> str:
    return hashlib.sha256(content or b"").hexdigest()
