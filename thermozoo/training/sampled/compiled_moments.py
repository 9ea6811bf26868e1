"""Sums over observed steps for the normal equations, by a compiled kernel."""

from __future__ import annotations

from typing import Any, Self

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.laws import aligned
from thermozoo.training.expansion import StepExpansion
from thermozoo.training.least_squares.normal_equations import NormalEquations, Unknowns
from thermozoo.training.least_squares.pair_dense import DensePairs
from thermozoo.training.sampled.compiled_gradient import CompiledGradient
from thermozoo.training.sampled.loss_law import LossLaw

__all__ = ["CompiledSums"]

Doubles = npt.NDArray[np.float64]


@attrs.define(eq=False)
class CompiledSums:
    """Sums over observed steps of a computer without couplings and trainable biases, whose biases are unknowns.

    Parameters
    ----------
    law : LossLaw
        Loss and computer.
    expansion : StepExpansion
        The objective's quadratic form.
    """

    law: LossLaw
    expansion: StepExpansion
    steps: int = 0
    _sums: CompiledGradient = attrs.field(init=False, repr=False)
    _biases: Any = attrs.field(init=False, repr=False)

    @_sums.default
    def _make_sums(self) -> CompiledGradient:
        return CompiledGradient(self.law, coupled=False, factors=self.expansion.factors)

    @_biases.default
    def _make_biases(self) -> Any:
        computer = self.law.computer
        return self.law.slots.spread(np.where(computer.trainable_biases, 0.0, computer.biases), self.law.dtype)

    def add(self, states: Any) -> None:
        """Add the steps between states of shape (steps + 1, trajectories, n)."""
        count, together, n = states.shape
        self._sums.add(aligned(0, self.law.dtype), self._biases, states.reshape(-1, n), together)
        self.steps += (count - 1) * together

    def absorb(self, other: Self) -> None:
        """Add the sums of another one, which is of no use afterwards."""
        self.steps += other.steps
        for name, one in self._sums.totals.items():
            one += other._sums.totals[name]

    def checkpoint(self) -> Any:
        """Return the sums so far, as a value."""
        return self.steps, {name: one.copy() for name, one in self._sums.totals.items()}

    def restore(self, value: Any) -> None:
        """Put back what `checkpoint` returned."""
        self.steps, totals = value
        for name, one in self._sums.totals.items():
            one[:] = totals[name]

    def _gram(self) -> Doubles:
        """Return the second moments between all pairs of units, of which those of pairs of lines were summed once."""
        slots = self.law.slots
        panels = self._sums.by_pair.reshape(slots.count, slots.slots, slots.line)
        gram = np.empty((len(slots.where), len(slots.where)))
        for units, lines in zip(slots.segments, slots.lines, strict=True):
            columns = panels[lines][:, slots.where].transpose(1, 0, 2).reshape(len(gram), -1)
            gram[:, units] = columns[:, : units.stop - units.start]
        for unit in range(len(gram)):
            gram[unit + 1 :, unit] = gram[unit, unit + 1 :]
        return gram

    def equations(self) -> NormalEquations:
        """Return the equations of the mean loss of a step."""
        computer, slots, factors = self.law.computer, self.law.slots, self.expansion.factors
        where = slots.where
        by_factor = self._sums.by_factor.reshape(len(factors), slots.slots)[:, where]
        mean = sum(((u + v) * one for (u, v), one in zip(factors, by_factor, strict=True)), np.zeros(computer.n))
        moments = np.full((1, 1, computer.n), self.steps * sum((u + v) ** 2 for u, v in factors))
        slots.symmetrize(self._sums.by_coupling)
        return NormalEquations(
            DensePairs.of_sums(computer.couplings, self._gram(), mean),
            moments,
            self.expansion.curvature / self.steps * self.law.loss.weights_of(computer),
            Unknowns(slots.unpack(self._sums.by_coupling) / self.steps, self._sums.by_unit[where][None] / self.steps),
            (computer.trainable_biases & computer.layout.free)[None],
        )
