r"""A force between units that has no energy: what is left of couplings that are not symmetric.

.. math:: F_i = -\sum_j A_{ij} x_j, \qquad A_{ij} = -A_{ji}

Couplings whose two directions are :math:`J_{ij}` (how j acts on i) and :math:`J_{ji}` have the energy of their
symmetric part, :math:`\tfrac{1}{2} (J_{ij} + J_{ji})\, x_i x_j`, and :math:`A_{ij} = \tfrac{1}{2} (J_{ij} - J_{ji})`.
The force is at right angles to the states, so that it drives them around, and does work that only the path tells.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar, cast

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.couplings import BilinearCouplings, DenseCouplings
from thermozoo.computer.states import floating
from thermozoo.computer.term import ASYMMETRY, Term

if TYPE_CHECKING:
    from thermozoo.computer.computer import Computer

__all__ = ["CirculatingForce", "circulating_force"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


@attrs.frozen(eq=False, slots=False)
class CirculatingForce(Term):
    r"""The antisymmetric part of couplings by the product of two states.

    .. math:: F = -A x, \qquad A = -A^T, \qquad
              W = \sum_k F(x_k) \circ (x_{k+1} - x_k) = -\sum_k x_{k+1}^T A\, x_k

    with W its work along states x_k [energy]. As F is linear and at right angles to x, the sums by the rules of Ito and
    of Stratonovich are one number.

    Parameters
    ----------
    pairs : BilinearCouplings
        Which pairs, and :math:`A_{ij}` of each pair (i, j) in the order in which it is named [energy].
    """

    conservative: ClassVar[bool] = False

    pairs: BilinearCouplings

    @property
    def n(self) -> int:  # type: ignore[override]
        """Number of units."""
        return self.pairs.n

    @property
    def vector(self) -> Array:  # type: ignore[override]
        """A_ij of each pair, shape (E,) [energy]."""
        return self.pairs.vector

    @property
    def edges(self) -> Indices:
        """Coupled pairs in the order of `vector`, shape (E, 2)."""
        return self.pairs.edges

    @property
    def summary(self) -> str:
        """What it consists of, in a few words."""
        return f"{self.size:,} antisymmetric couplings, a force without an energy"

    @functools.cached_property
    def parts(self) -> tuple[tuple[slice, slice, Array], ...] | None:
        """Dense parts (rows, columns, matrix) of A, those on columns after those on rows; None where A is sparse."""
        if self.pairs.blocks is None:
            return None
        if not isinstance(self.pairs, DenseCouplings):
            whole, matrix = slice(0, self.n), np.zeros((self.n, self.n))
            i, j = self.edges.T
            matrix[i, j], matrix[j, i] = self.vector, -self.vector
            return ((whole, whole, matrix),)
        found: list[tuple[slice, slice, Array]] = []
        for part in self.pairs.parts:
            once = part.once(self.vector)
            if part.places is not None:
                found.append((part.rows, part.columns, once - once.T))
            else:
                found += [(part.rows, part.columns, once), (part.columns, part.rows, -once.T)]
        return tuple(found)

    @functools.cached_property
    def csr(self) -> Any:
        """A as a scipy CSR matrix, entries ordered by column."""
        from scipy import sparse

        i, j = self.edges.T
        data = np.concatenate([self.vector, -self.vector])
        where = (np.concatenate([i, j]), np.concatenate([j, i]))
        matrix = sparse.csr_array(sparse.coo_array((data, where), shape=(self.n, self.n)))
        matrix.sort_indices()
        return matrix

    def matrix(self) -> Array:
        """Return A, shape (n, n)."""
        full: Array = self.csr.toarray()
        return full

    def energy(self, x: Array) -> Array:
        """Return zero for states of shape (..., n), shape (...): the force has no energy."""
        return np.zeros(floating(x, self.n).shape[:-1])

    def gradient(self, x: Array) -> Array:
        """Return minus the force, A x, of states of shape (..., n), in their data type; no energy has it."""
        x = floating(x, self.n)
        if self.parts is None:
            flat = x.reshape(-1, self.n)
            product: Array = (self.csr.astype(x.dtype) @ flat.T).T
            return np.ascontiguousarray(product).reshape(x.shape)
        total = np.zeros_like(x)
        for rows, columns, matrix in self.parts:
            total[..., rows] += x[..., columns] @ matrix.T.astype(x.dtype, copy=False)
        return total

    def work(self, states: Array) -> Array:
        """Return its work in each step between states of shape (steps + 1, ..., n), shape (steps, ...) [energy]."""
        here = states[:-1]
        done: Array = -np.einsum("...i,...i->...", states[1:] - here, self.gradient(here))
        return done

    def norm(self, free: npt.NDArray[np.bool_]) -> float:
        """Return the largest singular value of A among some units [energy]."""
        inside = free[self.edges].all(axis=1)
        if not np.any(self.vector[inside]):
            return 0.0
        among = self.with_vector(np.where(inside, self.vector, 0.0))
        if self.n <= 64:
            return float(np.linalg.norm(among.matrix(), 2))
        from scipy.sparse.linalg import LinearOperator, eigsh

        # A^T A = -A A is symmetric, which A is not
        square = LinearOperator((self.n, self.n), matvec=lambda v: -among.gradient(among.gradient(v.ravel())))
        start = np.random.default_rng(0).standard_normal(self.n)
        (value,) = eigsh(square, k=1, which="LM", v0=start, return_eigenvectors=False, tol=1e-3)
        return float(np.sqrt(abs(value)))

    def contract(self, r: Array, x: Array) -> Array:
        """Return r_i x_j - r_j x_i summed; see `Term.contract`."""
        i, j = self.edges.T
        total = np.zeros(self.size)
        for a, b in zip(r.reshape(-1, self.n), x.reshape(-1, self.n), strict=True):
            total += a[i] * b[j] - a[j] * b[i]
        return total

    def with_vector(self, vector: npt.ArrayLike) -> CirculatingForce:
        """Return the same structure with other strengths, shape (E,) [energy]."""
        return CirculatingForce(self.pairs.with_vector(vector))

    def scaled(self, factor: float) -> CirculatingForce:
        """Return the force times a factor."""
        return self.with_vector(factor * self.vector)

    def identity(self) -> bytes:
        """Return which pairs it is between."""
        return b"antisymmetric" + self.pairs.identity()


def circulating_force(computer: Computer) -> CirculatingForce | None:
    """Return the force without an energy of a computer; None where all of its forces have one."""
    found: Any = computer.terms.get(ASYMMETRY)
    return cast("CirculatingForce | None", found)
