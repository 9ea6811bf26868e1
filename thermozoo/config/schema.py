"""The tables of a config: every key with its type, default, range and a sentence.

Everything that reads or shows the config (checking, resolved files, JSON Schema, documentation) reads these classes.
"""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo.config.faults import Faults
from thermozoo.config.settings import Setting, positive, setting, settings_of
from thermozoo.dynamics.engines import ENGINES, PRECISIONS
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
from thermozoo.thermodynamics.hardware import PRESETS
from thermozoo.training import METHODS

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
class ComputerTable:
    """Computer: what the machine is."""

    temperature: float = positive(0.1, "kT, in the config's unit of energy E0")
    mobility: float = positive(1.0, "mobility mu, in 1 / (E0 time)")
    trainable_biases: tuple[str, ...] = setting(
        tuple[str, ...], lambda: ("hidden",), "groups whose biases training may change"
    )


@attrs.frozen
class PotentialTable:
    """Potential: the energy of a unit, in every group that has no table of its own."""

    plugin: Any = setting(str, "quartic", "potential plugin")


@attrs.frozen
class ConnectivityTable:
    """Connectivity: which pairs of units are coupled."""

    plugin: Any = setting(str, "dense", "connectivity plugin")


@attrs.frozen
class DynamicsTable:
    """Dynamics: how the machine moves."""

    integrator: Any = setting(str, "euler-maruyama", "integrator plugin")
    dt: float = positive(1e-3, "time step")
    duration: float = positive(
        2.5, "duration of noising, of equilibration and of generation, rounded to whole time steps"
    )
    engine: str = setting(str, "auto", "what advances the states", choices=("auto", *ENGINES))
    precision: str = setting(
        str, "single", "data type of states; heat and work are always double", choices=tuple(PRECISIONS)
    )
    memory_limit: float = setting(float, 16.0, "memory that a run may need, as predicted [GiB]", above=0)

    @property
    def steps(self) -> int:
        """Whole time steps in the duration."""
        return round(self.duration / self.dt)


@attrs.frozen
class DataTable:
    """Data: the images to learn."""

    plugin: Any = setting(str, "digits", "data set plugin")
    classes: tuple[int, ...] = setting(tuple[int, ...], lambda: (0, 1, 2), "labels to learn, in this order")
    per_class: int = setting(int, 1, "images of each class, in the order of the data set; 0: all", at_least=0)


@attrs.frozen
class NoisingTable:
    """Noising: how images are forgotten."""

    protocol: Any = setting(str, "linear-fade", "protocol plugin: the intensity of the imposed image")
    hidden: str = setting(str, "projection", "signal on units that show no image", choices=("projection", "crop"))
    projection_seed: int = setting(int, 42, "seed of the random projection", at_least=0)


@attrs.frozen
class TrainingTable:
    """Training: how couplings and biases are found."""

    objective: Any = setting(str, "reverse-likelihood", "objective plugin")
    method: str = setting(str, METHODS[0], "how to minimize it", choices=METHODS)
    cycles: int = setting(
        int,
        300,
        "noising trajectories of each image (descent, online, moments)",
        at_least=1,
        methods=("descent", "online", "moments"),
    )
    learning_rate: float = positive(4e-4, "alpha of descent and online", methods=("descent", "online"))
    windows: int = setting(int, 1, "time windows with couplings of their own (exact, moments)", at_least=1)
    potential_parameters: tuple[str, ...] = setting(
        tuple[str, ...], tuple, "on-site parameters to train as well, one value per unit (exact, moments)"
    )
    tolerance: float = setting(
        float,
        1e-8,
        "relative residual at which the exact solution stops",
        at_least=1e-14,
        below=1,
        methods=("exact",),
    )
    compare: tuple[str, ...] = setting(
        tuple[str, ...], tuple, "methods to train and report side by side", choices=METHODS
    )
    held_out: int = setting(int, 30, "noising trajectories that judge the result", at_least=2)


@attrs.frozen
class GenerationTable:
    """Generation: how many images are made."""

    samples: int = setting(int, 1000, "how many", at_least=1)


@attrs.frozen
class HardwareTable:
    """Hardware: what a unit of time and of energy is in the laboratory."""

    preset: str | None = setting(str, None, "named values of the keys below", choices=tuple(PRESETS))
    time_unit: float | None = positive(None, "seconds in one unit of time")
    temperature: float | None = positive(None, "temperature [kelvin]")


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
    return attrs.field(init=False, default=attrs.Factory(lambda self: self.plugins[interface.kind], takes_self=True))


@attrs.frozen(eq=False, kw_only=True)
class Config:
    """A checked config: values, plugins already built, and the resolved tables.

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
    resolved : dict
        The config with every default written out.
    source : str
        Name of the file it came from.
    faults : Faults
        Those of keys that nothing uses, where it is left to the reader to raise them; it says where the config's keys
        come from, to whoever finds faults between them.
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
    resolved: dict[str, Any]
    source: str
    faults: Faults

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

    def with_engine(self, name: str) -> Config:
        """Return the config with a named engine, in its values and in its resolved tables."""
        resolved = {**self.resolved, "dynamics": {**self.resolved["dynamics"], "engine": name}}
        return attrs.evolve(self, dynamics=attrs.evolve(self.dynamics, engine=name), resolved=resolved)
