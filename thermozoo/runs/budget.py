"""How many bytes a run will hold, said before it starts, and the limit above which it is refused."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from thermozoo.config.faults import Faults
from thermozoo.config.schema import Config
from thermozoo.digits import bytes_text
from thermozoo.errors import BudgetError
from thermozoo.runs.phase import Share, Size
from thermozoo.runs.phases import phases_of

__all__ = ["check_memory", "machine_memory", "peak_memory", "phase_shares", "predicted_memory"]

#: Bytes of the interpreter with the data where the system does not say.
_INTERPRETER = 150 * 2**20


def phase_shares(config: Config, machine: Any = None) -> dict[str, tuple[Share, ...]]:
    """Return what every phase of a run holds, with what lasts of those before it, by name.

    Parameters
    ----------
    config : Config
        The run. Its couplings are counted, not made.
    machine : Setup, or what the task makes instead, optional
        What was assembled from it, where that is done: its images are counted, and the data set as it was loaded.
    """
    size = Size.of(config, machine)
    lasting: tuple[Share, ...] = (Share(peak_memory() or _INTERPRETER, "dynamics.memory_limit"),)
    found = {}
    for phase in phases_of(config):
        found[phase.name] = (*lasting, *phase.bytes(size))
        lasting = (*lasting, *(share for share in phase.bytes(size) if share.lasts))
    return found


def predicted_memory(config: Config, machine: Any = None) -> int:
    """Return about how many bytes a run will hold at most, in the largest of its phases; see `phase_shares`."""
    return max(map(_total, phase_shares(config, machine).values()))


def _total(shares: tuple[Share, ...]) -> int:
    return sum(share.bytes for share in shares)


def check_memory(config: Config, machine: Any = None) -> int:
    """Return the predicted bytes of a run.

    Raises
    ------
    BudgetError
        When they are above the config's limit.
    """
    shares = max(phase_shares(config, machine).values(), key=_total)
    needed = _total(shares)
    limit = config.dynamics.memory_limit * 2**30
    if needed > limit:
        by_key: dict[str, int] = {}
        for share in shares:
            by_key[share.path] = by_key.get(share.path, 0) + share.bytes
        most = max(shares, key=lambda share: (by_key[share.path], share.bytes))
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


def machine_memory() -> int | None:
    """Return the memory of this machine [byte], None where the system does not say."""
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # there are systems without the call, and without the names
        return None
    return pages * size if pages > 0 and size > 0 else None


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
