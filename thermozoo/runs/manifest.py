"""The manifest of a run: everything that is needed to run it again, or to doubt it."""

from __future__ import annotations

import functools
import hashlib
import itertools
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from thermozoo.config.schema import Config
from thermozoo.interfaces.tree import members
from thermozoo.registry.catalogue import Catalogue
from thermozoo.registry.discovery import Record, Source
from thermozoo.runs.imperfect import seed_of
from thermozoo.runs.place import PLUGINS
from thermozoo.runs.results import Report

__all__ = ["manifest", "plugin_copies", "provenance", "surroundings"]

_VERSIONS = ("thermozoo", "numpy", "scipy", "numba", "sympy", "xarray", "matplotlib", "scikit-learn")


def manifest(config: Config, catalogue: Catalogue, report: Report, details: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of a run.

    Parameters
    ----------
    config : Config
        What was run.
    catalogue : Catalogue
        Where its plugins came from.
    report : Report
        Its results.
    details : dict
        What the engine says of itself.
    """
    return {
        **provenance(config, catalogue),
        "seed": report.seed,
        **_seeds(config),
        "config_digest": report.config_digest,
        "parameter_digest": report.parameter_digest,
        "engine": {"name": report.engine, **details},
        "precision": config.dynamics.precision,
        "noise": "philox4x32-10, Box-Muller",
        "seconds": report.seconds,
        "config_source": Path(config.origin.source).name,
    }


def _seeds(config: Config) -> dict[str, dict[str, int]]:
    """Return the seed of every imperfection, by name, where there is one."""
    seeds = {name: seed_of(config.seed, name) for name in config.imperfections}
    return {"imperfections": seeds} if seeds else {}


@functools.cache
def _version(name: str) -> str:
    """Return the version of an installed distribution, whose files are looked for once."""
    return metadata.version(name)


def surroundings() -> dict[str, Any]:
    """Return the versions of libraries and of Python, and the kind of machine."""
    return {
        "versions": {name: _version(name) for name in _VERSIONS},
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def provenance(config: Config, catalogue: Catalogue) -> dict[str, Any]:
    """Return the part of the manifest that is known before the run: versions and plugins."""
    records = _used(config, catalogue)
    copies = {source: name for name, source in _copies(records).items()}
    return {
        **surroundings(),
        "plugins": [
            {
                "kind": r.kind,
                "name": r.name,
                "distribution": r.source.distribution,
                "version": r.source.version or None,
                **_file(r.source, copies),
            }
            for r in records
        ],
    }


def plugin_copies(config: Config, catalogue: Catalogue) -> dict[str, bytes]:
    """Return the plugin files that a run used, as they were when they were loaded, by their names in its folder."""
    return {name: source.content or b"" for name, source in _copies(_used(config, catalogue)).items()}


def _used(config: Config, catalogue: Catalogue) -> list[Record]:
    """Return the records of the plugins that a config names, and of those that they hold."""
    by_name = (config.potentials, config.plugins, config.protocols, config.schedule, config.imperfections)
    several = (*config.encodings.values(), *(term.plugins for term in config.terms.values()))
    named = itertools.chain(*(one.values() for one in by_name), *several, [config.generation_integrator])
    used = {(p.kind, p.name) for one in named for _, p in members(one)}
    return [catalogue.record(kind, name) for kind, name in sorted(used)]


def _copies(records: list[Record]) -> dict[str, Source]:
    """Return the single files among the sources, each under a name of its own."""
    found: dict[str, Source] = {}
    for source in dict.fromkeys(r.source for r in records if r.source.content is not None):
        path = Path(source.target)
        taken = {name.casefold() for name in found}
        names = itertools.chain([path.name], (f"{path.stem}-{k}{path.suffix}" for k in itertools.count(2)))
        found[next(f"{PLUGINS}/{n}" for n in names if f"{PLUGINS}/{n}".casefold() not in taken)] = source
    return found


def _file(source: Source, copies: dict[Source, str]) -> dict[str, str]:
    """Return path, as it was given, copy in the run folder and SHA-256 of a plugin's single file."""
    if source.content is None:
        return {}
    return {
        "file": source.target,
        "copy": copies[source],
        "sha256": hashlib.sha256(source.content).hexdigest(),
    }
