"""Second moments between all pairs of units."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from thermozoo.computer.blocks import Part
from thermozoo.computer.couplings import Couplings, DenseCouplings
from thermozoo.dynamics.threads import available_threads
from thermozoo.errors import TrainingError
from thermozoo.training.least_squares.pair_base import NO_UNITS, PairSums, Respond

__all__ = ["DensePairs"]

Array = npt.NDArray[np.float64]

#: Columns of second moments that a thread multiplies at a time.
_PIECE = 256


def _parts(couplings: Couplings) -> tuple[Part, ...]:
    """Return the parts of the vector of a structure; edges are one part, of all units with themselves."""
    if isinstance(couplings, DenseCouplings):
        return couplings.parts
    whole = slice(0, couplings.n)
    i, j = couplings.edges.T
    return (Part(whole, whole, slice(0, len(i)), (i, j)),)


def _gram(x: Array, columns: slice) -> Array:
    """Return some columns of the second moments of rows."""
    found: Array = x.T @ x[:, columns]
    return found


class DensePairs(PairSums):
    """All pairs of units, as rows while they are fewer than a third of the units, then as a matrix.

    Parameters
    ----------
    couplings, noiseless
        As of `PairSums`.
    shared : bool
        Whether threads share products of matrices piece by piece, so that bits do not depend on their number where the
        linear algebra library keeps to one.
    """

    def __init__(
        self, couplings: Couplings, noiseless: npt.NDArray[np.int64] = NO_UNITS, *, shared: bool = False
    ) -> None:
        super().__init__(couplings, noiseless)
        self._parts = _parts(couplings)
        self._rows: list[tuple[Array, Array, Array]] = []
        self._gram: Array | None = None
        self._mean = np.zeros(self.n)
        self._cross: Array | None = None
        self._unpredicted: Array | None = None
        self._shared = shared

    @classmethod
    def of_sums(cls, couplings: Couplings, gram: Array, mean: Array) -> Self:
        """Return what was summed up elsewhere: products of states with each other, and with the constant."""
        pairs = cls(couplings, shared=True)
        pairs._gram, pairs._mean, pairs._cross = gram, mean, np.zeros((0, *gram.shape))
        return pairs

    def _add(self, states: Array, ones: Array, local: Array) -> None:
        self._rows.append((states, ones, local))
        held = sum(len(x) for x, _, _ in self._rows)
        if self._gram is None and held <= self.n // 3:
            return
        self._fold(len(local))

    def _fold(self, regressors: int) -> None:
        """Multiply the rows that were kept."""
        self._unpredicted = None
        if self._gram is None:
            self._gram = np.zeros((self.n, self.n))
            self._cross = np.zeros((regressors, self.n, self.n))
        assert self._cross is not None
        for x, o, f in self._rows:
            self._gram += self._in_pieces(functools.partial(_gram, x), slice(0, self.n))
            self._mean += o @ x
            for total, one in zip(self._cross, f, strict=True):
                total += one.T @ x
        self._rows = []

    def _absorb(self, other: Self) -> None:
        self._unpredicted = None
        if self._gram is None and other._gram is None:
            for row in other._rows:
                self._add(*row)
            return
        regressors = len(next(one for one in (self._cross, other._cross) if one is not None))
        self._fold(regressors)
        other._fold(regressors)
        for mine, others in (
            (self._gram, other._gram),
            (self._mean, other._mean),
            (self._cross, other._cross),
        ):
            assert mine is not None
            assert others is not None
            mine += others

    def _checkpoint(self) -> Any:
        gram, cross = (None if one is None else one.copy() for one in (self._gram, self._cross))
        return list(self._rows), gram, self._mean.copy(), cross

    def _restore(self, value: Any) -> None:
        self._unpredicted = None
        self._rows, self._gram, self._mean, self._cross = value

    def _factor(self) -> tuple[Array, Array, Array]:
        """Return the rows that were added, as one array each."""
        if len(self._rows) > 1 or self._rows[0][0].dtype != np.float64:
            states, ones, local = zip(*self._rows, strict=True)
            self._rows = [
                (
                    np.concatenate(states).astype(np.float64),
                    np.concatenate(ones).astype(np.float64),
                    np.concatenate(local, axis=1).astype(np.float64),
                )
            ]
        return self._rows[0]

    def row_squares(self) -> Array:
        """Return the sum of squares of each unit's rows, shape (n,)."""
        if self._gram is not None:
            return np.diag(self._gram).copy()
        return sum((np.einsum("ri,ri->i", x, x, dtype=np.float64) for x, _, _ in self._rows), np.zeros(self.n))

    def spread(self) -> Array:
        """Return the variances that were added, or what the gram matrix leaves unpredicted where none were."""
        if np.any(self.squares) or self._gram is None:
            return super().spread()
        if self._unpredicted is None:
            self._unpredicted = self._predict()
        return self._unpredicted

    def _predict(self) -> Array:
        """Return what no other unit predicts of each unit's second moment."""
        assert self._gram is not None
        from scipy.linalg import cho_factor, cho_solve

        held = np.diag(self._gram) > 0
        spread = np.zeros(self.n)
        kept = self._gram[np.ix_(held, held)]
        # A part of the diagonal makes it definite where the samples, or their rounding, do not: as small as will do,
        # and it only preconditions.
        for part in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1):
            try:
                factor = cho_factor(kept + part * np.diag(np.diag(kept)))
            except np.linalg.LinAlgError:
                continue
            spread[held] = 1 / np.diag(cho_solve(factor, np.eye(len(kept))))
            return spread
        raise TrainingError(
            "the second moments of the sampled states are not those of any states: rounding errors are as large as "
            "they are; take dynamics.precision = 'double'"
        )

    def product(self, vector: Array, respond: Respond, weight: Array) -> tuple[Array, Array]:
        """Return the gradient by couplings at the local coefficients that respond to them."""
        result = np.empty_like(vector)
        method = self._from_rows if self._gram is None else self._from_matrix
        local = method(vector, respond, weight, result)
        result += vector * self._own(weight)
        return result, local

    def _from_rows(self, vector: Array, respond: Respond, weight: Array, result: Array) -> Array:
        x, ones, f = self._factor()
        fields = np.zeros((self.n, len(x)))
        for part in self._parts:
            values = part.once(vector)
            fields[part.rows] += values @ x[:, part.columns].T
            fields[part.columns] += values.T @ x[:, part.rows].T
        back = np.concatenate([(fields @ ones)[None], np.einsum("pri,ir->pi", f, fields)])
        local = respond(back)
        fields += np.outer(local[0], ones) + np.einsum("pi,pri->ir", local[1:], f)
        fields *= weight[:, None]
        # w_i G_ij + w_j G_ji in one product: fields_i . x_j + x_i . fields_j
        left, right = np.concatenate([fields, x.T], axis=1), np.concatenate([x, fields.T])
        for part in self._parts:
            out = result[part.part]
            if part.places is None:
                np.matmul(left[part.rows], right[:, part.columns], out=out.reshape(part.shape))
            else:
                out[:] = part.couplings(left[part.rows] @ right[:, part.columns])
        return local

    def _multiplied(self, strips: list[tuple[Any, slice]], columns: slice) -> Array:
        """Return the sum of strips of J times their rows of the second moments, for some columns of these."""
        gram = self._gram
        assert gram is not None

        def piece(part: slice) -> Array:
            return np.asarray(sum(values @ gram[between, part] for values, between in strips))

        return self._in_pieces(piece, columns)

    def _in_pieces(self, piece: Callable[[slice], Array], columns: slice) -> Array:
        """Return what a function makes of some columns, where it makes each column from itself."""
        if not self._shared or columns.stop - columns.start <= _PIECE:
            return piece(columns)
        cuts = [*range(columns.start, columns.stop, _PIECE), columns.stop]
        with ThreadPoolExecutor(available_threads()) as pool:
            return np.concatenate(list(pool.map(piece, map(slice, cuts[:-1], cuts[1:]))), axis=1)

    def _from_matrix(self, vector: Array, respond: Respond, weight: Array, result: Array) -> Array:
        gram, cross = self._gram, self._cross
        assert gram is not None
        assert cross is not None
        strips = []
        for part in self._parts:
            values = part.whole(vector)
            strips.append((part.rows, part.columns, values))
            if part.places is None:
                strips.append((part.columns, part.rows, values.T))
        back = np.zeros((1 + len(cross), self.n))
        for rows, columns, values in strips:
            back[0, rows] += values @ self._mean[columns]
            for total, one in zip(back[1:], cross, strict=True):
                total[rows] += np.einsum("ij,ij->i", values, one[rows, columns])
        local = respond(back)

        def half(rows: slice, columns: slice) -> Array:
            gradient = self._multiplied([(v, k) for owner, k, v in strips if owner == rows], columns)
            gradient += np.outer(local[0, rows], self._mean[columns])
            for coefficient, one in zip(local[1:], cross, strict=True):
                gradient += coefficient[rows, None] * one[rows, columns]
            return np.asarray(weight[rows, None] * gradient)

        for part in self._parts:
            there = half(part.rows, part.columns)
            back_again = there.T if part.places is not None else half(part.columns, part.rows).T
            result[part.part] = part.couplings(there + back_again)
        return local
