"""How many bytes a run will hold, said before it starts, and the limit above which it is refused."""

from __future__ import annotations

from thermozoo.computer.couplings import block_size
from thermozoo.computer.layout import Layout
from thermozoo.config.schema import Config
from thermozoo.dynamics.estimate import peak_memory
from thermozoo.errors import BudgetError
from thermozoo.runs.generation import OBSERVATIONS

__all__ = ["bytes_text", "check_memory", "predicted_memory"]

#: Bytes of the interpreter with its libraries where the system does not say, and of libraries loaded later and figures.
_LIBRARIES, _FIGURES = 150 * 2**20, 150 * 2**20

#: Double precision numbers for each coupling: strengths and blocks, packed copies, vectors of the solver; then for each
#: time window.
_COUPLING, _WINDOW = 12, 3

#: Units of `bytes_text`.
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def predicted_memory(config: Config, images: int = 0) -> int:
    """Return about how many bytes a run will hold at most.

    Parameters
    ----------
    config : Config
        The run. Its couplings are counted, not made.
    images : int
        Images that are trained on, where that is known already.
    """
    layout = Layout(config.sizes, frozen=config.frozen)
    pairs = config.connectivity.blocks(layout)
    if pairs is None:
        edges = config.connectivity.edges(layout)
        couplings, square = 0 if edges is None else len(edges), 0
    else:
        couplings = sum(block_size((layout.slice(a), layout.slice(b))) for a, b in pairs)
        square = layout.n**2  # second moments of exact training
    itemsize = 4 if config.dynamics.precision == "single" else 8
    samples = config.generation.samples * (layout.n * (4 * itemsize + 4 * 8) + 8 * 3 * (OBSERVATIONS + 1))
    held = 8 * couplings * (_COUPLING + _WINDOW * config.training.windows) + 8 * 4 * square
    return (peak_memory() or _LIBRARIES) + _FIGURES + held + samples + 8 * 3 * images * layout.n


def check_memory(config: Config, images: int = 0) -> int:
    """Return the predicted bytes of a run.

    Raises
    ------
    BudgetError
        When they are above the config's limit.
    """
    needed = predicted_memory(config, images)
    limit = config.dynamics.memory_limit * 2**30
    if needed > limit:
        raise BudgetError(
            f"{config.source}: the run needs about {bytes_text(needed)} of memory, above dynamics.memory_limit = "
            f"{config.dynamics.memory_limit:g} GiB: take fewer samples or units, or raise the limit"
        )
    return needed


def bytes_text(count: float) -> str:
    """Return a number of bytes in a unit that makes it short."""
    for unit in _UNITS[:-1]:
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} {_UNITS[-1]}"
