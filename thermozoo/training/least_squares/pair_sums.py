"""Second moments between units, dense or sparse, whichever is cheaper for a connectivity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermozoo.computer.couplings import Couplings, DenseCouplings, bilinear
from thermozoo.training.least_squares.pair_base import NO_UNITS, PairSums
from thermozoo.training.least_squares.pair_dense import DensePairs
from thermozoo.training.least_squares.pair_sparse import SparsePairs

__all__ = ["DensePairs", "PairSums", "SparsePairs", "pair_sums"]

#: Above this many entries a sparse connectivity is cheaper as a dense matrix.
_MOST_ENTRIES = 40_000_000


def pair_sums(couplings: Couplings, noiseless: npt.NDArray[np.int64] = NO_UNITS, *, shared: bool = False) -> PairSums:
    """Return the cheaper of both for a connectivity; see `PairSums` and `DensePairs` for the parameters."""
    bilinear(couplings)
    sparse = not isinstance(couplings, DenseCouplings) and couplings.blocks is None
    if sparse and SparsePairs.entries(couplings) <= min(_MOST_ENTRIES, couplings.n**2 // 4):
        return SparsePairs(couplings, noiseless)
    return DensePairs(couplings, noiseless, shared=shared)
