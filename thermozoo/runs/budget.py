"""How many bytes a run will hold, said before it starts, and the limit above which it is refused."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np

from thermozoo.computer.computer import TERMS
from thermozoo.computer.connect import pairs_of
from thermozoo.computer.couplings import block_size
from thermozoo.computer.layout import Layout
from thermozoo.config.faults import Faults
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import PRECISIONS
from thermozoo.errors import BudgetError
from thermozoo.runs.generation import OBSERVATIONS, SHOWN
from thermozoo.training.evaluate import STRETCH

if TYPE_CHECKING:
    from thermozoo.runs.assemble import Machine

__all__ = ["bytes_of_a_state", "bytes_text", "check_memory", "peak_memory", "predicted_disk", "predicted_memory"]

#: Bytes of the interpreter with its libraries where the system does not say, and of libraries loaded later and figures.
_LIBRARIES, _FIGURES = 150 * 2**20, 180 * 2**20

#: Bytes that compiling takes.
_COMPILING = 110 * 2**20

#: Double precision numbers for each coupling: strengths and blocks, packed copies, vectors of the solver; then for each
#: time window.
_COUPLING, _WINDOW = 12, 3

#: Numbers for each unit of a sample: states in rows, copied and side by side, in their precision and in double.
_STATE = 4

#: Numbers, in the precision of states, for each unit at each step of the held-out trajectories that are judged at once.
_JUDGED = 7

#: Copies of the energy terms of every observation: as they are observed, stacked, ordered in time.
_LEDGER = 3

#: Double precision numbers for each unit of an image that is trained on, and for each pixel of one that judges.
_SIGNAL, _JUDGE = 3, 4

#: Bytes for each noising trajectory that a method samples: its number, and points of the loss curve.
_TRAJECTORY = {"exact": 0, "moments": 32, "descent": 2048, "online": 2048}

#: Double precision numbers for each time step: times and intensities of the imposed signal, and copies on their way.
_STEP = 6

#: Bytes of figures and of the page that holds them again.
_PICTURES = 1_500_000

#: Units of `bytes_text`.
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def predicted_memory(config: Config, machine: Machine | None = None) -> int:
    """Return about how many bytes a run will hold at most.

    Parameters
    ----------
    config : Config
        The run. Its couplings are counted, not made.
    machine : Machine, optional
        What was assembled from it, where that is done: its images are counted, and the data set as it was loaded.
    """
    return sum(one.bytes for one in _shares(config, machine))


@attrs.frozen
class _Share:
    """A part of what a run holds.

    Parameters
    ----------
    bytes : int
        How much.
    path : str
        The key that it grows with.
    cause : str
        What it is for, empty for what no config can change.
    also : tuple of str
        Other keys that it grows with.
    """

    bytes: int
    path: str
    cause: str
    also: tuple[str, ...] = ()


def _shares(config: Config, machine: Machine | None) -> list[_Share]:
    layout = Layout(config.sizes, clamped=config.clamped)
    pairs, edges = pairs_of(config.connectivity, layout)
    if pairs is None:
        couplings, square = 0 if edges is None else len(edges), 0
    else:
        couplings = sum(block_size((layout.slice(a), layout.slice(b))) for a, b in pairs)
        square = layout.n**2  # second moments of exact training
    samples = config.generation.samples * (
        layout.n * _STATE * (bytes_of_a_state(config) + 8) + _LEDGER * 8 * len(TERMS) * (OBSERVATIONS + 1)
    )
    stretch = min(STRETCH, config.steps) + 1
    held_out = config.training.held_out * layout.n * stretch * bytes_of_a_state(config) * _JUDGED
    held = couplings * (_COUPLING + _WINDOW * config.training.windows) + 4 * square
    images = 0
    if machine is not None:
        images = _SIGNAL * machine.noising.signals.size + _JUDGE * machine.prototypes.rest.size
    compiling = 0 if config.dynamics.engine == "reference" else _COMPILING
    if machine is None:
        prototypes = len(config.data.classes) * max(1, config.data.per_class)
    else:
        prototypes = len(machine.noising.signals)
    sampled = config.training.cycles * prototypes * _TRAJECTORY[config.training.method]
    return [
        _Share((peak_memory() or _LIBRARIES) + _FIGURES + compiling, "dynamics.memory_limit", ""),
        _Share(sampled, "training.cycles", f"{config.training.cycles:,} cycles of training", ("data",)),
        _Share(8 * held, "computer.units", f"{couplings:,} couplings", ("computer.connectivity",)),
        _Share(samples, "generation.samples", f"{config.generation.samples:,} samples", ("computer.units",)),
        _Share(
            held_out,
            "training.held_out",
            f"{config.training.held_out:,} held-out trajectories",
            ("computer.units",),
        ),
        _Share(
            8 * _STEP * config.steps,
            "dynamics.duration",
            f"{config.steps:,} time steps (duration / dt)",
            ("dynamics.dt",),
        ),
        _Share(8 * images, "data.per_class", "the images", ("data",)),
    ]


def predicted_disk(machine: Machine) -> int:
    """Return about how many bytes the run folder will hold: couplings, states, ledger, pictures."""
    config, computer = machine.config, machine.computer
    couplings = computer.couplings.size * (8 if computer.couplings.blocks is not None else 24)
    states = (config.generation.samples + (OBSERVATIONS + 1) * SHOWN) * computer.n * bytes_of_a_state(config)
    ledger = 8 * config.generation.samples * (3 * (OBSERVATIONS + 1) + 2)
    prototypes = machine.prototypes.images.nbytes
    return int(couplings * config.training.windows + states + ledger + prototypes + 50 * computer.n + _PICTURES)


def bytes_of_a_state(config: Config) -> int:
    """Return the bytes of one unit's state."""
    return np.dtype(PRECISIONS[config.dynamics.precision]).itemsize


def check_memory(config: Config, machine: Machine | None = None) -> int:
    """Return the predicted bytes of a run.

    Raises
    ------
    BudgetError
        When they are above the config's limit.
    """
    shares = _shares(config, machine)
    needed = sum(one.bytes for one in shares)
    limit = config.dynamics.memory_limit * 2**30
    if needed > limit:
        most = max(shares, key=lambda one: one.bytes)
        advice = f", most of it for {most.cause}: take fewer, or raise the limit" if most.cause else ": raise the limit"
        faults = Faults(config.origin)
        faults.add(
            most.path,
            f"the run needs about {bytes_text(needed)} of memory, above dynamics.memory_limit = "
            f"{config.dynamics.memory_limit:g} GiB{advice}",
            also=[most.path, *most.also, "dynamics.memory_limit"],
        )
        raise BudgetError(*faults.lines)
    return needed


def peak_memory() -> int | None:
    """Return the most memory that this process has held [byte], None where the system does not say."""
    # Linux first: there, getrusage also counts what the process that started this one had held
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def bytes_text(count: float) -> str:
    """Return a number of bytes in a unit that makes it short."""
    for unit in _UNITS[:-1]:
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} {_UNITS[-1]}"
