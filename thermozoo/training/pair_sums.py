r"""Second moments between units, as far as the couplings of a computer need them.

The gradient of a quadratic loss is linear in the couplings: with states x, regressors :math:`\phi_p` of single units
(one of them the constant that multiplies a bias) and their coefficients :math:`\lambda_p`,

.. math:: G_{ij} = \sum_k J_{ik} \langle x_k x_j \rangle + \sum_p \lambda_{p,i} \langle \phi_{p,i} x_j \rangle,
    \qquad G_{p,i} = \sum_k J_{ik} \langle \phi_{p,i} x_k \rangle + \dots

Only the pairs (k, j) that share a neighbor i are needed. `DensePairs` keeps all pairs, as long as possible as the few
rows that they are products of; `SparsePairs` keeps those of a sparse connectivity.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any, Self

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.couplings import Couplings, DenseCouplings

__all__ = ["DensePairs", "PairSums", "SparsePairs", "pair_sums"]

Array = npt.NDArray[np.float64]
Respond = Callable[[Array], Array]

#: Above this many entries a sparse connectivity is cheaper as a dense matrix.
_MOST_ENTRIES = 40_000_000
#: Products that a batch of rows of `SparsePairs` may hold.
_BATCH = 20_000_000


class PairSums(abc.ABC):
    """Sums of products of rows: add rows, then multiply.

    Parameters
    ----------
    couplings : Couplings
        The structure; its strengths do not matter.
    """

    def __init__(self, couplings: Couplings) -> None:
        self.couplings = couplings
        self.n = couplings.n
        self.squares = np.zeros(self.n)
        self._held: tuple[Array, Array] | None = None

    @abc.abstractmethod
    def add(self, states: Array, ones: Array, local: Array) -> None:
        """Add the products of rows of states with each other and with regressors.

        Parameters
        ----------
        states : ndarray, shape (R, n)
            Rows.
        ones : ndarray, shape (R,)
            The constant regressor in each row: one, or what is left of it in a projection.
        local : ndarray, shape (P - 1, R, n)
            The other regressors.
        """

    def add_squares(self, values: Array) -> None:
        """Add to the second moment of each unit with itself, shape (n,): a variance that the rows do not hold."""
        self.squares += values
        self._held = None

    @property
    @abc.abstractmethod
    def light(self) -> bool:
        """Whether a product is too little work to be worth more than one thread."""

    @abc.abstractmethod
    def absorb(self, other: Self) -> None:
        """Add the sums of another one, which is of no use afterwards."""

    @abc.abstractmethod
    def product(self, vector: Array, respond: Respond, weight: Array) -> tuple[Array, Array]:
        """Return the gradient by every coupling, and the local coefficients that it was taken at.

        Parameters
        ----------
        vector : ndarray, shape (E,)
            Couplings.
        respond : callable
            Receives what couplings contribute to the gradient by the local coefficients, sum over k of
            ``J_ik <phi_pi x_k>``, shape (P, n), and returns the local coefficients, shape (P, n).
        weight : ndarray, shape (n,)
            Weight of each unit's loss (zero for clamped units).

        Returns
        -------
        ndarray of shape (E,), ndarray of shape (P, n)
            ``w_i G_ij + w_j G_ji``, and what `respond` returned.
        """

    @abc.abstractmethod
    def spread(self) -> Array:
        """Return the part of each unit's second moment that no other unit predicts, shape (n,), for preconditioning."""

    def scale(self, weight: Array) -> Array:
        """Return the preconditioner of couplings, w_i d_j + w_j d_i with d the spread, shape (E,)."""
        return self._sums_over_ends(weight, self.spread())

    def _sums_over_ends(self, weight: Array, values: Array) -> Array:
        i, j = self.couplings.edges.T
        total: Array = weight[i] * values[j] + weight[j] * values[i]
        return total

    def _own(self, weight: Array) -> Array:
        """Return what the squares of units add to the second derivative by each coupling, shape (E,)."""
        if self._held is None or self._held[0] is not weight:
            self._held = (weight, self._sums_over_ends(weight, self.squares))
        return self._held[1]


@attrs.frozen(eq=False)
class _Block:
    """Couplings between two ranges of units: a whole rectangle, or pairs (i, j) with i < j of one range."""

    rows: slice
    columns: slice
    part: slice
    pairs: tuple[Any, Any] | None

    def values(self, vector: Array) -> Array:
        """Return the couplings as a matrix; of pairs, the upper triangle."""
        shape = (self.rows.stop - self.rows.start, self.columns.stop - self.columns.start)
        if self.pairs is None:
            return vector[self.part].reshape(shape)
        matrix = np.zeros(shape)
        matrix[self.pairs] = vector[self.part]
        return matrix


def _blocks(couplings: Couplings) -> list[_Block]:
    """Return the blocks whose couplings are, one after the other, the vector of a structure."""
    if not isinstance(couplings, DenseCouplings):
        whole = slice(0, couplings.n)
        i, j = couplings.edges.T
        return [_Block(whole, whole, slice(0, len(i)), (i, j))]
    blocks, start = [], 0
    for rows, columns in couplings.pairs:
        size = rows.stop - rows.start
        pairs = np.triu_indices(size, k=1) if rows == columns else None
        count = size * (columns.stop - columns.start) if pairs is None else len(pairs[0])
        blocks.append(_Block(rows, columns, slice(start, start + count), pairs))
        start += count
    return blocks


class DensePairs(PairSums):
    """All pairs of units, as rows while they are fewer than a third of the units, then as a matrix."""

    def __init__(self, couplings: Couplings) -> None:
        super().__init__(couplings)
        self._blocks = _blocks(couplings)
        self._rows: list[tuple[Array, Array, Array]] = []
        self._gram: Array | None = None
        self._mean = np.zeros(self.n)
        self._cross: Array | None = None

    def add(self, states: Array, ones: Array, local: Array) -> None:
        """Add the products of rows."""
        self._rows.append((states, ones, local))
        held = sum(len(x) for x, _, _ in self._rows)
        if self._gram is None and held <= self.n // 3:
            return
        self._fold(len(local))

    def _fold(self, regressors: int) -> None:
        """Multiply the rows that were kept."""
        if self._gram is None:
            self._gram = np.zeros((self.n, self.n))
            self._cross = np.zeros((regressors, self.n, self.n))
        assert self._cross is not None
        for x, o, f in self._rows:
            self._gram += x.T @ x
            self._mean += o @ x
            for total, one in zip(self._cross, f, strict=True):
                total += one.T @ x
        self._rows = []

    @property
    def light(self) -> bool:
        """Whether the pairs are still kept as rows."""
        return self._gram is None

    def absorb(self, other: Self) -> None:
        """Add the sums of another one."""
        self._held = None
        self.squares += other.squares
        if self._gram is None and other._gram is None:
            for row in other._rows:
                self.add(*row)
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

    def spread(self) -> Array:
        """Return the variances that were added, or what the gram matrix leaves unpredicted where none were."""
        if np.any(self.squares) or self._gram is None:
            return self.squares
        from scipy.linalg import cho_factor, cho_solve

        held = np.diag(self._gram) > 0
        spread = np.zeros(self.n)
        kept = self._gram[np.ix_(held, held)]
        # A small part of the diagonal makes it definite where the samples do not; this only preconditions.
        factor = cho_factor(kept + 1e-6 * np.diag(np.diag(kept)))
        spread[held] = 1 / np.diag(cho_solve(factor, np.eye(len(kept))))
        return spread

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
        for block in self._blocks:
            values = block.values(vector)
            fields[block.rows] += values @ x[:, block.columns].T
            fields[block.columns] += values.T @ x[:, block.rows].T
        back = np.concatenate([(fields @ ones)[None], np.einsum("pri,ir->pi", f, fields)])
        local = respond(back)
        fields += np.outer(local[0], ones) + np.einsum("pi,pri->ir", local[1:], f)
        fields *= weight[:, None]
        # w_i G_ij + w_j G_ji in one product: fields_i . x_j + x_i . fields_j
        left, right = np.concatenate([fields, x.T], axis=1), np.concatenate([x, fields.T])
        for block in self._blocks:
            out = result[block.part]
            if block.pairs is None:
                shape = (block.rows.stop - block.rows.start, -1)
                np.matmul(left[block.rows], right[:, block.columns], out=out.reshape(shape))
            else:
                out[:] = (left[block.rows] @ right[:, block.columns])[block.pairs]
        return local

    def _from_matrix(self, vector: Array, respond: Respond, weight: Array, result: Array) -> Array:
        gram, cross = self._gram, self._cross
        assert gram is not None
        assert cross is not None
        strips = []
        for block in self._blocks:
            values = block.values(vector)
            if block.pairs is not None:
                strips.append((block.rows, block.columns, values + values.T))
            else:
                strips.append((block.rows, block.columns, values))
                strips.append((block.columns, block.rows, values.T))
        back = np.zeros((1 + len(cross), self.n))
        for rows, columns, values in strips:
            back[0, rows] += values @ self._mean[columns]
            for total, one in zip(back[1:], cross, strict=True):
                total[rows] += np.einsum("ij,ij->i", values, one[rows, columns])
        local = respond(back)

        def half(rows: slice, columns: slice) -> Array:
            gradient = sum(values @ gram[between, columns] for owner, between, values in strips if owner == rows)
            gradient += np.outer(local[0, rows], self._mean[columns])
            for coefficient, one in zip(local[1:], cross, strict=True):
                gradient += coefficient[rows, None] * one[rows, columns]
            return np.asarray(weight[rows, None] * gradient)

        for block in self._blocks:
            there = half(block.rows, block.columns)
            back_again = there.T if block.pairs is not None else half(block.columns, block.rows).T
            both = there + back_again
            result[block.part] = both.ravel() if block.pairs is None else both[block.pairs]
        return local


class SparsePairs(PairSums):
    """Pairs of units that share a neighbor.

    Each coupling is two half-edges, owned by either end; the half-edges of one owner make a small dense block.
    """

    def __init__(self, couplings: Couplings) -> None:
        super().__init__(couplings)
        i, j = couplings.edges.T
        edge = np.tile(np.arange(len(i)), 2)
        owner, other = np.concatenate([i, j]), np.concatenate([j, i])
        order = np.argsort(owner, kind="stable")
        self._owner, self._other, self._edge = owner[order], other[order], edge[order]
        degree = np.bincount(self._owner, minlength=self.n)
        start = np.cumsum(degree) - degree
        # Row e of the matrix of blocks: all half-edges of the owner of e.
        width = degree[self._owner]
        self._pointer = np.concatenate([[0], np.cumsum(width)])
        offset = np.arange(self._pointer[-1]) - np.repeat(self._pointer[:-1], width)
        self._column = np.repeat(start[self._owner], width) + offset
        self._row = np.repeat(np.arange(len(self._owner)), width)
        self._sums = np.zeros(len(self._column))
        self._cross: Array | None = None
        self._ready: Any = None

    @staticmethod
    def entries(couplings: Couplings) -> int:
        """Return how many sums the connectivity needs."""
        degree = np.bincount(couplings.edges.ravel(), minlength=couplings.n)
        return int(np.sum(degree.astype(np.int64) ** 2))

    def add(self, states: Array, ones: Array, local: Array) -> None:
        """Add the products of rows."""
        if self._cross is None:
            self._cross = np.zeros((1 + len(local), len(self._owner)))
        self._ready = None
        batch = max(1, _BATCH // max(1, len(self._column)))
        for first in range(0, len(states), batch):
            x = states[first : first + batch][:, self._other]
            self._sums += np.einsum("re,re->e", x[:, self._row], x[:, self._column])
            self._cross[0] += ones[first : first + batch] @ x
            for total, one in zip(self._cross[1:], local[:, first : first + batch], strict=True):
                total += np.einsum("re,re->e", one[:, self._owner], x)

    @property
    def light(self) -> bool:
        """Whether a product is little work: a sparse one always is."""
        return True

    def absorb(self, other: Self) -> None:
        """Add the sums of another one."""
        self._held = self._ready = None
        self.squares += other.squares
        self._sums += other._sums
        if self._cross is None or other._cross is None:
            self._cross = other._cross if self._cross is None else self._cross
        else:
            self._cross += other._cross

    def _matrix(self) -> Any:
        """Return the sums as a sparse matrix over half-edges."""
        if self._ready is None:
            from scipy import sparse

            shape = (len(self._owner), len(self._owner))
            self._ready = sparse.csr_array((self._sums, self._column, self._pointer), shape=shape)
        return self._ready

    def spread(self) -> Array:
        """Return the variances that were added, or second moments where none were."""
        if np.any(self.squares):
            return self.squares
        same = self._row == self._column
        moments = np.zeros(self.n)
        moments[self._other[self._row[same]]] = self._sums[same]
        return moments

    def product(self, vector: Array, respond: Respond, weight: Array) -> tuple[Array, Array]:
        """Return the gradient by couplings at the local coefficients that respond to them."""
        assert self._cross is not None
        half = vector[self._edge]
        gradient = self._matrix() @ half
        local = respond(np.stack([np.bincount(self._owner, half * cross, minlength=self.n) for cross in self._cross]))
        for coefficient, cross in zip(local, self._cross, strict=True):
            gradient += coefficient[self._owner] * cross
        by_edge = vector * self._own(weight)
        np.add.at(by_edge, self._edge, weight[self._owner] * gradient)
        return by_edge, local


def pair_sums(couplings: Couplings) -> PairSums:
    """Return the cheaper of both for a connectivity."""
    sparse = not isinstance(couplings, DenseCouplings) and couplings.blocks is None
    if sparse and SparsePairs.entries(couplings) <= min(_MOST_ENTRIES, couplings.n**2 // 4):
        return SparsePairs(couplings)
    return DensePairs(couplings)
