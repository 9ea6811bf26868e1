"""The tables of a config: every key with its type, default, range and a sentence.

Everything that reads or shows the config (checking, resolved files, JSON Schema, documentation) reads these classes.
"""

from __future__ import annotations

from typing import Any, Literal

import attrs

from thermozoo.config.settings import LARGEST, positive, setting
from thermozoo.dynamics.engines import PRECISIONS
from thermozoo.thermodynamics.hardware import PRESETS
from thermozoo.training import METHODS, WINDOW_TIMES

__all__ = [
    "ComputerTable",
    "ConnectivityTable",
    "DataTable",
    "DynamicsTable",
    "EncodingTable",
    "GenerationTable",
    "HardwareTable",
    "NoisingTable",
    "PotentialTable",
    "RunTable",
    "TaskTable",
    "TrainingTable",
]


@attrs.frozen
class TaskTable:
    """Task: what the run does with the computer."""

    plugin: Any = setting(str, "generate", "task plugin")


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
    duration: float = positive(2.5, "duration of noising and of generation, rounded to whole time steps")
    engine: str = setting(str, "auto", "what advances the states: an engine, or what suits the work")
    precision: str = setting(
        str, "single", "data type of states; heat and work are always double", choices=tuple(PRECISIONS)
    )
    memory_limit: float = setting(float, 16.0, "memory that a run may need, as predicted [GiB]", above=0)
    checkpoint_interval: float = setting(
        float, 30.0, "least time between checkpoints, from which a run that was stopped goes on [second]", at_least=0
    )

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
    skip: int = setting(int, 0, "images of each class to pass over first", at_least=0)


@attrs.frozen
class EncodingTable:
    """Encoding: which signals an image is on the units of each group."""

    seed: int = setting(int, 42, "seed of what encodings draw", at_least=0)


@attrs.frozen
class NoisingTable:
    """Noising: how images are forgotten."""

    protocol: Any = setting(str, "linear-fade", "protocol plugin: the intensity of imposed signals")


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
    window_times: str = setting(
        str,
        WINDOW_TIMES[0],
        "times of a window at which the exact solution minimizes the loss: all, or its middle",
        choices=WINDOW_TIMES,
        methods=("exact",),
    )
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
    ridge: float = setting(
        float,
        0.0,
        "added to the second derivative by each coupling, relative to their mean, in the exact solution",
        at_least=0,
        at_most=LARGEST,
        methods=("exact",),
    )
    by_class: bool = setting(bool, False, "one program for each class, which the condition selects")
    compare: tuple[str, ...] = setting(
        tuple[str, ...], tuple, "methods to train and report side by side", choices=METHODS
    )
    held_out: int = setting(int, 30, "noising trajectories that judge the result", at_least=2)


@attrs.frozen
class GenerationTable:
    """Generation: how many images are made, and in which steps."""

    samples: int = setting(int, 1000, "how many", at_least=1)
    dt: float | None = positive(None, "time step of generation; without it that of [dynamics]")
    equilibration: float | None = positive(
        None,
        "how long uncoupled units equilibrate from x = 0 before, rounded to whole time steps; without it they start "
        "from exact samples of their Boltzmann distributions, or equilibrate for the duration where they have none",
    )
    condition: Literal["each"] | tuple[int, ...] | None = setting(
        Literal["each"] | tuple[int, ...],
        None,
        "classes to ask for in turn, or each that is learned (by default where units or programs select the class)",
    )


@attrs.frozen
class RunTable:
    """Run: who does trajectories; without this table the process of the run does, all of them at once."""

    executor: str | None = setting(
        str, None, "who does the shards: processes of this machine, or workers of Dask", choices=("local", "dask")
    )
    workers: int | None = setting(
        int, None, "processes on this machine; without it as many as its processors allow", at_least=1, at_most=1024
    )
    threads: int | None = setting(int, None, "threads of each process; without it 1", at_least=1, at_most=1024)
    scheduler: str | None = setting(
        str, None, "address of a Dask scheduler, whose workers are taken instead of processes of this machine"
    )
    shard: int | None = setting(
        int,
        None,
        "samples, or noising trajectories, of a shard, rounded up to a multiple of 64; without it so many that each "
        "worker does about two",
        at_least=1,
    )


@attrs.frozen
class HardwareTable:
    """Hardware: what a unit of time and of energy is in the laboratory."""

    preset: str | None = setting(str, None, "named values of the keys below", choices=tuple(PRESETS))
    time_unit: float | None = positive(None, "seconds in one unit of time")
    temperature: float | None = positive(None, "temperature [kelvin]")
    idle_watts: float | None = positive(None, "power that the device draws while nothing happens [watt]")
    readout_joules: float | None = positive(None, "energy of reading one result [joule]")
