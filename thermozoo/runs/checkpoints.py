"""The checkpoints of a run: what they say of it, and what a run has to be to go on from one."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import tomli_w

from thermozoo.checkpoints.store import Store
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.schema import Config
from thermozoo.errors import CheckpointError, DataError, shown
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.folder import write_json, write_text
from thermozoo.runs.manifest import plugin_copies, provenance, surroundings
from thermozoo.runs.place import MARK, PLUGINS
from thermozoo.runs.plugin_files import with_copies
from thermozoo.runs.regained import RECORD

if TYPE_CHECKING:
    from thermozoo.runs.phase import Run

__all__ = [
    "INTERVAL",
    "SHARDS",
    "about_run",
    "check_engine",
    "config_of",
    "digest_of_code",
    "holds_shards",
    "leave_plugins",
    "remove",
]

#: The key that says how often checkpoints are written: nothing that is computed depends on it.
INTERVAL = "dynamics.checkpoint_interval"

#: What an engine says of itself that bits do not depend on.
_FREE = ("threads", "width")

#: Where shards are, beside checkpoints.
SHARDS = "shards"

#: The table that says who does shards: nothing that is computed depends on it, but on whether there are shards.
_WHO = "run."

#: What lies beside checkpoints.
_BESIDE = (MARK, "config.toml", RECORD)


def about_run(config: Config, catalogue: Catalogue) -> dict[str, Any]:
    """Return what a checkpoint says of its run from the beginning: config, versions, plugins, code."""
    known = provenance(config, catalogue)
    return {"config": tomli_w.dumps(config.resolved), **known, "code": _code(config, catalogue, known)}


def _code(config: Config, catalogue: Catalogue, known: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of the Python files of every package that has a part in a run."""
    kinds = {(one["kind"], one["name"]) for one in known["plugins"] if "copy" not in one}
    classes = [record.plugin for record in catalogue.records if (record.kind, record.name) in kinds]
    roots = {"thermozoo", *(cls.__module__.partition(".")[0] for cls in classes if cls is not None)}
    return {root: digest_of_code(root) for root in sorted(roots)}


def digest_of_code(root: str) -> str:
    """Return the digest of the Python files of a package, or of a module."""
    source = getattr(sys.modules.get(root), "__file__", None)
    if source is None:
        return ""
    path, sha = Path(source), hashlib.sha256()
    for file in sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]:
        sha.update(f"{file.relative_to(path.parent)}\n".encode() + file.read_bytes())
    return sha.hexdigest()


def leave_plugins(folder: Path, config: Config, catalogue: Catalogue) -> None:
    """Keep the plugin files of a run where its checkpoints are, as a run folder keeps them.

    Raises
    ------
    OSError
        When they cannot be written.
    """
    copies = plugin_copies(config, catalogue)
    if not copies:
        return
    (folder / PLUGINS).mkdir(parents=True, exist_ok=True)
    for name, content in copies.items():
        (folder / name).write_bytes(content)
    write_json(folder / MARK, provenance(config, catalogue))
    write_text(folder / "config.toml", tomli_w.dumps(config.resolved))


def holds_shards(store: Store) -> bool:
    """Return whether shards are finished, beside what the checkpoints hold."""
    return any((store.folder / SHARDS).glob("*/shard-*.npz"))


def remove(store: Store) -> None:
    """Remove checkpoints, and what lies beside them for a run that goes on."""
    with contextlib.suppress(OSError):
        shutil.rmtree(store.folder / SHARDS, ignore_errors=True)
        for path in (*(store.folder / PLUGINS).glob("*.py"), *(store.folder / name for name in _BESIDE)):
            path.unlink(missing_ok=True)
        if (store.folder / PLUGINS).is_dir():
            (store.folder / PLUGINS).rmdir()
    store.remove()


def config_of(
    store: Store,
    name: str,
    catalogue: Catalogue,
    given: Callable[[Catalogue, Mapping[str, Any]], Config] | None = None,
) -> tuple[Config, Catalogue]:
    """Return the config of a run that was stopped, and the catalogue that has its plugins.

    Parameters
    ----------
    store : Store
        Its checkpoints.
    name : str
        Its folder, for messages.
    catalogue : Catalogue
        Plugins that are installed or were asked for.
    given : callable, optional
        Returns the config that the user gave again, of the catalogue and the tables of the checkpoint.

    Raises
    ------
    CheckpointError
        When version, plugins or config differ from those with which the run began.
    """
    about = store.about
    try:
        written = str(about["config"])
        tables = tomllib.loads(written)
        versions, code = dict(about["versions"]), dict(about["code"])
        was = {(one["kind"], one["name"]): one for one in about["plugins"]}
        engine = None if about.get("engine") is None else str(about["engine"]["name"])
        dict(about["engine"]["details"] if engine is not None else {})
        sum(float(seconds) for seconds in dict(about.get("seconds", {})).values())
    except (LookupError, TypeError, ValueError) as error:
        raise DataError(f"the checkpoint of {name} is damaged: {shown(error, 200)}") from error
    now = surroundings()
    _refuse(name, [_changed(one, versions.get(one), now["versions"][one]) for one in now["versions"]])
    _refuse(name, [_changed(one, about.get(one), now[one]) for one in ("python", "machine")])
    catalogue = with_copies(store.folder / "config.toml", catalogue)
    chosen = tables if engine is None else {**tables, "dynamics": tables["dynamics"] | {"engine": engine}}
    config = parse(chosen, catalogue, Origin(f"{name} (checkpoint)"))
    found = about_run(config, catalogue)
    for one in found["plugins"]:
        before = was.get((one["kind"], one["name"]), {})
        title = f"plugin {one['name']}"
        for key in ("distribution", "version", "sha256"):
            _refuse(name, [_changed(f"{title}, {key}", before.get(key), one.get(key))])
    for root, digest in found["code"].items():
        if code.get(root) != digest:
            _refuse(name, [f"the code of {root} was changed since"])
    if given is not None:
        again = given(catalogue, tables)
        _refuse(name, list(_differences(tables, again.resolved, "seed" in again.given)))
        interval = again.dynamics.checkpoint_interval
        config = attrs.evolve(
            config, dynamics=attrs.evolve(config.dynamics, checkpoint_interval=interval), run=again.run
        )
    return config, catalogue


def _changed(what: str, before: Any, now: Any) -> str:
    return "" if before == now else f"{what} was {shown(before)} and is {shown(now)}"


def _refuse(name: str, differences: list[str]) -> None:
    """Raise an error with a line for each difference, if there is any."""
    if any(differences):
        raise CheckpointError(
            "\n".join(
                f"cannot go on with {name}: {one}: bring back what it began with, or begin again with --force"
                for one in differences
                if one
            )
        )


def _flat(tables: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all keys of tables with their values."""
    if isinstance(tables, Mapping):
        for key, value in tables.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, list(tables) if isinstance(tables, tuple) else tables


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], seeded: bool) -> Iterator[str]:
    """Yield the keys in which two resolved configs differ; a seed that nobody gave is that of the first."""
    # as TOML holds them: what has no value is left out
    one, other = dict(_flat(before)), dict(_flat(tomllib.loads(tomli_w.dumps(dict(now)))))
    for key in sorted(one.keys() | other.keys()):
        if (
            key == INTERVAL
            or (key == "seed" and not seeded)
            or (key.startswith(_WHO) and "run" in before and "run" in now)
        ):
            continue
        if one.get(key) != other.get(key):
            yield f"config: {_changed(key, one.get(key, 'absent'), other.get(key, 'absent'))}"


def check_engine(run: Run) -> None:
    """Refuse an engine whose bits are others than those of the run that was stopped.

    Raises
    ------
    CheckpointError
        With the difference.
    """
    before = run.begun.get("engine")
    if before is not None:
        was, now = before["details"], run.engine.details
        changed = [
            _changed(f"engine {run.engine.name}, {key}", was.get(key), now[key]) for key in now if key not in _FREE
        ]
        _refuse(str(run.folder.path), changed)
