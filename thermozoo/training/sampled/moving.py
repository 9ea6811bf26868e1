"""Couplings that change in place, for training with an update a step.

`pending` gives what updates that are still held back would change in J x; `descend` carries them out.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.couplings import Couplings, DenseCouplings

__all__ = ["MovingCouplings", "moving_couplings"]

Array = npt.NDArray[np.floating[Any]]


class MovingCouplings(abc.ABC):
    """Couplings that change in place."""

    @abc.abstractmethod
    def product(self, x: Array) -> Array:
        """Return J x for states of shape (steps, n)."""

    @abc.abstractmethod
    def pending(self, r: Array, x: Array) -> Callable[[int], Array]:
        """Return a function of k: sum over m < k of (dl_m/dJ) x_k, for states x and responses r (filled meanwhile)."""

    @abc.abstractmethod
    def descend(self, r: Array, x: Array, rate: float) -> None:
        """Subtract ``rate`` times sum over steps of r_i x_j + r_j x_i from every coupling."""

    @abc.abstractmethod
    def vector(self) -> Array:
        """Return the strengths in the order of `Couplings.vector`, in double precision."""


class _Blocks(MovingCouplings):
    """Dense blocks, in the data type of the states."""

    def __init__(self, couplings: DenseCouplings, dtype: npt.DTypeLike) -> None:
        self.pairs, self.parts = couplings.pairs, couplings.parts
        self.values = [b.values.astype(dtype) for b in couplings.blocks]

    def product(self, x: Array) -> Array:
        result: Array = np.zeros_like(x)
        for (rows, columns), values in zip(self.pairs, self.values, strict=True):
            result[:, rows] += x[:, columns] @ values.T
            if rows != columns:
                result[:, columns] += x[:, rows] @ values
        return result

    def pending(self, r: Array, x: Array) -> Callable[[int], Array]:
        ranges = {(s.start, s.stop) for pair in self.pairs for s in pair}
        gram = {key: x[:, slice(*key)] @ x[:, slice(*key)].T for key in ranges}

        def change(k: int) -> Array:
            total: Array = np.zeros_like(x[k])
            if k == 0:
                return total
            rx = {key: r[:k, slice(*key)] @ x[k, slice(*key)] for key in ranges}

            def spread(to: slice, source: slice) -> Array:
                key = (source.start, source.stop)
                part: Array = gram[key][k, :k] @ r[:k, to] + rx[key] @ x[:k, to]
                return part

            for rows, columns in self.pairs:
                total[rows] += spread(rows, columns)
                if rows == columns:  # J_ii stays zero
                    total[rows] -= 2.0 * np.einsum("mi,mi->i", r[:k, rows], x[:k, rows]) * x[k, rows]
                else:
                    total[columns] += spread(columns, rows)
            return total

        return change

    def descend(self, r: Array, x: Array, rate: float) -> None:
        for (rows, columns), values in zip(self.pairs, self.values, strict=True):
            step = r[:, rows].T @ x[:, columns]
            if rows == columns:
                step += step.T.copy()
                np.fill_diagonal(step, 0.0)
            else:
                step += x[:, rows].T @ r[:, columns]
            step *= rate
            values -= step

    def vector(self) -> Array:
        strengths = [part.couplings(values) for part, values in zip(self.parts, self.values, strict=True)]
        return np.concatenate(strengths).astype(np.float64) if strengths else np.empty(0)


class _Edges(MovingCouplings):
    """Single pairs."""

    def __init__(self, couplings: Couplings) -> None:
        self.couplings = couplings

    def product(self, x: Array) -> Array:
        return self.couplings.gradient(x)

    def pending(self, r: Array, x: Array) -> Callable[[int], Array]:
        i, j = self.couplings.edges.T

        def change(k: int) -> Array:
            total: Array = np.zeros_like(x[k])
            held = np.einsum("me,me->e", r[:k, i], x[:k, j]) + np.einsum("me,me->e", r[:k, j], x[:k, i])
            np.add.at(total, i, held * x[k, j])
            np.add.at(total, j, held * x[k, i])
            return total

        return change

    def descend(self, r: Array, x: Array, rate: float) -> None:
        self.couplings = self.couplings.with_vector(self.couplings.vector - rate * self.couplings.contract(r, x))

    def vector(self) -> Array:
        return self.couplings.vector


def moving_couplings(couplings: Couplings, dtype: npt.DTypeLike) -> MovingCouplings:
    """Return couplings that change in place, starting from given ones."""
    return _Blocks(couplings, dtype) if isinstance(couplings, DenseCouplings) else _Edges(couplings)
