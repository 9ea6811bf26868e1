"""A quadratic energy of variables of two values, and what is asked of it: a cut, an energy or the value of a QUBO."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, choice, finite_array, integer_array, number, told
from thermozoo.errors import ArgumentError, ParameterError, ShapeError

if TYPE_CHECKING:
    from thermozoo.problems.enumeration import Optima

__all__ = ["KINDS", "MOST_VARIABLES", "IsingProblem"]

Array = npt.NDArray[np.floating[Any]]

#: What may be asked: the cut that is largest, the energy of spins that is least, the value of bits that is least.
KINDS = ("max-cut", "ising", "qubo")

#: The most variables of a problem: what a header promises is allocated, so that it needs a bound.
MOST_VARIABLES = 2**24

#: The most numbers of states that are worked on at a time.
_BLOCK = 2**22


@attrs.frozen(eq=False)
class IsingProblem:
    r"""An Ising energy, and what is asked of it.

    .. math::

        E(s) = c + \sum_i h_i s_i + \sum_{i<j} J_{ij} s_i s_j, \qquad s_i \in \{-1, 1\}

    with h the fields, J the strengths and c the offset: positive strengths favor opposite spins. Three things are asked
    of it, which are its *kind*:

    - ``"ising"``: the least energy E.
    - ``"max-cut"``: the largest cut of a graph of weights :math:`w_{ij} = J_{ij}`, the sum of the weights between the
      two sides; there are neither fields nor an offset, and with W the sum of all weights, cut = (W - E) / 2.
    - ``"qubo"``: the least value of a quadratic function of bits :math:`x_i = (1 + s_i) / 2`, which is E.

    Parameters
    ----------
    fields : array_like, shape (n,)
        h [energy].
    edges : array_like of int, shape (E, 2)
        Pairs i < j of variables, numbered from 0: in order, each once.
    strengths : array_like, shape (E,)
        J [energy].
    offset : float
        c [energy].
    kind : str
        ``"ising"``, ``"max-cut"`` or ``"qubo"``.
    labels : sequence of hashable, or None
        What the variables are called; None: 0, 1, ...

    Raises
    ------
    ParameterError
        When a number is not finite, a pair out of order or there twice, a label there twice, or a cut has fields.
    ShapeError
        When lengths do not match.

    References
    ----------
    A. Lucas, Ising formulations of many NP problems, Front. Phys. 2, 5 (2014). F. Barahona, M. Groetschel, M. Juenger
    and G. Reinelt, An application of combinatorial optimization to statistical physics and circuit layout design,
    Oper. Res. 36, 493 (1988), for the cut.

    Examples
    --------
    A triangle, of whose three edges two can be cut:

    >>> triangle = IsingProblem([0, 0, 0], [(0, 1), (0, 2), (1, 2)], [1, 1, 1], kind="max-cut")
    >>> triangle.energies([[1, 1, 1], [1, 1, -1]]), triangle.objective([[1, 1, 1], [1, 1, -1]])
    (array([ 3., -1.]), array([0., 2.]))
    """

    fields: Array = checked(finite_array, ("n",))
    edges: npt.NDArray[np.int64] = checked(integer_array, ("E", 2))
    strengths: Array = checked(finite_array, ("E",))
    offset: float = checked(number, default=0.0)
    kind: str = checked(choice, KINDS, default="ising")
    labels: Sequence[Hashable] = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        n = len(self.fields)
        if not 1 <= n <= MOST_VARIABLES:
            raise ParameterError(f"a problem has 1 to {MOST_VARIABLES:,} variables, got {n:,}")
        if len(self.strengths) != len(self.edges):
            raise ShapeError(f"strengths must be as many as edges, {len(self.edges)}, got {len(self.strengths)}")
        _check_edges(self.edges, n)
        if self.kind == "max-cut" and (self.offset or self.fields.any()):
            raise ParameterError("a max-cut has neither fields nor an offset: take the kind 'ising'")
        with np.errstate(over="ignore"):
            scale = abs(self.offset) + np.abs(self.fields).sum() + np.abs(self.strengths).sum()
        if not np.isfinite(scale):
            raise ParameterError("strengths, fields and offset are so large that their sum is not finite: scale them")
        object.__setattr__(self, "labels", _labels(self.labels, n))
        for name, dtype in (("fields", np.float64), ("edges", np.int64), ("strengths", np.float64)):
            own = np.array(getattr(self, name), dtype=dtype)
            own.setflags(write=False)
            object.__setattr__(self, name, own)

    @classmethod
    def from_qubo(
        cls,
        linear: Any,
        edges: Any,
        quadratic: Any,
        constant: float = 0.0,
        *,
        labels: Any = None,
    ) -> IsingProblem:
        r"""Return the problem of a quadratic function of bits.

        .. math:: f(x) = c_0 + \sum_i a_i x_i + \sum_{i<j} b_{ij} x_i x_j, \qquad x_i = (1 + s_i) / 2

        which is the energy of strengths b / 4, fields a / 2 plus a quarter of all b of a variable, and an offset.

        Parameters
        ----------
        linear : array_like, shape (n,)
            a [energy].
        edges : array_like of int, shape (E, 2)
            Pairs i < j, in order, each once.
        quadratic : array_like, shape (E,)
            b [energy].
        constant : float
            c_0 [energy].
        labels : sequence of hashable, or None
            What the variables are called; None: 0, 1, ...

        Examples
        --------
        >>> both = IsingProblem.from_qubo([-1, -1], [(0, 1)], [2])
        >>> both.objective([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        array([ 0., -1., -1.,  0.])
        """
        raw = cls(linear, edges, quadratic, constant, labels=labels)  # which checks what was given
        quarter = np.asarray(raw.strengths) / 4
        fields = raw.fields / 2 + _by_variable(raw.edges, quarter, raw.n)
        return cls(
            fields, raw.edges, quarter, raw.offset + raw.fields.sum() / 2 + quarter.sum(), "qubo", labels=raw.labels
        )

    def qubo(self) -> tuple[Array, Array, float]:
        """Return the energy as a function of bits (1 + s) / 2: coefficients of bits, those of edges, and a constant."""
        quadratic = 4 * np.asarray(self.strengths)
        linear = 2 * np.asarray(self.fields) - 2 * _by_variable(self.edges, self.strengths, self.n)
        return linear, quadratic, float(self.offset - self.fields.sum() + self.strengths.sum())

    def optima(self, keep: int = 1000) -> Optima:
        """Return the least energy, how many states have it, and these, by enumeration; see `enumerate_optima`."""
        from thermozoo.problems.enumeration import enumerate_optima

        return enumerate_optima(self, keep)

    def matrix(self) -> Any:
        """Return the strengths as a symmetric SciPy array in rows (CSR), shape (n, n), whose diagonal is empty."""
        return (self._upper + self._upper.T).tocsr()

    @property
    def n(self) -> int:
        """Number of variables."""
        return len(self.fields)

    @property
    def values(self) -> tuple[int, int]:
        """The two values of a variable: -1 and 1, or of a QUBO 0 and 1."""
        return (0, 1) if self.kind == "qubo" else (-1, 1)

    @property
    def maximized(self) -> bool:
        """Whether the objective is to be as large as it can: the energy is always to be as low as it can."""
        return self.kind == "max-cut"

    @property
    def total_weight(self) -> float:
        """W, the sum of all strengths [energy]."""
        return float(self.strengths.sum())

    @functools.cached_property
    def _upper(self) -> Any:
        from scipy.sparse import csr_array

        return csr_array((self.strengths, self.edges.T), shape=(self.n, self.n))

    def energies(self, states: npt.ArrayLike) -> Array:
        """Return the energies of states.

        Parameters
        ----------
        states : array_like, shape (B, n)
            Spins, -1 or 1, whatever the kind: `spins` returns them of bits.

        Returns
        -------
        ndarray, shape (B,)
            E [energy].
        """
        s = self._spins(states)
        found = np.empty(len(s))
        for start in range(0, len(s), max(1, _BLOCK // self.n)):
            block = s[start : start + max(1, _BLOCK // self.n)].astype(np.float64)
            local = self._upper @ block.T + self.fields[:, None]
            found[start : start + len(block)] = np.einsum("bi,ib->b", block, local) + self.offset
        return found

    def objective(self, states: npt.ArrayLike) -> Array:
        """Return what is asked of states, shape (B, n): cuts of a max-cut, values of a QUBO, else energies."""
        found: Array = self.objective_of_energy(self.energies(states))
        return found

    def objective_of_energy(self, energy: npt.ArrayLike) -> Any:
        """Return the objective at an energy: of a max-cut (W - E) / 2, else E."""
        energy = np.asarray(energy, dtype=np.float64)
        return (self.total_weight - energy) / 2 if self.maximized else energy

    def energy_of_objective(self, objective: npt.ArrayLike) -> Any:
        """Return the energy at a value of the objective: of a max-cut W - 2 cut, else the value."""
        objective = np.asarray(objective, dtype=np.float64)
        return self.total_weight - 2 * objective if self.maximized else objective

    def spins(self, assignments: Mapping[Hashable, int] | Sequence[Mapping[Hashable, int]]) -> npt.NDArray[np.int8]:
        """Return states, shape (B, n), of values by label, those of a QUBO being 0 and 1; of one, a state (n,)."""
        many = [assignments] if isinstance(assignments, Mapping) else list(assignments)
        try:
            values = np.array([[one[label] for label in self.labels] for one in many]).reshape(len(many), self.n)
        except KeyError as error:
            raise ParameterError(f"no value for the variable {told(error.args[0])}") from None
        low, high = self.values
        if not np.isin(values, self.values).all():
            raise ParameterError(f"values of a problem of kind '{self.kind}' must be {low} or {high}")
        states = np.where(values == high, 1, -1).astype(np.int8)
        return states[0] if isinstance(assignments, Mapping) else states

    def assignments(self, states: npt.ArrayLike) -> list[dict[Hashable, int]]:
        """Return the values of the variables by label, one dictionary a state: of a QUBO 0 and 1, else -1 and 1."""
        s = self._spins(states)
        values = (s + 1) // 2 if self.kind == "qubo" else s
        return [dict(zip(self.labels, row, strict=True)) for row in values.tolist()]

    def to_dimod(self) -> Any:
        """Return a dimod ``BinaryQuadraticModel``; see `thermozoo.problems.exchange.dimod_model`."""
        from thermozoo.problems.exchange import dimod_model

        return dimod_model(self)

    def to_sampleset(self, states: npt.ArrayLike) -> Any:
        """Return states, shape (B, n), as a dimod ``SampleSet`` with their energies, values by label."""
        from thermozoo.problems.exchange import dimod_samples

        return dimod_samples(self, states)

    def to_networkx(self) -> Any:
        """Return a NetworkX graph; see `thermozoo.problems.exchange.networkx_graph`."""
        from thermozoo.problems.exchange import networkx_graph

        return networkx_graph(self)

    def to_scipy(self) -> Any:
        """Return a SciPy sparse array; see `thermozoo.problems.exchange.scipy_matrix`."""
        from thermozoo.problems.exchange import scipy_matrix

        return scipy_matrix(self)

    def _spins(self, states: npt.ArrayLike) -> npt.NDArray[np.int8]:
        s = np.asarray(states)
        if s.ndim != 2 or s.shape[1] != self.n:
            raise ShapeError(f"states must have shape (states, {self.n}), got {s.shape}")
        if s.dtype.kind not in "iuf" or not (np.abs(s) == 1).all():
            raise ParameterError("states must be spins, -1 or 1; problem.spins(...) returns them of bits by label")
        return s.astype(np.int8, copy=False)


def _by_variable(edges: npt.NDArray[np.int64], values: Array, n: int) -> Array:
    """Return the sum of the values of all edges of each variable, shape (n,)."""
    found = np.zeros(n)
    np.add.at(found, edges.ravel(), np.repeat(values, 2))
    return found


def _check_edges(edges: npt.NDArray[np.int64], n: int) -> None:
    """Raise for the first pair that is not what it must be."""
    if not len(edges):
        return
    wrong = np.flatnonzero((edges[:, 0] >= edges[:, 1]) | (edges[:, 1] >= n))
    if len(wrong):
        pair = tuple(edges[wrong[0]].tolist())
        raise ParameterError(f"edges must be pairs i < j of variables 0 to {n - 1}, got {pair}")
    keys = edges @ (n, 1)
    again = np.flatnonzero(np.diff(keys) <= 0)
    if len(again):
        pair = tuple(edges[again[0] + 1].tolist())
        raise ParameterError(f"edges must be in order and each there once, got {pair} after one that is not before it")


def _labels(labels: Any, n: int) -> Sequence[Hashable]:
    """Return labels, each of which is there once."""
    if labels is None:
        return range(n)
    if isinstance(labels, str) or not isinstance(labels, Sequence):
        raise ArgumentError(f"labels must be a sequence of names, got {told(labels)}")
    kept = labels if isinstance(labels, range) else tuple(labels)
    if len(kept) != n:
        raise ShapeError(f"labels must be as many as variables, {n}, got {len(kept)}")
    if not isinstance(kept, range) and len(set(kept)) < n:
        raise ParameterError("labels must be different, got one twice")
    return kept
