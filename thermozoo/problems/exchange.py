"""Problems from and to the objects of other libraries: dimod, NetworkX, SciPy and NumPy."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import choice, told
from thermozoo.errors import ArgumentError, DataError, LibraryError, ParameterError, ShapeError
from thermozoo.problems.assembly import UNSTATED, assembled
from thermozoo.problems.files import read_problem
from thermozoo.problems.problem import KINDS, IsingProblem

__all__ = ["dimod_model", "dimod_samples", "ising_problem", "networkx_graph", "scipy_matrix"]

#: What dimod calls variables of a kind.
_VARTYPES = {"ising": "SPIN", "max-cut": "SPIN", "qubo": "BINARY"}


def ising_problem(source: Any, kind: str | None = None, *, weight: str = "weight") -> IsingProblem:
    """Return the problem of a file or of an object of another library.

    - A path: see `thermozoo.problems.files.read_problem`.
    - A dimod ``BinaryQuadraticModel``: its energy, of spins (``"ising"``) or of bits (``"qubo"``).
    - A NetworkX graph: its largest cut; of another kind, node attributes ``bias`` are coefficients of single variables
      and the graph's attribute ``offset`` is added. An edge without weight has 1.
    - A SciPy sparse or NumPy matrix, whose kind must be stated: of a QUBO x^T Q x with any Q; else each pair once, from
      a symmetric matrix or one half of it, without diagonal.

    Parameters
    ----------
    source : path, BinaryQuadraticModel, Graph, sparse matrix or array_like
        The problem.
    kind : str or None
        ``"ising"``, ``"qubo"`` or ``"max-cut"``; None where the source says it.
    weight : str
        The edge attribute of a NetworkX graph that holds the weights.

    Raises
    ------
    DataError
        When a file cannot be read, or the source is no such problem.
    ParameterError
        When a number is not finite, a matrix is not symmetric or has a diagonal, or the source is of another kind.

    Examples
    --------
    >>> import networkx as nx
    >>> ring = ising_problem(nx.cycle_graph(5))
    >>> ring.optima().objective
    4.0
    >>> ising_problem([[-1, 2], [0, -1]], "qubo").optima().objective
    -1.0
    """
    if kind is not None:
        choice("kind", kind, KINDS)
    if isinstance(source, IsingProblem):
        return source if kind in (None, source.kind) else attrs.evolve(source, kind=kind)
    if isinstance(source, (str, os.PathLike)):
        return read_problem(source, kind)
    if hasattr(source, "vartype") and hasattr(source, "to_numpy_vectors"):
        return _of_dimod(source, kind)
    if hasattr(source, "adjacency") and hasattr(source, "is_directed"):
        return _of_networkx(source, kind, weight)
    return _of_matrix(source, kind)


def _of_dimod(model: Any, kind: str | None) -> IsingProblem:
    name = "the model"
    natural = {"SPIN": "ising", "BINARY": "qubo"}[model.vartype.name]
    if kind not in (None, natural):
        raise ParameterError(
            f"the model has variables of type {model.vartype.name}, and is of kind '{natural}', got kind '{kind}': "
            "change_vartype makes one of the other type"
        )
    linear, (rows, columns, values), offset, labels = model.to_numpy_vectors(return_labels=True)
    _finite(name, labels, linear, rows, columns, values)
    return assembled(
        name,
        np.stack([rows, columns], axis=-1),
        values,
        len(linear),
        natural,
        linear=linear,
        constant=float(offset),
        labels=tuple(labels),
    )


def _of_networkx(graph: Any, kind: str | None, weight: str) -> IsingProblem:
    name = "the graph"
    if graph.is_directed() or graph.is_multigraph():
        what = "directed" if graph.is_directed() else "a multigraph"
        raise ParameterError(f"expected an undirected graph with at most one edge a pair, got one that is {what}")
    kind = kind or graph.graph.get("kind", "max-cut")
    labels = tuple(graph.nodes)
    place = {label: i for i, label in enumerate(labels)}
    listed = list(graph.edges(data=weight, default=1))
    loop = next((u for u, v, _ in listed if u == v), None)
    if loop is not None:
        raise ParameterError(f"the graph couples {told(loop)} with itself: remove the self-loop")
    pairs = np.array([(place[u], place[v]) for u, v, _ in listed], dtype=np.int64).reshape(-1, 2)
    values = _numbers(name, [w for _, _, w in listed])
    linear = _numbers(name, [b for _, b in graph.nodes(data="bias", default=0)])
    _finite(name, labels, linear, pairs[:, 0], pairs[:, 1], values)
    offset = float(_numbers(name, [graph.graph.get("offset", 0.0)])[0])
    if kind == "max-cut":  # of which only weights are asked
        return assembled(name, pairs, values, len(labels), kind, labels=labels)
    return assembled(name, pairs, values, len(labels), kind, linear=linear, constant=offset, labels=labels)


def _of_matrix(source: Any, kind: str | None) -> IsingProblem:
    name = "the matrix"
    sparse = hasattr(source, "tocoo")
    try:
        array = source if sparse else np.asarray(source)
    except ValueError:
        raise ShapeError(f"{name} must be square, got rows of unequal length") from None
    if array.dtype.kind not in "iufb":
        raise ArgumentError(
            "expected a path, a dimod BinaryQuadraticModel, a NetworkX graph or a matrix of real numbers, got "
            f"{told(source)}"
        )
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.shape[0]:
        raise ShapeError(f"{name} must be square, got shape {array.shape}")
    if kind is None:
        raise DataError(f"{name} {UNSTATED}")
    rows, columns, values = _entries(array, sparse)
    _finite(name, range(array.shape[0]), np.zeros(0), rows, columns, values)
    if kind != "qubo":
        rows, columns, values = _each_pair_once(rows, columns, values)
    return assembled(name, np.stack([rows, columns], axis=-1), values, array.shape[0], kind)


def _entries(array: Any, sparse: bool) -> tuple[Any, Any, Any]:
    """Return rows, columns and values, those of one place added up; of a dense matrix without zeros."""
    if not sparse:
        rows, columns = np.nonzero(array)
        return rows, columns, array[rows, columns].astype(np.float64)
    found = array.tocoo(copy=True)
    found.sum_duplicates()
    return found.row.astype(np.int64), found.col.astype(np.int64), found.data.astype(np.float64)


def _each_pair_once(rows: Any, columns: Any, values: Any) -> tuple[Any, Any, Any]:
    """Return the entries of one half of a matrix, which is symmetric or has this half alone."""
    loops = rows == columns
    if loops.any() and values[loops].any():
        i = int(rows[loops][np.flatnonzero(values[loops])[0]])
        raise ParameterError(f"the matrix couples {i} with itself: leave the diagonal out")
    rows, columns, values = rows[~loops], columns[~loops], values[~loops]
    lower = rows > columns
    if lower.all() or not lower.any():
        return rows, columns, values
    entries = dict(zip(zip(rows.tolist(), columns.tolist(), strict=True), values.tolist(), strict=True))
    for (i, j), value in entries.items():
        mirrored = entries.get((j, i), 0.0)
        if mirrored != value:
            raise ParameterError(f"the matrix is not symmetric: entry {i, j} is {value:g}, and {j, i} is {mirrored:g}")
    return rows[lower], columns[lower], values[lower]


def _numbers(name: str, values: list[Any]) -> npt.NDArray[np.float64]:
    for value in values:
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise ArgumentError(f"{name} must have real numbers as weights, got {told(value)}")
    return np.array(values, dtype=np.float64)


def _finite(name: str, labels: Sequence[Hashable], linear: Any, rows: Any, columns: Any, values: Any) -> None:
    """Raise for the first coefficient that is no number, by the labels of its variables."""
    for i in np.flatnonzero(~np.isfinite(linear))[:1]:
        raise ParameterError(f"{name} has {linear[i]:g} at {told(labels[i])}; expected finite numbers")
    for k in np.flatnonzero(~np.isfinite(values))[:1]:
        i, j = labels[int(rows[k])], labels[int(columns[k])]
        raise ParameterError(f"{name} has {values[k]:g} at {told((i, j))}; expected finite numbers")


def dimod_model(problem: IsingProblem) -> Any:
    """Return a problem as a dimod ``BinaryQuadraticModel``: of bits where it is a QUBO, else of spins.

    Raises
    ------
    LibraryError
        When dimod is not installed.
    """
    linear, quadratic, constant = _coefficients(problem)
    rows, columns = problem.edges.T
    return _dimod().BinaryQuadraticModel.from_numpy_vectors(
        linear, (rows, columns, quadratic), constant, _VARTYPES[problem.kind], variable_order=list(problem.labels)
    )


def dimod_samples(problem: IsingProblem, states: npt.ArrayLike) -> Any:
    """Return states, shape (B, n), as a dimod ``SampleSet`` with their energies; see `dimod_model`."""
    energies = problem.energies(states)
    spins = np.asarray(states).astype(np.int8)
    values = (spins + 1) // 2 if problem.kind == "qubo" else spins
    return _dimod().SampleSet.from_samples((values, list(problem.labels)), _VARTYPES[problem.kind], energies)


def networkx_graph(problem: IsingProblem) -> Any:
    """Return a problem as a NetworkX graph, whose edges have a ``weight``.

    Unless it is a max-cut, nodes have a ``bias`` and the graph an ``offset``: of a QUBO all are those of bits.
    """
    import networkx as nx

    linear, quadratic, constant = _coefficients(problem)
    graph = nx.Graph(kind=problem.kind)
    if problem.kind == "max-cut":
        graph.add_nodes_from(problem.labels)
    else:
        graph.graph["offset"] = constant
        graph.add_nodes_from((label, {"bias": b}) for label, b in zip(problem.labels, linear.tolist(), strict=True))
    labels = problem.labels
    graph.add_weighted_edges_from(
        (labels[i], labels[j], w) for (i, j), w in zip(problem.edges.tolist(), quadratic.tolist(), strict=True)
    )
    return graph


def scipy_matrix(problem: IsingProblem) -> Any:
    """Return a problem as a SciPy array in rows (CSR), without its constant.

    Of a QUBO it is the upper half Q of x^T Q x, else the symmetric matrix of strengths.

    Raises
    ------
    ParameterError
        When there are fields, which have no place in it.
    """
    if problem.kind != "qubo":
        if problem.fields.any():
            raise ParameterError("fields have no place in a matrix: take problem.matrix() and problem.fields")
        return problem.matrix()
    from scipy.sparse import csr_array

    linear, quadratic, _ = _coefficients(problem)
    own = np.flatnonzero(linear)
    rows, columns = np.concatenate([problem.edges, np.stack([own, own], axis=-1)]).T
    return csr_array((np.concatenate([quadratic, linear[own]]), (rows, columns)), shape=(problem.n, problem.n))


def _coefficients(problem: IsingProblem) -> tuple[Any, Any, float]:
    """Return those of single variables, of pairs, and the constant: of a QUBO, of bits."""
    return problem.qubo() if problem.kind == "qubo" else (problem.fields, problem.strengths, problem.offset)


def _dimod() -> Any:
    try:
        import dimod
    except ImportError as error:
        raise LibraryError("the library dimod is not installed: pip install 'thermozoo[dimod]'") from error
    return dimod
