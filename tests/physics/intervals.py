"""Whether 95 % intervals cover: how many of so many seeds may, and the two numbers of seeds that tests take.

The seeds are fixed: what is tested is one draw, which passes always or never. Of right intervals it fails, for each
figure, once in 1,000 times on either side. Of 50 seeds fewer than 42 mean it, so that a method that covers 70 % is
found; of 200, which take minutes and are left to the tests of endurance, fewer than 179 or more than 198.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

#: Of a test with an argument ``seeds``.
few_and_many = pytest.mark.parametrize(
    "seeds", [pytest.param(50, marks=pytest.mark.long), pytest.param(200, marks=pytest.mark.endurance)]
)


def check_cover(hits, seeds):
    """Fail where the intervals of a figure hold what they are to hold too seldom, or too often."""
    least, most = binom.ppf(1e-3, seeds, 0.95), binom.isf(1e-3, seeds, 0.95)
    print(np.asarray(hits) / seeds)
    assert (np.asarray(hits) >= least).all(), hits
    assert (np.asarray(hits) <= most).all(), hits
