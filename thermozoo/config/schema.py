"""A config as an object, and which tables it has, with the kind of plugin that each of them names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from thermozoo.config.engines import ENGINE, resolved_engine
from thermozoo.config.faults import Origin
from thermozoo.config.generating import INTEGRATOR
from thermozoo.config.groups import AUTO
from thermozoo.config.imperfections import CHILD
from thermozoo.config.plugins import resolved_plugin
from thermozoo.config.settings import Setting, setting, settings_of
from thermozoo.config.tables import (
    ComputerTable,
    ConnectivityTable,
    DataTable,
    DynamicsTable,
    EncodingTable,
    GenerationTable,
    HardwareTable,
    NoisingTable,
    PotentialTable,
    RunTable,
    TaskTable,
    TrainingTable,
)
from thermozoo.config.terms import CouplingTerm, PatternTerm, resolved_terms
from thermozoo.interfaces import (
    INTERFACES,
    Connectivity,
    Dataset,
    Encoding,
    Engine,
    Imperfection,
    Integrator,
    Interaction,
    Objective,
    Plugin,
    Potential,
    Protocol,
    Task,
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
    "task": TaskTable,
    "computer": ComputerTable,
    "computer.potential": PotentialTable,
    "computer.connectivity": ConnectivityTable,
    "dynamics": DynamicsTable,
    "data": DataTable,
    "encoding": EncodingTable,
    "noising": NoisingTable,
    "training": TrainingTable,
    "generation": GenerationTable,
    "hardware": HardwareTable,
    "run": RunTable,
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
    auto : tuple of str
        Groups whose size waits for the data, and is 1 until then; see `with_sizes`.
    potentials : dict of str to Potential
        Potential of each group.
    plugins : dict of str to Plugin
        The plugins of the other kinds, by kind.
    encodings : dict of str to tuple of Encoding
        What the units of each group are shown, side by side; a clamped group may have none.
    protocols : dict of str to Protocol
        Protocol of each free group.
    schedule : dict of str to Protocol
        Protocol of everything that is driven in generation, by the name of what it drives.
    weights : dict of str to float
        Weight of each group's units in the loss, where it is not 1.
    terms : dict of str to PatternTerm or CouplingTerm
        Further terms of the energy, by name.
    engine : Engine or None
        What advances the states, where the config names it.
    imperfections : dict of str to Imperfection
        What its device does to what it was asked to be, by name, in order.
    generator : Integrator or None
        The integrator of generation, where it has one of its own.
    task : Task
        What is done with the computer.
    interaction : Interaction or None
        The one that the config names, if any.
    connectivity, integrator, dataset, protocol, objective : plugin
        Those of them that every config names; the protocol is that of the group that shows the image.
    computer, dynamics, data, encoding, noising, training, generation, hardware, run
        Values of the tables; None of one that the task does not read.
    given : mapping
        The tables as they were given, without defaults.
    origin : Origin
        Where its keys come from, for whoever finds a fault.
    """

    seed: int
    sizes: dict[str, int]
    clamped: tuple[str, ...]
    auto: tuple[str, ...]
    potentials: dict[str, Potential]
    plugins: dict[str, Plugin]
    encodings: dict[str, tuple[Encoding, ...]]
    protocols: dict[str, Protocol]
    schedule: dict[str, Protocol]
    weights: dict[str, float]
    terms: dict[str, PatternTerm | CouplingTerm] = attrs.field(factory=dict)
    engine: Engine | None = None
    imperfections: dict[str, Imperfection] = attrs.field(factory=dict)
    generator: Integrator | None = None
    task: Task = _named(Task)
    interaction: Interaction | None = _named(Interaction)
    connectivity: Connectivity = _named(Connectivity)
    integrator: Integrator = _named(Integrator)
    dataset: Dataset = _named(Dataset)
    protocol: Protocol = _named(Protocol)
    objective: Objective = _named(Objective)
    computer: ComputerTable
    dynamics: DynamicsTable
    data: DataTable
    encoding: EncodingTable
    noising: NoisingTable
    training: TrainingTable
    generation: GenerationTable
    hardware: HardwareTable | None
    run: RunTable | None = None
    given: Mapping[str, Any]
    origin: Origin

    @property
    def tables(self) -> dict[str, Any]:
        """Values of the tables that have keys beside a plugin's, by name."""
        return {name: getattr(self, name) for name in self.reads if name in _SETTINGS}

    @property
    def reads(self) -> tuple[str, ...]:
        """The tables that its task reads, beside the task's own: those that it declares, and hardware."""
        return (*self.task.tables, "hardware")

    @property
    def method(self) -> str:
        """The training method; empty where the task trains nothing."""
        return self.training.method if "training" in self.reads else ""

    @property
    def condition(self) -> tuple[int, ...]:
        """Classes to ask for, in turn; none: whatever comes.

        Where something selects the class, programs or clamped units that hold it, each is asked for by default.
        """
        asked = self.generation.condition
        selected = self.training.by_class or any(self.encodings.get(group) for group in self.clamped)
        if asked is None and selected:
            asked = "each"
        return self.data.classes if isinstance(asked, str) else asked or ()

    @property
    def programs(self) -> int:
        """How many programs are trained: one, or one for each class."""
        return len(self.data.classes) if self.training.by_class else 1

    @property
    def steps(self) -> int:
        """Steps of noising and of generation."""
        return self.dynamics.steps

    @property
    def equilibration(self) -> int | None:
        """Steps of equilibration that are asked for, if any."""
        asked = self.generation.equilibration
        return None if asked is None else round(asked / self.generation_dt)

    @property
    def duration(self) -> float:
        """How long the steps last [time]; protocols fade over this time, not over ``dynamics.duration``."""
        return self.steps * self.dynamics.dt

    @property
    def generation_integrator(self) -> Integrator:
        """The integrator of generation: one of its own, or that of the dynamics."""
        return self.integrator if self.generator is None else self.generator

    def moved(self, integrator: Integrator) -> Integrator:
        """Return by which steps the device moves instead of those of an integrator."""
        for one in self.imperfections.values():
            integrator = one.moved(integrator)
        return integrator

    @property
    def driven(self) -> dict[str, Protocol]:
        """The protocol of everything that changes in time in generation: what is driven, and what drifts."""
        drifting = [one.driven() for one in self.imperfections.values()]
        return {name: protocol for targets in (self.schedule, *drifting) for name, protocol in targets.items()}

    @property
    def generation_dt(self) -> float:
        """The time step of generation [time]."""
        return self._own_dt or self.dynamics.dt

    @property
    def generation_steps(self) -> int:
        """Steps of generation, which takes as long as noising, to half a step of its own."""
        return self.steps if self._own_dt is None else round(self.duration / self._own_dt)

    @property
    def _own_dt(self) -> float | None:
        """The time step that generation has for itself, where the task reads its table."""
        return self.generation.dt if "generation" in self.reads else None

    @property
    def resolved(self) -> dict[str, Any]:
        """The config as tables, with every default written out."""
        resolved: dict[str, Any] = {"seed": self.seed}
        if self.task.name != TABLES[Task.declared.table].default_plugin:  # which was there before there were others
            resolved[Task.declared.table] = resolved_plugin(self.task)
        for name, table in TABLES.items():
            if name == Task.declared.table or (name in _SETTINGS and name not in self.reads):
                continue
            plugin = self.plugins.get(table.interface.kind) if table.interface is not None else None
            if name in _SETTINGS and getattr(self, name) is not None:
                resolved[name] = _values(getattr(self, name))
            if plugin is not None:
                resolved[name] = resolved.get(name, {table.plugin_key: plugin.name}) | _without_name(plugin)
        # groups are all written alike: a writer of TOML puts plain keys before tables, and the order of groups counts
        sizes = {g: AUTO if g in self.auto else n for g, n in self.sizes.items()}
        units = {g: {"size": n, "clamped": g in self.clamped} for g, n in sizes.items()}
        resolved["computer"] |= {
            "units": units if self.clamped else sizes,
            "potential": _by_group(self.potentials),
            **{
                name: resolved_plugin(self.plugins[table.interface.kind])
                for name, table in COMPUTER_TABLES.items()
                if table.interface is not None and table.interface.kind in self.plugins
            },
        }
        if self.terms:
            resolved["computer"]["terms"] = resolved_terms(self.terms)
        for group, encodings in self.encodings.items():
            tables = [resolved_plugin(one) for one in encodings]
            resolved["encoding"][group] = tables[0] if len(tables) == 1 else tables
        if self.protocols:
            resolved["noising"] = _by_group(self.protocols, Protocol.declared.key)
        if self.schedule:
            resolved["schedule"] = {
                name: {Protocol.declared.key: one.name} | _without_name(one) for name, one in self.schedule.items()
            }
        if self.imperfections:
            resolved.setdefault("hardware", {})[CHILD] = {
                n: resolved_plugin(one) for n, one in self.imperfections.items()
            }
        if self.weights:
            resolved["training"]["weights"] = dict(self.weights)
        if self.engine is not None:
            resolved["dynamics"][ENGINE] = resolved_engine(self.engine)
        if self.generator is not None:
            resolved["generation"][INTEGRATOR] = resolved_plugin(self.generator)
        return resolved

    def with_sizes(self, sizes: Mapping[str, int]) -> Config:
        """Return the config with the sizes that its encodings turned out to need."""
        return attrs.evolve(self, sizes={g: sizes.get(g, n) for g, n in self.sizes.items()}, auto=())

    def with_engine(self, name: str) -> Config:
        """Return the config with a named engine."""
        return attrs.evolve(self, dynamics=attrs.evolve(self.dynamics, engine=name))


def _values(section: Any) -> dict[str, Any]:
    values = {k: v for k, v in attrs.asdict(section, recurse=False).items() if v is not None}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _without_name(plugin: Plugin) -> dict[str, Any]:
    return {k: v for k, v in resolved_plugin(plugin).items() if k != "plugin"}


def _by_group(plugins: Mapping[str, Plugin], key: str = "plugin") -> dict[str, Any]:
    """Return the table of a kind of which every group has a plugin, named by a key: one, then those that differ."""
    tables = {group: {key: one.name} | _without_name(one) for group, one in plugins.items()}
    common = next(iter(tables.values()))
    return common | {group: table for group, table in tables.items() if table != common}
