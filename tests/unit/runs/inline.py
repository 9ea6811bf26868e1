"""Workers of shards that are this process."""

from __future__ import annotations

import contextlib

import numpy as np

from thermozoo.shards.executors import Done
from thermozoo.shards.job import attempt


class Inline:
    """Workers that are this process, which do shards in an order of their own."""

    def __init__(self, seed, workers=2):
        self.workers, self.rng, self.asked = workers, np.random.default_rng(seed), []

    @contextlib.contextmanager
    def open(self, say):
        yield self

    def do(self, ticket, shards):
        for k in self.rng.permutation(len(shards)):
            self.asked.append(shards[k])
            yield None
            yield Done(shards[k], attempt(ticket, shards[k]))


class Deadly(Inline):
    """Some of whom die of the first shard, time and again."""

    def do(self, ticket, shards):
        yield Done(shards[0])
        for shard in shards[1:]:
            yield Done(shard, attempt(ticket, shard))


class Stopped(Inline):
    """Who are interrupted after the second shard of the work of so many that they are given."""

    def __init__(self, after):
        super().__init__(0)
        self.works = after

    def do(self, ticket, shards):
        self.works -= 1
        if self.works:
            yield from super().do(ticket, shards)
            return
        yield Done(shards[1], attempt(ticket, shards[1]))
        raise KeyboardInterrupt
