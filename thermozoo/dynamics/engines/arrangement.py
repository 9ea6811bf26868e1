"""How a batch is laid out and shared out among threads. Speed is all that depends on it: bits do not."""

from __future__ import annotations

import attrs

from thermozoo.dynamics.engines.products import BLOCK
from thermozoo.dynamics.engines.vectors import LINE

__all__ = ["Arrangement", "Load", "arrange", "widths"]

#: Nanoseconds of one processor for: noise and update of a unit; a multiply-add of a dense and of a sparse product.
#: A line of trajectories shares each number of J, a trajectory by itself waits for it. Orders of magnitude are enough
#: to choose by.
_UNIT = {"batch": 1.3, "unit": 1.7}
_DENSE = {"batch": 0.02, "unit": 0.08}
_SPARSE = {"batch": 0.1, "unit": 0.4}

#: Nanoseconds of a stage of a chunk, however few units it has: noise waits for itself.
_STAGE = 900.0

#: Nanoseconds for threads to meet, and to be set to work.
_MEETING, _START = 1500.0, 60e3

#: Threads that wait for each other in every step must promise at least this gain: another process may hold one up.
_GAIN = 1.25

#: Couplings with more bytes than this do not stay in a shared cache: chunks then take turns on each part of them.
_CACHED = 16 * 2**20

#: Most chunks that share a part of J while it is in the cache.
_GROUP = 8


@attrs.frozen
class Load:
    """What there is to do.

    Parameters
    ----------
    trajectories, units, steps, stages : int
        Sizes; stages of a step.
    dense, sparse : int
        Multiply-adds of one product with one state.
    itemsize : int
        Bytes of a number.
    """

    trajectories: int
    units: int
    steps: int
    stages: int
    dense: int
    sparse: int
    itemsize: int

    @property
    def width(self) -> int:
        """Trajectories of a chunk in the batch layout."""
        return LINE // self.itemsize

    def nanoseconds(self, layout: str, group: int) -> float:
        """Return the time of one chunk for all steps on one processor, about, where chunks take turns in groups."""
        width = self.width if layout == "batch" else 1
        # noise comes in blocks of units; trajectories that take turns wait for J once
        units = -(-self.units // BLOCK) * BLOCK * _UNIT[layout]
        waiting = 1.0 if layout == "batch" else 0.5 + 0.5 / group
        products = self.dense * _DENSE[layout] * waiting + self.sparse * _SPARSE[layout]
        return self.steps * self.stages * (_STAGE + width * (units + products) * self.itemsize / 4)


@attrs.frozen
class Arrangement:
    """How a batch is laid out and shared out.

    Parameters
    ----------
    unit_layout : bool
        Units side by side, one trajectory a chunk; else trajectories side by side.
    threads : int
        Threads at work.
    together : bool
        Threads share out the units of one chunk after the other; else each takes whole chunks.
    group : int
        Chunks that a thread advances in turns.
    """

    unit_layout: bool
    threads: int
    together: bool
    group: int


def _candidates(load: Load, threads: int) -> list[tuple[float, Arrangement]]:
    found = []
    for unit_layout in (False, True):
        layout = "unit" if unit_layout else "batch"
        chunks = load.trajectories if unit_layout else -(-load.trajectories // load.width)
        members = max(1, min(threads, chunks))  # there may be nothing to share out: a method that draws no trajectory
        each = -(-chunks // members)
        beyond = load.dense * load.itemsize > _CACHED
        group = max(1, min(_GROUP, each)) if (unit_layout and load.dense > 0) or beyond else 1
        start = _START if members > 1 else 0.0
        found.append((each * load.nanoseconds(layout, group) + start, Arrangement(unit_layout, members, False, group)))
        # tiles of a dense product with trajectories side by side are not aligned to what threads share
        if threads > 1 and (unit_layout or load.dense == 0):
            meetings = load.steps * (load.stages + 1) * _MEETING
            time = chunks * (load.nanoseconds(layout, 1) * _GAIN / threads + meetings) + _START
            found.append((time, Arrangement(unit_layout, threads, True, 1)))
    return found


def arrange(load: Load, threads: int, width: int | None) -> Arrangement:
    """Return the quickest arrangement.

    Parameters
    ----------
    load : Load
        What there is to do.
    threads : int
        How many threads there may be.
    width : int or None
        Trajectories side by side, 1 or as many as a cache line holds, where the caller has chosen.
    """
    candidates = _candidates(load, threads) + _candidates(load, 1)
    allowed = [c for c in candidates if width is None or c[1].unit_layout == (width == 1)]
    return min(allowed, key=lambda c: c[0])[1]


def widths(itemsize: int) -> tuple[int, int]:
    """Return the widths that a kernel may have: one trajectory, or as many as a cache line holds."""
    return 1, LINE // itemsize
