"""Learning from noising trajectories by compiled kernels: what `thermozoo.training.sampled.learner` does by NumPy."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines.thread_group import counters
from thermozoo.dynamics.engines.workers import run_threads
from thermozoo.training.sampled.compiled_gradient import CompiledGradient, members_for
from thermozoo.training.sampled.learner import HELD, STRETCH, Learner
from thermozoo.training.sampled.loss_law import LossLaw, Products
from thermozoo.training.sampled.slots import apart

__all__ = ["CompiledDescent", "CompiledLearner", "CompiledOnline"]

Array = npt.NDArray[np.floating[Any]]


def _pieces(x: Array) -> Iterator[Array]:
    """Yield a stretch in pieces of at most `STRETCH` steps, each with the state before them."""
    for first in range(0, len(x) - 1, STRETCH):
        yield x[first : first + STRETCH + 1]


class CompiledLearner(Learner):
    """Shared part: strengths in panels, biases in slots, and the loss at them."""

    def __init__(self, law: LossLaw, rate: float, contracting: bool) -> None:
        self.law, self.rate, self.slots = law, rate, law.slots
        self._sums = CompiledGradient(law, contracting=contracting)
        self._start = law.computer
        self.biases = self.slots.spread(law.computer.biases, np.float64)
        self.trained = self.slots.spread(law.computer.trainable_biases, law.dtype)
        self.couplings = self.slots.pack(law.computer.couplings.vector)

    def value(self, x: Array) -> float:
        """Return the loss of a stretch."""
        biases = self.biases.astype(self.law.dtype)
        for piece in _pieces(x):
            self._sums.add(self.couplings, biases, piece, 1, contracting=False)
        total = float(self._sums.losses.sum())
        self._sums.clear()
        return total

    @property
    def _strengths(self) -> Array:
        """The strengths as they are kept."""
        return self.couplings

    def checkpoint(self) -> Any:
        """Return strengths, as they are kept, and biases."""
        return self._strengths.copy(), self.biases.copy()

    def restore(self, value: Any) -> None:
        """Put them back."""
        strengths, biases = value
        self._strengths[:], self.biases[:] = strengths, biases
        if self.couplings is not self._strengths:
            self.couplings[:] = self._strengths

    @property
    def finite(self) -> bool:
        """Whether all parameters are numbers."""
        return bool(np.isfinite(self._strengths).all() and np.isfinite(self.biases).all())

    @property
    def computer(self) -> Computer:
        """The computer with the present parameters."""
        biases = self.biases[self.slots.where][self._start.trainable_biases]
        return self._start.with_parameters(np.concatenate([self.slots.unpack(self._strengths), biases]))


class CompiledDescent(CompiledLearner):
    """One update a trajectory; strengths are kept in double precision."""

    def __init__(self, law: LossLaw, rate: float) -> None:
        super().__init__(law, rate, contracting=True)
        self._exact = self.slots.pack(law.computer.couplings.vector, np.float64)

    @property
    def _strengths(self) -> Array:
        return self._exact

    def learn(self, x: Array) -> None:
        """Add the gradient of a stretch."""
        biases = self.biases.astype(self.law.dtype)
        for piece in _pieces(x):
            self._sums.add(self.couplings, biases, piece, 1)

    def finish(self) -> float:
        """Do the update."""
        total = float(self._sums.losses.sum())
        change = self._sums.by_coupling
        self.slots.symmetrize(change)
        change *= self.rate
        self._exact -= change
        self.couplings[:] = self._exact
        self.biases -= self.rate * self._sums.by_unit * self.trained
        self._sums.clear()
        return total


class CompiledOnline(CompiledLearner):
    """One update a step; strengths are kept in the precision of the states."""

    def __init__(self, law: LossLaw, rate: float) -> None:
        super().__init__(law, rate, contracting=False)

    def learn(self, x: Array) -> None:
        """Do the updates of a stretch."""
        for piece in _pieces(x):
            self._learn(np.ascontiguousarray(piece))

    def _learn(self, x: Array) -> None:
        law, slots = self.law, self.slots
        kernel, fixed, structure = self._fixed
        rows = len(x)
        panel = apart(1 + -(-(rows - 1) // HELD) * HELD, slots.line)
        work, sums = self._work(panel)
        sizes = (law.computer.n, rows, panel, slots.slots)
        given = (self.biases.astype(law.dtype), self.biases, law.weight, self.trained, *fixed)
        threads = members_for(rows * law.computer.couplings.size, self._sums.threads)
        arguments = (given, self.rate, structure, self.couplings, work, sums, self._sums.losses)
        flat = x.reshape(-1)
        # no row: nothing is done, but compiled
        kernel.call_first(0, 1, counters(3), flat, (sizes[0], 0, *sizes[2:]), *arguments)
        shared = counters(3)
        run_threads(lambda member: kernel.advance(member, threads, shared, flat, sizes, *arguments), threads, shared)

    @functools.cached_property
    def _fixed(self) -> tuple[Any, tuple[Array, Array], tuple[Any, ...]]:
        """The kernel, and what it is given at every call."""
        law, slots = self.law, self.slots
        source = law.source(True)
        count = len(slots.segments)
        partners = np.zeros((count, count), dtype=bool)
        for block in slots.blocks:
            rows, columns = (
                [k for k, one in enumerate(slots.lines) if side.start <= one.start and one.stop <= side.stop]
                for side in (block.rows, block.columns)
            )
            partners[np.ix_(rows, columns)] = partners[np.ix_(columns, rows)] = True
        held = np.array([(one.start, one.stop - one.start) for one in slots.lines], dtype=np.int64).reshape(-1, 2)
        structure = (law.lines, *Products.of(slots, slots.blocks).tables, law.placed(slots.blocks), partners, held)
        return law.kernel(source, True), (law.coefficients(source), law.constants(source)), structure

    def _work(self, panel: int) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        slots, segments = self.slots, len(self.slots.segments)
        whole, short, line = panel * slots.slots, HELD * slots.slots, slots.line
        scratch = self._sums.threads * 2 * line * line
        held = segments * HELD * line
        sizes = (whole, short, short, short, whole, segments * HELD * HELD, scratch)
        return (
            self.law.arrays("online", *sizes),
            self.law.arrays("one by one", held, slots.slots, slots.slots, held, 2 * held),
        )

    def finish(self) -> float:
        """Return the loss of the trajectory."""
        total = float(self._sums.losses.sum())
        self._sums.clear()
        return total
