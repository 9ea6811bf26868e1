"""Couplings from a matrix and by pair."""

from __future__ import annotations

import numpy as np
import pytest

import thermozoo as tz
from thermozoo.errors import ArgumentError, ParameterError, ShapeError


@pytest.fixture(params=["dense", "bipartite"])
def computer(request):
    return tz.assemble({"visible": 3, "hidden": 2}, tz.get("quartic"), tz.get(request.param))


def test_a_matrix_is_taken_and_given_back(computer, plain):
    allowed = computer.couplings.with_vector(np.ones(computer.couplings.size)).matrix()
    random = np.random.default_rng(1).standard_normal((5, 5))
    matrix = (random + random.T) * allowed
    made = computer.with_couplings(matrix)
    assert np.array_equal(made.couplings.matrix(), matrix)
    x = np.arange(5.0) / 3
    pairs = sum(matrix[i, j] * x[i] * x[j] for i in range(5) for j in range(i + 1, 5))
    assert np.isclose(made.energy(x) - computer.energy(x), pairs, rtol=1e-12)


def test_pairs_are_taken_in_either_order_and_the_others_stay(computer):
    made = computer.with_couplings({(0, 3): 0.5}).with_couplings({(4, 1): -0.25})
    matrix = made.couplings.matrix()
    assert (matrix[0, 3], matrix[1, 4], matrix[4, 1]) == (0.5, -0.25, -0.25)
    assert np.count_nonzero(matrix) == 4


@pytest.mark.parametrize(
    ("couplings", "error", "message"),
    [
        (np.triu(np.ones((5, 5)), 1), ParameterError, r"symmetric, .*; got J\[0, 1\] = 1, J\[1, 0\] = 0"),
        (np.eye(5), ParameterError, r"zero on the diagonal: .*; got J\[0, 0\] = 1"),
        (np.zeros((4, 4)), ShapeError, r"couplings must have shape \(5, 5\), got \(4, 4\)"),
        (np.full((5, 5), np.nan), ParameterError, "couplings must be finite"),
        ({(0, 0): 1.0}, ParameterError, r"does not couple \(0, 0\); expected a pair"),
        ({(0, 9): 1.0}, ParameterError, r"does not couple \(0, 9\)"),
        ({3: 1.0}, ParameterError, "does not couple 3"),
        ({(0, 3): float("nan")}, ParameterError, r"coupling \(0, 3\) must be a finite number, got nan"),
        ({(0, 3): "strong"}, ArgumentError, r"coupling \(0, 3\) must be a finite number, got 'strong'"),
    ],
)
def test_it_says_what_is_wrong(computer, couplings, error, message):
    with pytest.raises(error, match=message):
        computer.with_couplings(couplings)


def test_a_pair_that_the_connectivity_leaves_out_is_refused():
    computer = tz.assemble({"visible": 3, "hidden": 2}, tz.get("quartic"), tz.get("bipartite"))
    matrix = np.zeros((5, 5))
    matrix[0, 1] = matrix[1, 0] = 0.5
    with pytest.raises(ParameterError, match=r"pairs that the connectivity does not couple; got J\[0, 1\] = 0.5"):
        computer.with_couplings(matrix)
