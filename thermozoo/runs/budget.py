"""How many bytes a run will hold, said before it starts, and the limit above which it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thermozoo.computer.computer import TERMS
from thermozoo.computer.couplings import block_size
from thermozoo.computer.layout import Layout
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import PRECISIONS
from thermozoo.errors import BudgetError
from thermozoo.runs.generation import OBSERVATIONS

if TYPE_CHECKING:
    from thermozoo.runs.assemble import Machine

__all__ = ["bytes_of_a_state", "bytes_text", "check_memory", "peak_memory", "predicted_memory"]

#: Bytes of the interpreter with its libraries where the system does not say, and of libraries loaded later and figures.
_LIBRARIES, _FIGURES = 150 * 2**20, 180 * 2**20

#: Double precision numbers for each coupling: strengths and blocks, packed copies, vectors of the solver; then for each
#: time window.
_COUPLING, _WINDOW = 12, 3

#: Numbers for each unit of a sample: states in rows, copied and side by side, in their precision and in double.
_STATE = 4

#: Copies of the energy terms of every observation: as they are observed, stacked, ordered in time.
_LEDGER = 3

#: Double precision numbers for each unit of an image that is trained on, and for each pixel of one that judges.
_SIGNAL, _JUDGE = 3, 4

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
    layout = Layout(config.sizes, frozen=config.frozen)
    pairs = config.connectivity.blocks(layout)
    if pairs is None:
        edges = config.connectivity.edges(layout)
        couplings, square = 0 if edges is None else len(edges), 0
    else:
        couplings = sum(block_size((layout.slice(a), layout.slice(b))) for a, b in pairs)
        square = layout.n**2  # second moments of exact training
    samples = config.generation.samples * (
        layout.n * _STATE * (bytes_of_a_state(config) + 8) + _LEDGER * 8 * len(TERMS) * (OBSERVATIONS + 1)
    )
    held = couplings * (_COUPLING + _WINDOW * config.training.windows) + 4 * square
    if machine is not None:
        held += _SIGNAL * machine.signals.size + _JUDGE * machine.prototypes.rest.size
    return (peak_memory() or _LIBRARIES) + _FIGURES + 8 * held + samples


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
    needed = predicted_memory(config, machine)
    limit = config.dynamics.memory_limit * 2**30
    if needed > limit:
        raise BudgetError(
            f"{config.source}: the run needs about {bytes_text(needed)} of memory, above dynamics.memory_limit = "
            f"{config.dynamics.memory_limit:g} GiB: take fewer samples or units, or raise the limit"
        )
    return needed


def peak_memory() -> int | None:
    """Return the most memory that this process has held [byte], None where the system does not say."""
    try:
        import resource
        import sys
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
