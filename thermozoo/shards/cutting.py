"""How trajectories are cut into shards: between blocks, so that no sum of products depends on where."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import attrs

from thermozoo.arguments import count

__all__ = ["BLOCK", "Shard", "blocks_of", "cut", "gaps", "shard_size"]

#: Trajectories whose energies are summed up in one product of matrices, always the same ones together: products of
#: other sizes are rounded otherwise. Shards begin at multiples of it.
BLOCK = 64

#: Shards that every worker has to do, about: so that none waits long for the last one.
_EACH = 2

#: Trajectories of a shard at most, where nobody says how many: its product is held in memory.
_MOST = 4096


@attrs.frozen(order=True)
class Shard:
    """Some trajectories, one after the other.

    Parameters
    ----------
    first : int
        Number of the first one.
    count : int
        How many there are.
    """

    first: int
    count: int

    @property
    def stop(self) -> int:
        """Number of the first trajectory after it."""
        return self.first + self.count

    def __str__(self) -> str:
        return f"trajectories {self.first:,} to {self.stop - 1:,}"


def shard_size(trajectories: int, workers: int, asked: int | None = None, block: int = BLOCK) -> int:
    """Return how many trajectories a shard has: whole blocks.

    Parameters
    ----------
    trajectories : int
        How many there are in all.
    workers : int
        Processes that do shards.
    asked : int, optional
        What was asked for, which is rounded up (default: about two shards for each worker).
    block : int
        Trajectories of a block.
    """
    if asked is None:
        asked = min(_MOST, trajectories // (_EACH * max(1, workers)))
    return block * max(1, -(-asked // block))


def cut(ranges: Iterable[Shard], size: int) -> list[Shard]:
    """Return shards of a size, the last of each range smaller."""
    count("size", size, at_least=1)
    return [
        Shard(first, min(size, one.stop - first)) for one in ranges for first in range(one.first, one.stop, size)
    ]  # fmt: skip


def blocks_of(shard: Shard, block: int = BLOCK) -> list[Shard]:
    """Return the blocks of a shard, the first and the last as far as they belong to it."""
    bounds = [shard.first, *range((shard.first // block + 1) * block, shard.stop, block), shard.stop]
    return [Shard(first, stop - first) for first, stop in itertools.pairwise(bounds)]


def gaps(trajectories: int, done: Sequence[Shard]) -> tuple[list[Shard], list[Shard]]:
    """Return which shards of those that are done are used, in order, and the ranges that none of them has.

    Shards of an earlier run may have been cut elsewhere: of two that overlap, the one that begins first is used.
    """
    used, missing, here = [], [], 0
    for one in sorted(done, key=lambda shard: (shard.first, -shard.count)):
        if one.first < here or one.stop > trajectories:
            continue
        if one.first > here:
            missing.append(Shard(here, one.first - here))
        used.append(one)
        here = one.stop
    if here < trajectories:
        missing.append(Shard(here, trajectories - here))
    return used, missing
