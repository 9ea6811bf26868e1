"""The manifest of a run: everything that is needed to run it again, or to doubt it."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from thermozoo.config.plugins import held_by
from thermozoo.config.schema import Config
from thermozoo.registry.catalogue import Catalogue
from thermozoo.registry.discovery import Source

__all__ = ["manifest"]

_VERSIONS = ("thermozoo", "numpy", "scipy", "numba", "sympy", "xarray", "matplotlib", "scikit-learn")


def manifest(config: Config, catalogue: Catalogue, report: dict[str, Any], details: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of a run.

    Parameters
    ----------
    config : Config
        What was run.
    catalogue : Catalogue
        Where its plugins came from.
    report : dict
        Its results.
    details : dict
        What the engine says of itself.
    """
    named = (config.connectivity, config.integrator, config.objective, config.protocol, config.dataset)
    used = {(p.kind, p.name) for one in (*config.potentials.values(), *named) for p in (one, *held_by(one))}
    plugins = [catalogue.record(kind, name) for kind, name in sorted(used)]
    return {
        "versions": {name: metadata.version(name) for name in _VERSIONS},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "plugins": [
            {
                "kind": r.kind,
                "name": r.name,
                "distribution": r.source.distribution,
                "version": r.source.version or None,
                **_file(r.source),
            }
            for r in plugins
        ],
        "seed": report["seed"],
        "config_digest": report["config_digest"],
        "parameter_digest": report["parameter_digest"],
        "engine": {"name": report["engine"], **details},
        "precision": config.dynamics.precision,
        "noise": "philox4x32-10, Box-Muller",
        "seconds": report["seconds"],
        "config_source": Path(config.source).name,
    }


def _file(source: Source) -> dict[str, str]:
    """Return path, as it was given, and SHA-256 of a plugin's single file; nothing for an installed distribution."""
    if source.entry_point:
        return {}
    path = Path(source.target)
    return {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
