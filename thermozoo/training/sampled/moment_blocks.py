"""Sums over noising trajectories by blocks, which come together in pairs: to the same bits, wherever they are cut.

A block is 64 trajectories, always the same ones. Blocks 0 and 1 are added up, 2 and 3, and these two again, so that the
sums at level l are of 2^l blocks, the first of which has a number that 2^l divides. Whoever has some blocks in a row
adds up what is whole of these pairs; whoever has all of them, what is left, from the first to the last. No sum depends
on where rows of blocks begin or end, and rounding errors grow with the logarithm of the number of blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.shards.cutting import BLOCK, Shard, blocks_of
from thermozoo.training.least_squares.normal_equations import NormalEquations
from thermozoo.training.sampled.moments import SampledMoments, simulated_together
from thermozoo.training.sampled.plain_moments import MomentSums

__all__ = ["MomentBlocks"]


@attrs.define(eq=False)
class _Pair:
    """Sums of 2^level blocks, of trajectories to fit to and of those that judge; None where there are none of these.

    Parameters
    ----------
    level : int
        How often blocks were paired.
    place : int
        Number of the first block, divided by 2^level.
    kinds : list of (list of MomentSums, or None)
        The sums of every window.
    """

    level: int
    place: int
    kinds: list[list[MomentSums] | None]

    def before(self, other: Self) -> bool:
        """Return whether another one is the second half of a pair of which this is the first."""
        return self.level == other.level and self.place % 2 == 0 and other.place == self.place + 1

    def pair_with(self, other: Self) -> None:
        """Become both halves of a pair."""
        self.absorb(other)
        self.level, self.place = self.level + 1, self.place // 2

    def absorb(self, other: Self) -> None:
        """Add the sums of another one, which is of no use afterwards."""
        for k, theirs in enumerate(other.kinds):
            mine = self.kinds[k]
            if mine is None or theirs is None:
                self.kinds[k] = theirs if mine is None else mine
                continue
            for one, another in zip(mine, theirs, strict=True):
                one.absorb(another)


@attrs.define(eq=False)
class MomentBlocks:
    """Sums of some blocks in a row.

    Parameters
    ----------
    moments : SampledMoments
        What sums are of.
    judge : ndarray of bool, shape (trajectories,)
        Which of all trajectories judge.
    """

    moments: SampledMoments
    judge: npt.NDArray[np.bool_]
    _pairs: list[_Pair] = attrs.field(init=False, factory=list)

    def follow(self, shard: Shard) -> None:
        """Add the trajectories of a shard, which begins where the last one ended."""
        for block in blocks_of(shard):
            numbers = np.arange(block.first, block.stop)
            judge = self.judge[numbers]
            self._add(_Pair(0, block.first // BLOCK, [self._sums(numbers[~judge], 0), self._sums(numbers[judge], 1)]))

    def _begin(self, kind: int) -> list[MomentSums]:
        judging = int(self.judge.sum())
        return self.moments.begin(judging if kind else len(self.judge) - judging)

    def _sums(self, numbers: npt.NDArray[np.int64], kind: int) -> list[MomentSums] | None:
        """Return the sums of some trajectories of a block."""
        if not len(numbers):
            return None
        sums, together = self._begin(kind), simulated_together(self.moments.computer.n)
        for first in range(0, len(numbers), together):
            self.moments.follow(numbers[first : first + together], sums)
        return sums

    def _add(self, pair: _Pair) -> None:
        self._pairs.append(pair)
        while len(self._pairs) > 1 and self._pairs[-2].before(self._pairs[-1]):
            last = self._pairs.pop()
            self._pairs[-1].pair_with(last)

    def taken(self) -> Iterator[dict[str, Any]]:
        """Yield the sums as values, and leave none."""
        while self._pairs:
            one = self._pairs.pop(0)
            kinds = [None if sums is None else [window.checkpoint() for window in sums] for sums in one.kinds]
            yield {"level": one.level, "place": one.place, "kinds": kinds}

    def put(self, value: dict[str, Any]) -> None:
        """Add sums that another one gave as a value, which begin where the last ones ended."""
        kinds: list[list[MomentSums] | None] = []
        for kind, held in enumerate(value["kinds"]):
            sums = None if held is None else self._begin(kind)
            for window, one in zip(sums or (), held or (), strict=True):
                window.restore(one)
            kinds.append(sums)
        self._add(_Pair(value["level"], value["place"], kinds))

    def equations(self) -> tuple[list[NormalEquations], list[NormalEquations]]:
        """Return what `thermozoo.training.sampled.moments.sum_up_here` does, once all blocks are added."""
        whole = self._pairs[0]
        for one in self._pairs[1:]:
            whole.absorb(one)
        self._pairs = []
        fitted, judged = ([one.equations() for one in sums or ()] for sums in whole.kinds)
        return fitted, judged or fitted
