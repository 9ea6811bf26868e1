"""Random graphs with a given degree: pairs of ends drawn at random, and those that are wrong switched."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

__all__ = ["regular_pairs"]

Indices = npt.NDArray[np.int64]

#: Switches tried for one wrong pair before all ends are drawn again: few units may be where no switch leads on.
_TRIES = 1000

#: Switches drawn at a time.
_DRAWN = 4096


def regular_pairs(n: int, degree: int, seed: int) -> Indices:
    """Return the pairs of a graph of `n` units with `degree` neighbors each, shape (n degree / 2, 2), in order.

    Parameters
    ----------
    n, degree : int
        Of units and of neighbors, degree < n, not both odd.
    seed : int
        Which graph.
    """
    # NumPy promises the bits of a generator for every version, but not what its distributions make of them
    return _regular(n, degree, np.random.PCG64(seed))


def _regular(n: int, degree: int, bits: np.random.PCG64) -> Indices:
    if 2 * degree >= n:  # most pairs: those that are left out are a graph of the same kind, with fewer
        i, j = np.triu_indices(n, k=1)
        every = np.stack([i, j], axis=1)
        left_out = _regular(n, n - 1 - degree, bits) if degree < n - 1 else every[:0]
        return every[~np.isin(_keys(every, n), _keys(left_out, n))]
    ends = np.repeat(np.arange(n), degree)
    while True:
        pairs = ends[np.argsort(bits.random_raw(len(ends)), kind="stable")].reshape(-1, 2)
        if _mended(pairs, n, bits):
            pairs.sort(axis=1)
            return pairs[np.lexsort(pairs.T[::-1])]


def _keys(pairs: Indices, n: int) -> Indices:
    """Return one number for each pair, the same in either order."""
    keys: Indices = pairs.min(axis=1) * n + pairs.max(axis=1)
    return keys


def _mended(pairs: Indices, n: int, bits: np.random.PCG64) -> bool:
    """Switch each pair of a unit with itself and each that comes again with another pair; False where none will do.

    Pairs (a, b) and (c, d) become (a, c) and (b, d) where neither is there yet. All degrees stay as they are.
    """
    keys = _keys(pairs, n)
    order = np.argsort(keys, kind="stable")
    again = np.zeros(len(pairs), dtype=bool)
    again[order[1:]] = np.diff(keys[order]) == 0
    wrong = np.flatnonzero(again | (pairs[:, 0] == pairs[:, 1])).tolist()
    known = keys[order].tolist() if wrong else []
    changes: Counter[int] = Counter()

    def key(a: int, b: int) -> int:
        return min(a, b) * n + max(a, b)

    def times(pair: int) -> int:
        return bisect_right(known, pair) - bisect_left(known, pair) + changes[pair]

    draws = _draws(len(pairs), bits)
    for k in wrong:
        a, b = pairs[k].tolist()
        if a != b and times(key(a, b)) == 1:
            continue  # switched with an earlier one
        for other, turned in islice(draws, _TRIES):
            c, d = pairs[other].tolist()[:: -1 if turned else 1]
            made = key(a, c), key(b, d)
            if a != c and b != d and made[0] != made[1] and not any(map(times, made)):
                changes.subtract((key(a, b), key(c, d)))
                changes.update(made)
                pairs[k], pairs[other] = (a, c), (b, d)
                break
        else:
            return False
    return True


def _draws(count: int, bits: np.random.PCG64) -> Iterator[tuple[int, bool]]:
    """Yield numbers of pairs, and whether to turn them round."""
    while True:
        for raw in bits.random_raw(_DRAWN).tolist():
            yield (raw >> 1) % count, bool(raw & 1)
