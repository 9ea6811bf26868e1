"""Terms of the energy whose strengths change in place, for training with an update a step.

`pending` gives what updates that are still held back would change in a gradient; `descend` carries them out.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.couplings import DenseCouplings, EdgeCouplings
from thermozoo.computer.term import Term

__all__ = ["MovingTerm", "moving"]

Array = npt.NDArray[np.floating[Any]]


class MovingTerm(abc.ABC):
    """A term whose strengths change in place."""

    @abc.abstractmethod
    def gradient(self, x: Array) -> Array:
        """Return the derivative of the energy by states of shape (steps, n): of bilinear couplings J x."""

    @abc.abstractmethod
    def pending(self, r: Array, x: Array) -> Callable[[int], Array]:
        """Return a function of k = 0, 1, ...: the gradient at x_k of a term whose strengths are the sum over m < k of
        what strengths contract to, for states x and responses r (filled meanwhile).
        """

    @abc.abstractmethod
    def descend(self, r: Array, x: Array, rate: float) -> None:
        """Subtract ``rate`` times the contraction of all steps from every strength."""

    @abc.abstractmethod
    def vector(self) -> Array:
        """Return the strengths in the order of `Term.vector`, in double precision."""

    @abc.abstractmethod
    def checkpoint(self) -> Any:
        """Return the strengths as they are kept, as a value."""

    @abc.abstractmethod
    def restore(self, value: Any) -> None:
        """Put back what `checkpoint` returned."""


class _Blocks(MovingTerm):
    """Dense blocks, in the data type of the states."""

    def __init__(self, couplings: DenseCouplings, dtype: npt.DTypeLike) -> None:
        self.pairs, self.parts = couplings.pairs, couplings.parts
        self.values = [b.values.astype(dtype) for b in couplings.blocks]

    def gradient(self, x: Array) -> Array:
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

    def checkpoint(self) -> Any:
        return [values.copy() for values in self.values]

    def restore(self, value: Any) -> None:
        for values, before in zip(self.values, value, strict=True):
            values[:] = before


class _Whole(MovingTerm):
    """Any term, by its contraction: the updates that are held back are summed up, strength by strength."""

    def __init__(self, term: Term) -> None:
        self.term = term

    def gradient(self, x: Array) -> Array:
        return self.term.gradient(x)

    def pending(self, r: Array, x: Array) -> Callable[[int], Array]:
        held = np.zeros(self.term.size)

        def change(k: int) -> Array:
            nonlocal held
            if k == 0:
                return np.zeros_like(x[0])
            held = held + self.term.contract(r[k - 1 : k], x[k - 1 : k])
            gradient: Array = self.term.with_vector(held).gradient(x[k : k + 1])[0]
            return gradient

        return change

    def descend(self, r: Array, x: Array, rate: float) -> None:
        self.term = self.term.with_vector(self.term.vector - rate * self.term.contract(r, x))

    def vector(self) -> Array:
        return self.term.vector

    def checkpoint(self) -> Any:
        return self.term.vector

    def restore(self, value: Any) -> None:
        self.term = self.term.with_vector(value)


class _Edges(_Whole):
    """Single pairs of bilinear couplings."""

    term: EdgeCouplings

    def pending(self, r: Array, x: Array) -> Callable[[int], Array]:
        i, j = self.term.edges.T

        def change(k: int) -> Array:
            total: Array = np.zeros_like(x[k])
            held = np.einsum("me,me->e", r[:k, i], x[:k, j]) + np.einsum("me,me->e", r[:k, j], x[:k, i])
            np.add.at(total, i, held * x[k, j])
            np.add.at(total, j, held * x[k, i])
            return total

        return change


def moving(term: Term, dtype: npt.DTypeLike) -> MovingTerm:
    """Return a term whose strengths change in place, starting from given ones."""
    if isinstance(term, DenseCouplings):
        return _Blocks(term, dtype)
    return _Edges(term) if isinstance(term, EdgeCouplings) else _Whole(term)
