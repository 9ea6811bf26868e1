"""Sums over observed steps for the normal equations: what they are, and by NumPy.

`thermozoo.training.sampled.compiled_moments` does the same by a compiled kernel where second moments are of states
alone.
"""

from __future__ import annotations

from typing import Any, Protocol, Self

import attrs
import numpy as np

from thermozoo.computer.computer import Computer
from thermozoo.training.expansion import StepExpansion
from thermozoo.training.least_squares.normal_equations import NormalEquations, Unknowns
from thermozoo.training.least_squares.pair_sums import pair_sums
from thermozoo.training.loss import StepLoss
from thermozoo.training.unit_types import trainable_forces

__all__ = ["MomentSums", "PlainSums"]


class MomentSums(Protocol):
    """Sums over observed steps."""

    def add(self, states: Any) -> None:
        """Add the steps between states of shape (steps + 1, trajectories, n)."""

    def absorb(self, other: Any) -> None:
        """Add the sums of another one of the same kind, which is of no use afterwards."""

    def checkpoint(self) -> Any:
        """Return the sums so far, as a value."""

    def restore(self, value: Any) -> None:
        """Put back what `checkpoint` returned."""

    def equations(self) -> NormalEquations:
        """Return the equations of the mean loss of a step."""


class PlainSums:
    """Sums over observed steps, by NumPy; the computer's biases outside `trainable_biases` stay.

    Parameters
    ----------
    computer : Computer
        The computer.
    loss : StepLoss
        Objective and time step.
    expansion : StepExpansion
        The objective's quadratic form.
    names : tuple of str
        On-site parameters to train.
    """

    def __init__(self, computer: Computer, loss: StepLoss, expansion: StepExpansion, names: tuple[str, ...]) -> None:
        biases = np.where(computer.trainable_biases, 0.0, computer.biases)
        self.base = attrs.evolve(computer.bare(), biases=biases)
        self.computer, self.loss, self.expansion, self.names = computer, loss, expansion, names
        free = computer.layout.free
        self.free = np.concatenate([(computer.trainable_biases & free)[None], trainable_forces(computer, names) & free])
        self.pairs = pair_sums(computer.couplings)
        self.couplings = np.zeros(computer.couplings.size)
        self.local = np.zeros(self.free.shape)
        self.moments = np.zeros((len(self.free), len(self.free), computer.n))
        self.steps = 0

    def _regressors(self, x: Any) -> Any:
        """Return the forces of the trainable on-site parameters at states (R, n), shape (P - 1, R, n)."""
        result = np.zeros((len(self.names), *x.shape), dtype=x.dtype)
        for where, site in self.computer.onsite.parts():
            for row, name in zip(result, self.names, strict=True):
                if name in site.values:
                    expression = site.formulas.gradient_by_parameter[name]
                    row[:, where] = site.evaluate(f"by_{name}", expression, x[:, where])
        return result

    def add(self, states: Any) -> None:
        """Add the steps between states of shape (steps + 1, trajectories, n)."""
        n = self.computer.n
        before, after = states[:-1].reshape(-1, n), states[1:].reshape(-1, n)
        _, r, q = self.loss.responses(self.base, before, after)
        phi, phi_next = self._regressors(before), self._regressors(after)
        self.couplings += self.computer.couplings.contract(r, after)
        self.local[0] += r.sum(axis=0, dtype=np.float64)
        self.local[1:] += np.einsum("ri,pri->pi", r, phi_next, dtype=np.float64)
        if q is not None:
            self.couplings += self.computer.couplings.contract(q, before)
            self.local[0] += q.sum(axis=0, dtype=np.float64)
            self.local[1:] += np.einsum("ri,pri->pi", q, phi, dtype=np.float64)
        for u, v in self.expansion.factors:
            one = np.full(len(after), u + v, dtype=after.dtype)
            rows, local = u * after + v * before, u * phi_next + v * phi
            self.pairs.add(rows, one, local)
            self.moments[0, 0] += (u + v) ** 2 * len(after)
            with_one = (u + v) * local.sum(axis=1, dtype=np.float64)
            self.moments[0, 1:] += with_one
            self.moments[1:, 0] += with_one
            self.moments[1:, 1:] += np.einsum("pri,qri->pqi", local, local, dtype=np.float64)
        self.steps += len(after)

    def absorb(self, other: Self) -> None:
        """Add the sums of another one, which is of no use afterwards."""
        self.pairs.absorb(other.pairs)
        self.couplings += other.couplings
        self.local += other.local
        self.moments += other.moments
        self.steps += other.steps

    def checkpoint(self) -> Any:
        """Return the sums so far, as a value."""
        return self.steps, self.couplings.copy(), self.local.copy(), self.moments.copy(), self.pairs.checkpoint()

    def restore(self, value: Any) -> None:
        """Put back what `checkpoint` returned."""
        self.steps, self.couplings[:], self.local[:], self.moments[:], pairs = value
        self.pairs.restore(pairs)

    def equations(self) -> NormalEquations:
        """Return the equations of the mean loss of a step."""
        curvature = self.expansion.curvature / self.steps
        return NormalEquations(
            self.pairs,
            self.moments,
            curvature * self.loss.weights_of(self.computer),
            Unknowns(self.couplings / self.steps, self.local / self.steps),
            self.free,
        )
