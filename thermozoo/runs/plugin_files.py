"""The plugin files of a run folder, which have to be asked for as any other plugin file."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thermozoo.config.packaged import packaged_name
from thermozoo.config.standard_input import is_standard_input
from thermozoo.errors import PluginLoadError, shown
from thermozoo.given_files import read_regular
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.place import LARGEST_TEXT, MARK, PLUGINS

__all__ = ["plugin_arguments", "with_copies"]


def plugin_arguments(catalogue: Catalogue) -> str:
    """Return what asks on a command line for the plugin files of a catalogue again, each once, with a blank before."""
    files = dict.fromkeys(one.source.target for one in catalogue.records if one.source.content is not None)
    return "".join(f" --plugin {shlex.quote(str(file))}" for file in files)


def with_copies(config: str | Path | None, catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with which a config is read, once all plugin files of its run folder were asked for.

    A plugin file is a program. What lies in a folder is not run because it lies there, not even where its digest stands
    in the manifest beside it, which whoever made the folder wrote as well: it is named, and has to be asked for.

    Parameters
    ----------
    config : str, Path or None
        The config; one that is built in, lies in no run folder, or comes through standard input, needs no files.
    catalogue : Catalogue
        Plugins that are installed or were asked for.

    Raises
    ------
    PluginLoadError
        With a line for each file that the run used, and that was neither asked for nor replaced by one that was.
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
    wanted: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for entry in _copied(manifest):
        name = (str(entry.get("kind")), str(entry.get("name")))
        wanted.setdefault((entry["copy"], entry["sha256"]), set()).add(name)
    lines = [
        _asked_for(folder / copy, digest, names)
        for (copy, digest), names in wanted.items()
        if digest not in digests and not names <= given
    ]
    if lines:
        raise PluginLoadError("\n".join(lines))
    return catalogue


def _copied(manifest: Any) -> Iterator[dict[str, str]]:
    """Yield the entries of plugins whose files are copied; files of other programs are called manifest.json as well."""
    entries = manifest.get("plugins") if isinstance(manifest, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        copy = entry.get("copy") if isinstance(entry, dict) else None
        if isinstance(copy, str) and isinstance(entry.get("sha256"), str):
            folder, _, name = copy.partition("/")
            if folder == PLUGINS and name and Path(name).name == name:  # nothing outside of the run folder
                yield entry


def _asked_for(path: Path, digest: str, names: set[tuple[str, str]]) -> str:
    """Return what to say of a file that was not asked for; nothing in it is executed."""
    of = ", ".join(f"{kind} {shown(name)!r}" for kind, name in sorted(names))
    try:
        content = path.read_bytes() if path.is_file() else None
    except OSError:
        content = None
    file = shown(path, 200)
    if content is None:
        return (
            f"the run in this folder used the plugin file {file} ({of}), which is not there: restore it, or name "
            "another with --plugin"
        )
    if _digest(content) != digest:
        return (
            f"{file} is not the plugin file that the run in this folder used for {of}, its SHA-256 differs: restore "
            "it, or name it with --plugin to use it as it is"
        )
    return (
        f"the run in this folder used the plugin file {file} ({of}): it is a program, which is not run unasked; read "
        f"it, and add --plugin {shown(shlex.quote(str(path)), 200)} (in Python, catalogue=load_catalogue(files=[...]))"
    )


def _digest(content: bytes | None) -> str:
    return hashlib.sha256(content or b"").hexdigest()
