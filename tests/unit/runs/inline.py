"""Workers of shards that are this process, and the work of a task that they do."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  # its library has a say in bits, and a run loads it before its engine
from two_shapes import Silent

from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.runs import sharing
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.phase import Run
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


class Telling(Silent):
    """A reporter that adds up what it is told."""

    def __init__(self):
        self.told = 0

    def phase(self, title, total):
        def tell(amount):
            assert amount >= 0
            self.told += amount

        return contextlib.nullcontext(tell)


def worked(tables, catalogue, folder, crew=None, size=None):
    """Return a run whose task has done its phases, by a crew in shards of a size, or by this process alone."""
    if crew is not None:
        tables = {**tables, "run": {"executor": "local", **({} if size is None else {"shard": size})}}
    config = parse(tables, catalogue, Origin("x"))
    run = Run(config, catalogue, SimpleNamespace(checkpoints=folder), Telling(), assemble_machine)
    run.machine = run.assemble(config)
    run.config, run.engine = run.machine.config, engine_named(config.dynamics.engine)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sharing, "executor_of", lambda config: crew)
        for phase in config.task.phases(run.config):
            run.do(phase)
    return run


def arrays(run):
    found = {str(name): one.values for name, one in run.samples.variables.items()}
    return {name: one for name, one in found.items() if one.dtype.kind != "U"}


def differing(found, expected):
    return [name for name, one in expected.items() if not np.array_equal(found[name], one, equal_nan=True)]
