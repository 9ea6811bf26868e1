"""Symmetric couplings J_ij, each pair once: dense blocks, or edges held as a dense or a sparse matrix."""

from __future__ import annotations

import abc
import functools
import math
from collections.abc import Mapping
from typing import Any, Self

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array, number, real_array, told
from thermozoo.computer.blocks import Block, Part, block_size, parts_of
from thermozoo.computer.settings import plugin_identity
from thermozoo.computer.states import floating
from thermozoo.computer.term import Term
from thermozoo.errors import ParameterError, ShapeError, TrainingError
from thermozoo.interfaces import Interaction
from thermozoo.symbolic.interaction import interaction_formulas

__all__ = ["BilinearCouplings", "Block", "Couplings", "DenseCouplings", "EdgeCouplings", "bilinear", "block_size"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]

#: Above this fraction of all pairs, edges are multiplied as a dense matrix: a sparse product moves an index and a value
#: for each entry and runs several times slower an entry than a dense one.
DENSE_ABOVE = 0.1


class Couplings(Term):
    """Couplings of units, each tuple of them once: V_J = sum_e J_e phi(x_e1, ..., x_ek).

    Those of this module are bilinear: V_J = sum over pairs of J_ij x_i x_j, J symmetric, J_ii = 0.

    Attributes
    ----------
    n : int
        Number of units.
    vector : ndarray
        Strength of each coupled tuple, shape (E,) [energy].
    interaction : Interaction or None
        The energy of a tuple; None: the product of two states.
    """

    interaction: Interaction | None

    @property
    @abc.abstractmethod
    def edges(self) -> Indices:
        """Coupled tuples in the order of `vector`, shape (E, 2) for pairs."""

    @property
    @abc.abstractmethod
    def blocks(self) -> tuple[Block, ...] | None:
        """Dense blocks that make up J (each off-diagonal block once), None where J is sparse."""

    def scaled(self, factor: float) -> Self:
        """Return the couplings with every strength times a factor."""
        return self.with_vector(factor * self.vector)

    def identity(self) -> bytes:
        """Return what fixes the couplings besides their strengths."""
        edges = np.ascontiguousarray(self.edges, dtype="<i8").tobytes()
        return edges if self.interaction is None else plugin_identity(self.interaction) + edges

    @property
    def order(self) -> int:
        """How many units a tuple has."""
        return int(self.edges.shape[1])

    @property
    def symmetric(self) -> bool:
        """Whether the units of a tuple may be exchanged; else the order in which a tuple names them counts."""
        return self.interaction is None or interaction_formulas(self.interaction).symmetric

    def _ends(self) -> tuple[Indices, Indices]:
        if self.order != 2:
            raise ShapeError(
                f"couplings of {self.order} units are no matrix: `edges` has their tuples, `vector` their strengths"
            )
        return self.edges[:, 0], self.edges[:, 1]

    def matrix(self) -> Array:
        """Return the strengths of pairs as a dense matrix J, shape (n, n): symmetric where units may be exchanged.

        Raises
        ------
        ShapeError
            When tuples have more than two units.
        """
        full = np.zeros((self.n, self.n))
        i, j = self._ends()
        full[i, j] = self.vector
        if self.symmetric:
            full[j, i] = self.vector
        return full

    def with_matrix(self, matrix: npt.ArrayLike) -> Couplings:
        """Return the same structure with the strengths of a matrix J, shape (n, n); the inverse of `matrix`.

        Raises
        ------
        ParameterError
            When J is not symmetric though units may be exchanged, has a diagonal, or couples a pair that is not coupled
            here.
        ShapeError
            When tuples have more than two units.
        """
        i, j = self._ends()
        full = finite_array("couplings", matrix, (self.n, self.n))
        if self.symmetric:
            _refuse(full != full.T, "symmetric, J[i, j] = J[j, i]", full)
        _refuse(np.diag(np.diag(full)) != 0, "zero on the diagonal: no unit is coupled to itself", full)
        elsewhere = full != 0
        elsewhere[i, j] = False
        if self.symmetric:
            elsewhere[j, i] = False
        _refuse(elsewhere, "zero for pairs that the connectivity does not couple", full)
        return self.with_vector(full[i, j])

    def with_strengths(self, strengths: Mapping[tuple[int, ...], float]) -> Couplings:
        """Return the same structure with other strengths of some tuples; in any order where units may be exchanged.

        Raises
        ------
        ParameterError
            When a tuple is not coupled here.
        """
        key: Any = frozenset if self.symmetric else tuple
        places = {key(units): k for k, units in enumerate(self.edges.tolist())}
        vector = self.vector.copy()
        for units, strength in strengths.items():
            known = isinstance(units, tuple) and len(units) == self.order
            place = places.get(key(units)) if known else None
            if place is None:
                what = "a pair (i, j)" if self.order == 2 else f"a tuple of {self.order}"
                raise ParameterError(
                    f"couplings: the connectivity does not couple {told(units)}; expected {what} of different "
                    f"units below {self.n} that it couples{'' if self.symmetric else ', in the order that it has'}"
                )
            vector[place] = number(f"coupling {units}", strength)
        return self.with_vector(vector)

    def norm(self) -> float:
        """Return the Frobenius norm of the strengths [energy]: of pairs that may be exchanged that of the matrix J."""
        times = math.factorial(self.order) if self.symmetric else 1
        return float(np.sqrt(float(times)) * np.linalg.norm(self.vector))


class BilinearCouplings(Couplings):
    """Couplings by the product of two states: V_J = sum over pairs of J_ij x_i x_j, J symmetric, J_ii = 0."""

    interaction = None

    @abc.abstractmethod
    def product(self, x: Array) -> Array:
        """Return J x for states of shape (..., n), in the data type of `x`."""

    def gradient(self, x: Array) -> Array:
        """Return J x; see `Term.gradient`."""
        return self.product(x)

    def energy(self, x: Array) -> Array:
        """Return the coupling energy of states of shape (..., n), shape (...)."""
        total: Array = 0.5 * np.einsum("...i,...i->...", x, self.product(x))
        return total

    def spectral_norm(self) -> float:
        """Return the largest |eigenvalue| of J [energy], from a Lanczos iteration."""
        if self.size == 0 or not np.any(self.vector):
            return 0.0
        if self.n <= 64:
            return float(np.abs(np.linalg.eigvalsh(self.matrix())).max())
        from scipy.sparse.linalg import LinearOperator, eigsh

        operator = LinearOperator((self.n, self.n), matvec=self.product, dtype=np.float64)
        start = np.random.default_rng(0).standard_normal(self.n)  # eigsh draws its start otherwise
        values = eigsh(operator, k=1, which="LM", v0=start, return_eigenvectors=False, tol=1e-3)
        return float(np.abs(values).max())


def bilinear(couplings: Couplings) -> BilinearCouplings:
    """Return couplings as they are, or refuse those whose force is no product J x.

    Raises
    ------
    TrainingError
        When they are by another interaction.
    """
    if isinstance(couplings, BilinearCouplings):
        return couplings
    name = couplings.interaction.name if couplings.interaction is not None else type(couplings).__name__
    raise TrainingError(
        f"the interaction {name!r} is not the product of two states, so that its force is no product J x: train by "
        "descent or online, or take the interaction 'bilinear'"
    )


def _refuse(wrong: npt.NDArray[np.bool_], wanted: str, matrix: Array) -> None:
    """Raise ParameterError at the first entry that is wrong."""
    if wrong.any():
        i, j = (int(k) for k in np.argwhere(wrong)[0])
        raise ParameterError(
            f"couplings must be {wanted}; got J[{i}, {j}] = {matrix[i, j]:g}, J[{j}, {i}] = {matrix[j, i]:g}"
        )


def _strengths(vector: npt.ArrayLike, count: int) -> Array:
    """Return a copy of strengths in double precision; they need not be finite, as a descent may blow up."""
    return np.array(real_array("couplings", vector, (count,)), dtype=np.float64)


@attrs.frozen(eq=False, slots=False)
class DenseCouplings(BilinearCouplings):
    """Couplings that are whole dense blocks between ranges of units.

    Parameters
    ----------
    n : int
        Number of units.
    pairs : tuple of (slice, slice)
        Coupled ranges; a range with itself couples all of its pairs.
    vector : ndarray, shape (E,)
        Strengths [energy]: block after block, row by row, of a diagonal block the upper triangle.
    """

    n: int
    pairs: tuple[tuple[slice, slice], ...]
    vector: Array

    def __attrs_post_init__(self) -> None:
        real_array("couplings", self.vector, (sum(map(block_size, self.pairs)),), "one strength a pair")

    def with_vector(self, vector: npt.ArrayLike) -> DenseCouplings:
        """Return the same structure with other strengths, shape (E,) [energy]."""
        return DenseCouplings(self.n, self.pairs, _strengths(vector, self.size))

    @functools.cached_property
    def parts(self) -> tuple[Part, ...]:
        """Which part of `vector` holds the couplings of each pair of ranges."""
        return parts_of(self.pairs)

    @functools.cached_property
    def edges(self) -> Indices:
        """Coupled pairs in the order of `vector`, shape (E, 2)."""
        edges = [part.edges for part in self.parts]
        return np.concatenate(edges) if edges else np.empty((0, 2), dtype=np.int64)

    @functools.cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Dense blocks that make up J."""
        return tuple(Block(part.rows, part.columns, part.whole(self.vector)) for part in self.parts)

    def _typed(self, dtype: Any) -> tuple[Block, ...]:
        if dtype == np.float64:
            return self.blocks
        cache: dict[Any, tuple[Block, ...]] = self.__dict__.setdefault("_typed_blocks", {})
        if dtype not in cache:
            cache[dtype] = tuple(attrs.evolve(b, values=b.values.astype(dtype)) for b in self.blocks)
        return cache[dtype]

    def product(self, x: Array) -> Array:
        """Return J x; see `BilinearCouplings.product`."""
        x = floating(x, self.n)
        result = np.zeros_like(x)
        for block in self._typed(x.dtype):
            result[..., block.rows] += x[..., block.columns] @ block.values.T
            if not block.diagonal:
                result[..., block.columns] += x[..., block.rows] @ block.values
        return result

    def energy(self, x: Array) -> Array:
        """Return the coupling energy; see `Term.energy`. A block needs one product here, two in `product`."""
        x = floating(x, self.n)
        total = np.zeros(x.shape[:-1], dtype=x.dtype)
        for block in self._typed(x.dtype):
            field = x[..., block.columns] @ block.values.T
            both = np.einsum("...i,...i->...", x[..., block.rows], field)
            total += 0.5 * both if block.diagonal else both
        return total

    def contract(self, r: Array, x: Array) -> Array:
        """Return r_i x_j + r_j x_i summed; see `Term.contract`."""
        r = r.reshape(-1, self.n)
        x = x.reshape(-1, self.n)
        sums = []
        for part in self.parts:
            both = r[:, part.rows].T @ x[:, part.columns]
            # of a range with itself, the other product is the transpose of this one
            both += both.T if part.places is not None else x[:, part.rows].T @ r[:, part.columns]
            sums.append(part.couplings(both))
        return np.concatenate(sums).astype(np.float64) if sums else np.empty(0)


@attrs.frozen(eq=False, slots=False)
class EdgeCouplings(BilinearCouplings):
    """Couplings given pair by pair.

    Parameters
    ----------
    n : int
        Number of units.
    edges : ndarray of int, shape (E, 2)
        Coupled pairs, each once.
    vector : ndarray, shape (E,)
        Strengths [energy].
    """

    n: int
    _edges: Indices
    vector: Array

    def __attrs_post_init__(self) -> None:
        real_array("couplings", self.vector, (len(self.edges),), "one strength a pair")

    @property
    def edges(self) -> Indices:
        """Coupled pairs, each once, in the order of `vector`."""
        return self._edges

    def with_vector(self, vector: npt.ArrayLike) -> EdgeCouplings:
        """Return the same structure with other strengths, shape (E,) [energy]."""
        return EdgeCouplings(self.n, self.edges, _strengths(vector, self.size))

    @property
    def density(self) -> float:
        """Coupled pairs over all pairs."""
        return 2.0 * self.size / max(1, self.n * (self.n - 1))

    @functools.cached_property
    def blocks(self) -> tuple[Block, ...] | None:
        """Dense blocks that make up J."""
        if self.density <= DENSE_ABOVE:
            return None
        whole = slice(0, self.n)
        return (Block(whole, whole, self.matrix()),)

    @functools.cached_property
    def csr(self) -> Any:
        """J as a symmetric scipy CSR matrix, entries ordered by column."""
        from scipy import sparse

        i, j = self.edges.T
        data = np.concatenate([self.vector, self.vector])
        where = (np.concatenate([i, j]), np.concatenate([j, i]))
        matrix = sparse.csr_array(sparse.coo_array((data, where), shape=(self.n, self.n)))
        matrix.sort_indices()
        return matrix

    def product(self, x: Array) -> Array:
        """Return J x; see `BilinearCouplings.product`."""
        x = floating(x, self.n)
        if self.blocks is not None:
            return x @ self.blocks[0].values.astype(x.dtype, copy=False)
        flat = x.reshape(-1, self.n)
        result: Array = (self.csr.astype(x.dtype) @ flat.T).T
        return np.ascontiguousarray(result).reshape(x.shape)

    def contract(self, r: Array, x: Array) -> Array:
        """Return r_i x_j + r_j x_i summed; see `Term.contract`."""
        r = r.reshape(-1, self.n)
        x = x.reshape(-1, self.n)
        i, j = self.edges.T
        total = np.zeros(self.size)
        # one row at a time: r[:, i] would hold as many numbers as rows times edges
        for a, b in zip(r, x, strict=True):
            total += a[i] * b[j] + a[j] * b[i]
        return total
