"""A problem from pairs in any order."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermozoo.errors import DataError
from thermozoo.problems.problem import IsingProblem

__all__ = ["UNSTATED", "assembled"]

#: What a message says where nothing tells what the variables are.
UNSTATED = (
    "does not say what its variables are: state the kind, 'ising' (they are -1 or 1), 'qubo' (0 or 1) or 'max-cut' "
    "(weights of a graph)"
)


def assembled(
    name: str,
    pairs: Any,
    values: Any,
    n: int,
    kind: str,
    *,
    linear: Any = None,
    constant: float = 0.0,
    labels: Any = None,
) -> IsingProblem:
    """Return the problem of coefficients of pairs, which add up where a pair, in either order, is there twice.

    Parameters
    ----------
    name : str
        What they are of, for messages.
    pairs : array_like of int, shape (P, 2)
        Variables from 0; a pair of one and the same holds its linear coefficient.
    values : array_like, shape (P,)
        Coefficients, of a QUBO those of bits [energy].
    n : int
        Number of variables.
    kind : str
        What is asked.
    linear : array_like, shape (n,), or None
        Further linear coefficients [energy].
    constant : float
        What is added [energy].
    labels : sequence of hashable, or None
        What the variables are called.

    Raises
    ------
    DataError
        When all coefficients are zero.
    """
    pairs = np.sort(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=1)
    values = np.asarray(values, dtype=np.float64)
    alone = pairs[:, 0] == pairs[:, 1]
    single = np.zeros(n) if linear is None else np.array(linear, dtype=np.float64)
    np.add.at(single, pairs[alone, 0], values[alone])
    pairs, values = pairs[~alone], values[~alone]
    keys, place = np.unique(pairs @ np.array((n, 1)), return_inverse=True)
    sums = np.zeros(len(keys))
    np.add.at(sums, place, values)
    if not (sums.any() or single.any()):
        raise DataError(f"{name} has no coefficient that is not zero: there is nothing to minimize")
    edges = np.stack(np.divmod(keys, n), axis=-1)
    if kind == "qubo":
        return IsingProblem.from_qubo(single, edges, sums, constant, labels=labels)
    return IsingProblem(single, edges, sums, constant, kind, labels=labels)
