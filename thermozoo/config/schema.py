"""A config as an object, and which tables it has, with the kind of plugin that each of them names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from thermozoo.config.faults import Origin
from thermozoo.config.plugins import resolved_plugin
from thermozoo.config.settings import Setting, setting, settings_of
from thermozoo.config.tables import (
    ComputerTable,
    ConnectivityTable,
    DataTable,
    DynamicsTable,
    GenerationTable,
    HardwareTable,
    NoisingTable,
    PotentialTable,
    TrainingTable,
)
from thermozoo.interfaces import (
    INTERFACES,
    Connectivity,
    Dataset,
    Integrator,
    Objective,
    Plugin,
    Potential,
    Protocol,
)

__all__ = [
    "COMPUTER_TABLES",
    "PLACES",
    "TABLES",
    "Config",
    "Setting",
    "Table",
    "own_table",
    "settings_of",
]


@attrs.frozen
class Table:
    """A table of the config: its class, and the kind of plugin whose settings stand beside its own keys.

    Parameters
    ----------
    settings : type
        Class with the declared keys.
    interface : type or None
        Kind of plugin that it names.
    """

    settings: type[Any]
    interface: type[Plugin] | None = None

    @property
    def plugin_key(self) -> str:
        """The key that names the plugin."""
        return self.interface.declared.key if self.interface is not None else ""

    @property
    def default_plugin(self) -> str | None:
        """The plugin that it names where the config names none; None: it need not name one."""
        default: str | None = settings_of(self.settings)[self.plugin_key].default
        return default

    @property
    def optional(self) -> bool:
        """Whether the table may be absent: each of its keys may be."""
        return all(one.default is None for one in settings_of(self.settings).values())


def own_table(interface: type[Plugin]) -> Table:
    """Return the table of a kind in which nothing else stands, and which may be absent."""
    about = f"{interface.__name__}: {(interface.__doc__ or '').partition(chr(10))[0]}"
    key = {interface.declared.key: setting(str, None, f"{interface.kind} plugin")}
    settings = attrs.make_class(f"{interface.__name__}Table", key, frozen=True, class_body={"__doc__": about})
    return Table(settings, interface)


#: The tables that have keys of their own or must name a plugin, in the order in which they are written.
_SETTINGS: dict[str, type[Any]] = {
    "computer": ComputerTable,
    "computer.potential": PotentialTable,
    "computer.connectivity": ConnectivityTable,
    "dynamics": DynamicsTable,
    "data": DataTable,
    "noising": NoisingTable,
    "training": TrainingTable,
    "generation": GenerationTable,
    "hardware": HardwareTable,
}

_INTERFACES = {one.declared.table: one for one in INTERFACES.values() if one.declared.table}

_ALL = {path: Table(settings, _INTERFACES.get(path)) for path, settings in _SETTINGS.items()} | {
    path: own_table(one) for path, one in _INTERFACES.items() if path not in _SETTINGS
}

#: The tables of a config, and those inside [computer], which a plugin has to itself.
TABLES: dict[str, Table] = {path: table for path, table in _ALL.items() if "." not in path}
COMPUTER_TABLES: dict[str, Table] = {
    path.removeprefix("computer."): table for path, table in _ALL.items() if path.startswith("computer.")
}

#: Path of the table that names a plugin of each kind, and the key that names it.
PLACES: dict[str, tuple[str, str]] = {one.kind: (path, one.declared.key) for path, one in _INTERFACES.items()}


def _named(interface: type[Plugin]) -> Any:
    return attrs.field(
        init=False, default=attrs.Factory(lambda self: self.plugins.get(interface.kind), takes_self=True)
    )


@attrs.frozen(eq=False, kw_only=True)
class Config:
    """A config: values, plugins already built, and where its keys come from.

    Parameters
    ----------
    seed : int
        Seed of the run.
    sizes : dict of str to int
        Units a group, in order.
    clamped : tuple of str
        Clamped groups.
    potentials : dict of str to Potential
        Potential of each group.
    plugins : dict of str to Plugin
        The plugins of the other kinds, by kind.
    connectivity, integrator, dataset, protocol, objective : plugin
        Those of them that every config names.
    computer, dynamics, data, noising, training, generation, hardware
        Values of the tables.
    given : mapping
        The tables as they were given, without defaults.
    origin : Origin
        Where its keys come from, for whoever finds a fault.
    """

    seed: int
    sizes: dict[str, int]
    clamped: tuple[str, ...]
    potentials: dict[str, Potential]
    plugins: dict[str, Plugin]
    connectivity: Connectivity = _named(Connectivity)
    integrator: Integrator = _named(Integrator)
    dataset: Dataset = _named(Dataset)
    protocol: Protocol = _named(Protocol)
    objective: Objective = _named(Objective)
    computer: ComputerTable
    dynamics: DynamicsTable
    data: DataTable
    noising: NoisingTable
    training: TrainingTable
    generation: GenerationTable
    hardware: HardwareTable | None
    given: Mapping[str, Any]
    origin: Origin

    @property
    def tables(self) -> dict[str, Any]:
        """Values of the tables that have keys beside a plugin's, by name."""
        return {name: getattr(self, name) for name in TABLES if name in _SETTINGS}

    @property
    def steps(self) -> int:
        """Steps of noising, of equilibration and of generation."""
        return self.dynamics.steps

    @property
    def duration(self) -> float:
        """How long the steps last [time]; protocols fade over this time, not over ``dynamics.duration``."""
        return self.steps * self.dynamics.dt

    @property
    def resolved(self) -> dict[str, Any]:
        """The config as tables, with every default written out."""
        resolved: dict[str, Any] = {"seed": self.seed}
        for name, table in TABLES.items():
            plugin = self.plugins.get(table.interface.kind) if table.interface is not None else None
            if name in _SETTINGS and getattr(self, name) is not None:
                resolved[name] = _values(getattr(self, name))
            if plugin is not None:
                own = resolved_plugin(plugin)
                del own["plugin"]
                resolved[name] = resolved.get(name, {table.plugin_key: plugin.name}) | own
        # groups are all written alike: a writer of TOML puts plain keys before tables, and the order of groups counts
        units = {g: {"size": n, "clamped": g in self.clamped} for g, n in self.sizes.items()}
        resolved["computer"] |= {
            "units": units if self.clamped else dict(self.sizes),
            "potential": _resolved_potentials(self.potentials),
            **{
                name: resolved_plugin(self.plugins[table.interface.kind])
                for name, table in COMPUTER_TABLES.items()
                if table.interface is not None and table.interface.kind in self.plugins
            },
        }
        return resolved

    def with_engine(self, name: str) -> Config:
        """Return the config with a named engine."""
        return attrs.evolve(self, dynamics=attrs.evolve(self.dynamics, engine=name))


def _values(section: Any) -> dict[str, Any]:
    values = {k: v for k, v in attrs.asdict(section, recurse=False).items() if v is not None}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _resolved_potentials(potentials: Mapping[str, Potential]) -> dict[str, Any]:
    first, *others = ((group, resolved_plugin(one)) for group, one in potentials.items())
    return first[1] | {group: table for group, table in others if table != first[1]}
