"""A plugin written and read back: by its class, by a config that names it, by the file of a computer that has it."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.files import load_computer, save_computer
from thermozoo.config.faults import Origin
from thermozoo.config.imperfections import CHILD
from thermozoo.config.parse import parse
from thermozoo.config.plugins import resolved_plugin
from thermozoo.config.schema import PLACES, TABLES
from thermozoo.config.terms import PatternTerm
from thermozoo.errors import ConfigError, DataError, UnknownNameError
from thermozoo.interfaces import (
    Dataset,
    Encoding,
    Images,
    Imperfection,
    Labels,
    Objective,
    Plugin,
    Potential,
    Projection,
    Protocol,
    Random,
    Signals,
    Task,
)
from thermozoo.interfaces.tree import held_by, members
from thermozoo.registry.catalogue import Catalogue
from thermozoo.registry.discovery import Record, Source
from thermozoo.testing.outcomes import CheckFailed
from thermozoo.testing.probes import AllPairs, ProbeQuartic, ProbeStep

__all__ = ["catalogue_with", "from_class", "from_computer_file", "from_config"]

#: Units of the group that the config and the computer's file describe.
UNITS = 3

_SEED = 1


@attrs.frozen
class _ProbeLoss(Objective):
    """The squared increment."""

    name = "probe-loss"

    def step_loss(self, s: Any) -> Any:
        """Return the loss of one step."""
        return (s.x_next - s.x) ** 2


@attrs.frozen
class _ProbeRamp(Protocol):
    """A ramp from zero to one."""

    name = "probe-ramp"

    def intensity(self, t: Any, duration: Any) -> Any:
        """Return the intensity at time t."""
        return t / duration


@attrs.frozen
class _ProbeImages(Dataset):
    """Two images of two pixels."""

    name = "probe-images"

    def load(self) -> Any:
        """Return images and labels."""
        return np.eye(2).reshape(2, 1, 2), np.arange(2)


@attrs.frozen
class _ProbeSignals(Encoding):
    """No signal."""

    name = "probe-signals"

    def encode(self, images: Images, labels: Labels, size: int, random: Random) -> Signals:
        """Return zeros."""
        return np.zeros((len(images), size))


@attrs.frozen
class _ProbeTask(Task):
    """Reads every table, and does nothing."""

    name = "probe-task"
    tables = (*TABLES, "schedule")

    def phases(self, config: Any) -> tuple[Any, ...]:
        """Return no phase."""
        return ()

    def imperfect(self, config: Any) -> tuple[str, ...]:
        """Return that all of them act on it."""
        return Imperfection.declared.formula


_PROBES: tuple[type[Plugin], ...] = (
    ProbeQuartic,
    AllPairs,
    ProbeStep,
    _ProbeLoss,
    _ProbeRamp,
    _ProbeImages,
    _ProbeSignals,
    _ProbeTask,
)


def catalogue_with(plugin: Any) -> Catalogue:
    """Return a catalogue of a plugin's class, of those it holds, and of a probe for each other kind a config names."""
    cls = type(plugin)
    source = Source(distribution="thermozoo.testing", version="", entry_point="", target=cls.__module__, load=dict)
    found = {(c.kind, c.name): c for c in (*_PROBES, *(type(p) for _, p in members(plugin)))}
    return Catalogue(tuple(Record(name=n, kind=k, source=source, plugin=c) for (k, n), c in found.items()))


def from_class(plugin: Any) -> Any:
    """Return the plugin built by its class from settings that went through TOML."""
    return _rebuilt(plugin, _through_toml(resolved_plugin(plugin)))


def _through_toml(table: dict[str, Any]) -> dict[str, Any]:
    import tomli_w

    return tomllib.loads(tomli_w.dumps({key: value for key, value in table.items() if value is not None}))


def _rebuilt(plugin: Any, table: dict[str, Any]) -> Any:
    held = {str(field.alias): _rebuilt(one, table[str(field.alias)]) for field, one in held_by(plugin)}
    return attrs.evolve(plugin, **{key: value for key, value in table.items() if key != "plugin"} | held)


def from_config(plugin: Any) -> tuple[Any, Any]:
    """Return the plugin built by a config that names it, and by the resolved config that a run folder keeps.

    Raises
    ------
    CheckFailed
        When the config is refused, or cannot be written.
    """
    catalogue = catalogue_with(plugin)
    written = {key: value for key, value in resolved_plugin(plugin).items() if key != "plugin"}
    # a connectivity may name groups: those that it names exist, so that it is not refused for this computer's sake
    named = [v for value in written.values() if isinstance(value, list) for v in value if isinstance(v, str)]
    tables: dict[str, Any] = {
        "seed": _SEED,
        "computer": {"units": dict.fromkeys(("units", *named), UNITS), "trainable_biases": []},
    }
    probes = {probe.kind: probe.name for probe in _PROBES}
    encodings: dict[str, Any] = {group: {"plugin": _ProbeSignals.name} for group in tables["computer"]["units"]}
    if plugin.kind == Encoding.kind:
        encodings["units"] = {"plugin": plugin.name} | written
    reads = (*plugin.tables, plugin.declared.table) if isinstance(plugin, Task) else (*TABLES, "schedule")
    if "encoding" in reads:
        tables["encoding"] = encodings
    if isinstance(plugin, Projection):  # which stands in a table of its term
        tables["computer"]["terms"] = {"memory": {"plugin": plugin.name} | written}
        tables["training"] = {"method": "descent"}
    if isinstance(plugin, Imperfection):  # which stands under a name of its own
        tables["hardware"] = {CHILD: {"device": {"plugin": plugin.name} | written}}
    for kind, (path, key) in PLACES.items():
        if kind not in (plugin.kind, *probes) or path.partition(".")[0] not in reads:
            continue  # a config need not, or may not, name one
        table = tables
        for part in path.split("."):
            table = table.setdefault(part, {})
        if kind == plugin.kind:
            table |= written
            table[key] = plugin.name
        else:
            table[key] = probes[kind]
    found: list[Any] = []
    for source in ("the config", "the resolved config"):
        try:
            text = _through_toml(tables)
        except TypeError as error:
            raise CheckFailed(f"{source} cannot be written as TOML: {error}", {"written": tables}) from error
        try:
            # whether a run could use it with these probes is no matter of writing and reading
            config = parse(text, catalogue, Origin(source))
        except ConfigError as error:
            raise CheckFailed(f"a config that names it is refused: {error}", {"written": written}) from error
        if isinstance(plugin, Projection):
            term = config.terms["memory"]
            assert isinstance(term, PatternTerm)
            found.append(term.projection)
            tables = config.resolved
            continue
        if isinstance(plugin, Imperfection):
            found.append(config.imperfections["device"])
            tables = config.resolved
            continue
        of_units: dict[str, Any] = {
            Potential.kind: config.potentials["units"],
        }
        if config.encodings:
            of_units[Encoding.kind] = config.encodings["units"][0]
        found.append((config.plugins | of_units)[plugin.kind])
        tables = config.resolved
    return found[0], found[1]


def from_computer_file(potential: Any, rng: np.random.Generator, interaction: Any = None) -> Computer:
    """Return a computer with random couplings and biases that was saved and loaded.

    Raises
    ------
    CheckFailed
        When the file is refused, or anything else of the computer is not what was saved.
    """
    settings: dict[str, Any] = {
        "temperature": 0.5,
        "mobility": 1.3,
        "trainable_biases": ["units"],
        "interaction": interaction,
    }
    base = assemble({"units": UNITS}, potential, AllPairs(), **settings)
    computer = base.with_parameters(rng.standard_normal(base.parameters.size))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "computer.nc"
        save_computer(computer, path)
        try:
            again = load_computer(path, catalogue_with(interaction or potential))
        except (DataError, UnknownNameError, TypeError) as error:
            # the path is a temporary one and would differ from run to run
            reason = str(error).replace(str(path), "the file")
            raise CheckFailed(f"a computer with it is saved, but not loaded: {reason}") from error
    same = np.array_equal(again.parameters, computer.parameters) and again.digest() == computer.digest()
    if not same:
        raise CheckFailed("a computer with it that is saved and loaded is another computer")
    return again
