"""How a batch is laid out and shared out among threads. Speed is all that depends on it: bits do not."""

from __future__ import annotations

import attrs

from thermozoo.dynamics.engines.products import BLOCK
from thermozoo.dynamics.engines.vectors import LINE

__all__ = ["Arrangement", "Load", "ahead", "arrange", "chunks_abreast", "widths"]

#: Nanoseconds of one processor, in single precision, for: a counter and its numbers; the update of a unit; a
#: multiply-add of a dense and of a sparse product. A line of trajectories shares each number of J, a trajectory by
#: itself waits for it. Orders of magnitude are enough to choose by.
_COUNTER = {"batch": 1.0, "unit": 2.0}
_UNIT = {"batch": 0.3, "unit": 0.3}
_DENSE = {"batch": 0.02, "unit": 0.08}
_SPARSE = {"batch": 0.1, "unit": 0.4}

#: Nanoseconds of a stage, however few units there are: where noise is not drawn ahead, it waits for itself. And of a
#: dense product.
_STAGE = {"batch": 50.0, "unit": 20.0}
_PRODUCT = 25.0

#: Couplings with fewer bytes than this are always at hand: their multiply-adds take half as long.
_NEAR = 2**18

#: Nanoseconds for threads to meet, and to be set to work.
_MEETING, _START = 1500.0, 60e3

#: Threads that wait for each other in every step must promise at least this gain: another process may hold one up.
_GAIN = 1.25

#: Couplings with more bytes than this do not stay in a shared cache: chunks then take turns on each part of them.
_CACHED = 16 * 2**20

#: Most chunks that share a part of J while it is in the cache.
_GROUP = 8

#: Most units of a trajectory by itself whose noise is drawn for several steps at once.
_AHEAD = 16


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
        # a counter serves four units of a block, 16 apart
        counters = self.units // BLOCK * (BLOCK // 4) + min(BLOCK // 4, self.units % BLOCK)
        units = counters * _COUNTER[layout] + self.units * _UNIT[layout]
        # trajectories that take turns wait for J once
        waiting = 1.0 if layout == "batch" else 0.5 + 0.5 / group
        near = 0.5 if self.dense * self.itemsize < _NEAR else 1.0
        products = self.dense * _DENSE[layout] * waiting * near + self.sparse * _SPARSE[layout]
        stage = _STAGE[layout] + _PRODUCT * (self.dense > 0)
        if layout == "batch":
            stage /= group
        return self.steps * self.stages * (stage + width * (units + products) * self.itemsize / 4)


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
        group = max(1, min(_GROUP, each)) if (unit_layout and load.dense > 0 and load.units > _AHEAD) or beyond else 1
        if not unit_layout and load.units <= BLOCK:
            group = chunks_abreast(each, load.units)
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


def chunks_abreast(each: int, units: int) -> int:
    """Return how many of a thread's chunks of so many units have their noise drawn at once: those of 64 units in all.

    Parameters
    ----------
    each : int
        Chunks of a thread; it draws about as many each time.
    units : int
        Units of a chunk.
    """
    most = max(1, BLOCK // max(1, units))
    return max(1, -(-each // max(1, -(-each // most))))


def ahead(units: int, steps: int, chosen: Arrangement) -> int:
    """Return the logarithm of the units whose noise is drawn for several steps at once, -1 where it is not."""
    alone = chosen.unit_layout and chosen.group == 1 and units <= _AHEAD and steps > 1
    return (units - 1).bit_length() if alone else -1


def widths(itemsize: int) -> tuple[int, int]:
    """Return the widths that a kernel may have: one trajectory, or as many as a cache line holds."""
    return 1, LINE // itemsize
