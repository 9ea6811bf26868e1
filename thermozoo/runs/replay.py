"""One trajectory of a run folder again: what was changed since is named, then it is advanced alone and compared."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.computer.computer import Computer
from thermozoo.computer.datasets import read_dataset
from thermozoo.computer.files import load_all
from thermozoo.computer.program import programs_digest
from thermozoo.config.load import parse_file
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.errors import ConfigError, DataError, ParameterError, ThermozooError, shown
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.claim import holder_of
from thermozoo.runs.engine import engine_of
from thermozoo.runs.manifest import provenance
from thermozoo.runs.plugin_files import with_copies
from thermozoo.runs.replayed import Leg, Replayed
from thermozoo.runs.setup import Setup

__all__ = ["Compared", "Replay", "prepare_replay"]

#: Libraries that have a say in bits: the formulas, their code, products of matrices and functions of numbers.
_OF_BITS = ("thermozoo", "numpy", "scipy", "numba", "sympy")

#: What an engine says of itself on which no bit depends.
_NO_BITS = ("threads", "width")


@attrs.frozen(eq=False)
class Compared:
    """What the run kept of a trajectory, beside what it did now.

    Parameters
    ----------
    name : str
        What it is, in ``samples.nc``.
    differing : int
        Numbers that are not the same, bit for bit.
    numbers : int
        How many there are.
    largest : float
        The largest difference.
    kept, again : str
        SHA-256 of both.
    """

    name: str
    differing: int
    numbers: int
    largest: float
    kept: str
    again: str

    @classmethod
    def of(cls, name: str, kept: npt.ArrayLike, again: npt.ArrayLike) -> Compared:
        """Compare two arrays."""
        there = np.ascontiguousarray(kept)
        here = np.ascontiguousarray(np.asarray(again), dtype=there.dtype).reshape(there.shape)
        same = (there == here) | (np.isnan(there) & np.isnan(here))
        off = np.abs(there.astype(np.float64) - here.astype(np.float64))[~same]
        return cls(name, int((~same).sum()), there.size, float(off.max(initial=0.0)), digest_of(there), digest_of(here))


def digest_of(values: npt.ArrayLike) -> str:
    """Return the SHA-256 of the bytes of an array."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


@attrs.frozen(eq=False)
class Replay:
    """A trajectory that is ready to be replayed.

    Parameters
    ----------
    folder : Path
        The folder of the run.
    run : Replayed
        The run, as far as the trajectory needs it.
    trajectories : int
        How many there are.
    changes : tuple of str
        What is not as it was, a line each.
    """

    folder: Path
    run: Replayed
    trajectories: int
    changes: tuple[str, ...]

    def check(self) -> None:
        """Refuse to go on where something is not as it was.

        Raises
        ------
        ConfigError
            With a line for each change.
        """
        if self.changes:
            raise ConfigError([*self.changes, "so bits may be others, and nothing was done: --anyway goes on"])

    @one_blas_thread()
    def do(self) -> tuple[list[Leg], list[Compared]]:
        """Advance the trajectory, and compare it with what the run kept of it.

        Raises
        ------
        DataError
            When ``samples.nc`` is missing, or does not hold what the task keeps.
        """
        try:
            found = self.run.config.task.replay(self.run, self.run.number)
            return self.run.legs, [Compared.of(name, *both) for name, both in found.items()]
        except ThermozooError:
            raise
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            path = self.folder / "samples.nc"
            if self.run.samples is None:
                raise DataError(
                    f"{shown(path, 200)} is missing, with which the trajectory is compared: restore it"
                ) from error
            raise DataError(
                f"{shown(path, 200)} does not hold what the run kept of a trajectory: {type(error).__name__}: "
                f"{shown(error, 100)}"
            ) from error


def _in_the_end(machine: Setup, kept: Computer) -> Computer:
    """Return what ran in the end: the computer of the file, or what the device made of it where it was trained."""
    return kept if kept.digest() == machine.computer.digest() else machine.realised(kept)


@one_blas_thread()
def prepare_replay(
    folder: Path,
    number: int,
    catalogue: Callable[[], Catalogue],
    *,
    every: int | None = None,
) -> Replay:
    """Read the folder of a run, assemble what its trajectories moved by, and find what has changed since.

    Parameters
    ----------
    folder : Path
        The folder of a run.
    number : int
        Number of the trajectory.
    catalogue : callable
        Returns the plugins that are installed or were asked for.
    every : int, optional
        Steps from one observation to the next (default: about 200 observations of each part).

    Raises
    ------
    DataError
        When the folder is not that of a run, or damaged.
    ParameterError
        When its task keeps no single trajectories, or it has none of this number.
    """
    importlib.import_module("scipy.linalg")  # its library as well is held to one thread
    name = shown(folder, 200)
    number = count("--trajectory", number)
    every = None if every is None else count("--every", every, at_least=1)
    holder = holder_of(folder)
    if holder is not None and holder[1]:
        raise DataError(f"{name}: a run is writing this folder ({holder[0] or 'just started'}): wait for its end")
    missing = [file for file in ("config.toml", "manifest.json", "computer.nc") if not (folder / file).is_file()]
    if missing:
        raise DataError(f"{name} is not the folder of a run: it has no {', '.join(missing)}")
    manifest = _manifest(folder / "manifest.json")
    plugins = with_copies(folder / "config.toml", catalogue())
    config = parse_file(folder / "config.toml", plugins)
    task = config.task
    most = task.replayable(config)
    if not most:
        raise ParameterError(f"the task {task.name!r} keeps no single trajectories: none of {name} can be replayed")
    if number >= most:
        raise ParameterError(
            f"--trajectory: {name} has {most:,} trajectories, numbered from 0 to {most - 1}, got {number}"
        )
    trained = load_all(folder / "computer.nc", plugins)
    machine = assemble_machine(config)
    if isinstance(machine, Setup) and not isinstance(trained, dict):
        machine = attrs.evolve(machine, computer=_in_the_end(machine, trained.computers[-1]))
    engine = engine_of(machine)
    changes = [
        *_versions(manifest, provenance(config, plugins)),
        *_engine(manifest, engine.name, engine.details),
        *_digests(manifest, folder / "config.toml", trained),
    ]
    samples = read_dataset(folder / "samples.nc") if (folder / "samples.nc").is_file() else None
    run = Replayed(machine.config, machine, engine, number, trained, samples, every)
    return Replay(folder, run, most, tuple(changes))


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
        versions, plugins, engine = found["versions"], found["plugins"], found["engine"]
        dict(versions), dict(engine), [dict(one) for one in plugins]
    except OSError as error:
        raise DataError(f"{shown(path, 200)}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{shown(path, 200)} does not say what made the run: {shown(error, 100)}") from error
    return dict(found)


def _versions(manifest: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return which libraries and plugins are not those of the run."""
    found = [
        f"{name}: the run had {manifest['versions'].get(name)}, here is {here['versions'][name]}"
        for name in _OF_BITS
        if manifest["versions"].get(name) != here["versions"][name]
    ]
    if manifest.get("machine") != here["machine"]:
        found.append(f"machine: the run was made on {manifest.get('machine')}, this is {here['machine']}")
    before = {(str(one.get("kind")), str(one.get("name"))): one for one in manifest["plugins"]}
    for one in here["plugins"]:
        kept = before.get((one["kind"], one["name"]), {})
        for what in ("distribution", "version", "sha256"):
            if (one["distribution"] == "thermozoo" and what == "version") or kept.get(what) == one.get(what):
                continue  # that of thermozoo has been named
            title = {"sha256": "the SHA-256 of its file"}.get(what, what)
            found.append(
                f"plugin {one['kind']} {one['name']}: {title} was {kept.get(what) or 'none'}, here it is "
                f"{one.get(what) or 'none'}"
            )
    return found


def _engine(manifest: Mapping[str, Any], name: str, details: Mapping[str, Any]) -> list[str]:
    """Return in what the engine is another one."""
    kept = manifest["engine"]
    if kept.get("name") != name:
        return [f"engine: the run had {kept.get('name')}, here is {name}"]
    here = json.loads(json.dumps(dict(details)))
    keys = sorted({*kept, *here} - {"name", *_NO_BITS})
    return [
        f"engine {name}: {key} was {_said(kept.get(key))}, here it is {_said(here.get(key))}"
        for key in keys
        if key in kept and kept[key] != here.get(key)
    ]


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _digests(manifest: Mapping[str, Any], config: Path, trained: Any) -> list[str]:
    """Return which of the files of the run were changed."""
    found = []
    if hashlib.sha256(config.read_bytes()).hexdigest() != manifest.get("config_digest"):
        found.append("config.toml is not the one of the run: its SHA-256 differs from that in manifest.json")
    programs = trained if isinstance(trained, dict) else None
    digest = trained.digest() if programs is None else programs_digest(programs)
    if digest != manifest.get("parameter_digest"):
        found.append("computer.nc is not the one of the run: its parameters differ from those in manifest.json")
    return found
