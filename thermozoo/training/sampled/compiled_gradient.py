"""Loss of observed steps, its gradient and second moments of the states, summed up by a compiled kernel."""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.dynamics.engines.thread_group import counters
from thermozoo.dynamics.engines.workers import run_threads
from thermozoo.dynamics.threads import available_threads
from thermozoo.training.sampled.loss_law import LossLaw, Products
from thermozoo.training.sampled.slots import apart

__all__ = ["CompiledGradient", "members_for"]

Array = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]

#: Multiply-adds below which threads would take longer to meet than the work.
_ALONE = 200_000


def members_for(multiplications: int, threads: int) -> int:
    """Return how many threads share a stretch of training: bits do not depend on it."""
    return threads if multiplications > _ALONE else 1


@attrs.frozen(eq=False, slots=False)
class CompiledGradient:
    """Sums over observed steps under a computer whose strengths and biases may change.

    Parameters
    ----------
    law : LossLaw
        Loss and computer.
    coupled : bool
        Whether couplings act; else only single units do.
    factors : tuple of (float, float)
        Pairs (u, v): second moments of u x' + v x are summed up.
    contracting : bool
        Whether the gradient by couplings is wanted.
    threads : int
        How many threads there may be.

    Attributes
    ----------
    losses : ndarray
        Summed loss of the unit in each slot.
    by_unit : ndarray
        Summed response of the unit in each slot: the gradient by its bias.
    by_coupling : ndarray
        The gradient by couplings in panels; of a range with itself, that by J_ij is the sum of those above and below
        the diagonal.
    by_pair : ndarray
        Second moments of slots in panels, those of pairs of lines once.
    by_factor : ndarray, shape (factors, slots), flat
        Sums of u x' + v x.
    """

    law: LossLaw
    coupled: bool = True
    factors: tuple[tuple[float, float], ...] = ()
    contracting: bool = True
    threads: int = attrs.field(factory=available_threads)
    losses: Doubles = attrs.field(init=False, repr=False)
    by_unit: Doubles = attrs.field(init=False, repr=False)
    by_coupling: Doubles = attrs.field(init=False, repr=False)
    by_pair: Doubles = attrs.field(init=False, repr=False)
    by_factor: Doubles = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        slots, factors = self.law.slots, len(self.factors)
        sizes = {
            "losses": slots.slots,
            "by_unit": slots.slots,
            "by_coupling": slots.size if self.contracting else 0,
            "by_pair": slots.slots**2 if factors else 0,
            "by_factor": slots.slots * factors,
        }
        for name, size in sizes.items():
            object.__setattr__(self, name, aligned(size, np.float64))

    @functools.cached_property
    def _fixed(self) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
        """The kernel, and what it is given at every call."""
        law = self.law
        source = law.source(False)
        products = Products.of(law.slots, law.slots.blocks if self.coupled else ())
        structure = (law.lines, *products.tables, law.placed(law.slots.blocks))
        return law.kernel(source, False), (law.weight, law.coefficients(source), law.constants(source)), structure

    def _work(self, panel: int) -> tuple[Array, ...]:
        law = self.law
        size = panel * law.slots.slots
        returned = size if self._fixed[2][4].shape[0] else 0
        scratch = self.threads * 2 * law.slots.line**2
        return law.arrays("gradient", size, size, size if self.factors else 0, size, returned, returned, scratch)

    def clear(self) -> None:
        """Begin again at zero."""
        for total in self.totals.values():
            total[:] = 0.0

    @property
    def totals(self) -> dict[str, Doubles]:
        """All sums, by name."""
        names = ("losses", "by_unit", "by_coupling", "by_pair", "by_factor")
        return {name: getattr(self, name) for name in names}

    def add(self, couplings: Array, biases: Array, states: Array, lag: int, contracting: bool | None = None) -> None:
        """Add steps from row m - lag to row m.

        Parameters
        ----------
        couplings : ndarray
            Strengths in panels; not read where couplings do not act.
        biases : ndarray
            In slots.
        states : ndarray, shape (rows, n)
            States.
        lag : int
            How many trajectories take turns in the rows.
        contracting : bool, optional
            Whether the gradient by couplings is wanted now.
        """
        contracting = self.contracting if contracting is None else contracting
        kernel, law, structure = self._fixed
        rows, n = states.shape
        panel = apart(rows, self.law.slots.line)
        work = self._work(panel)
        factors = np.array(self.factors, dtype=self.law.dtype).reshape(-1)
        sums = (self.losses, self.by_unit, self.by_coupling, self.by_pair, self.by_factor)
        arguments = ((biases, *law), structure, couplings, work, factors, sums)
        flat = np.ascontiguousarray(states).reshape(-1)
        threads = members_for(rows * self.law.computer.couplings.size, self.threads)
        # no row: nothing is done, but compiled
        kernel.call_first(0, 1, self._counters(), flat, (n, 0, lag, panel, self.law.slots.slots, 0), *arguments)
        sizes = (n, rows, lag, panel, self.law.slots.slots, int(contracting))
        shared = self._counters()
        run_threads(lambda member: kernel.advance(member, threads, shared, flat, sizes, *arguments), threads, shared)

    def _counters(self) -> npt.NDArray[np.int64]:
        return counters(3 + len(self.factors))

    def packed(self, computer: Computer) -> tuple[Array, Array]:
        """Return strengths and biases of a computer as `add` takes them."""
        slots = self.law.slots
        couplings = slots.pack(computer.couplings.vector) if self.coupled else aligned(0, self.law.dtype)
        return couplings, slots.spread(computer.biases, self.law.dtype)
