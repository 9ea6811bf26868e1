"""Between which temperatures a problem freezes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from thermozoo.problems.problem import IsingProblem
from thermozoo.problems.temperatures import local_scales, temperature_range


def test_a_local_scale_is_that_of_local_fields_over_all_states():
    random = np.random.default_rng(1)
    edges = [pair for pair in itertools.combinations(range(7), 2) if random.random() < 0.5]
    problem = IsingProblem(random.standard_normal(7), edges, random.standard_normal(len(edges)), offset=3.0)
    states = np.array(list(itertools.product((-1, 1), repeat=7)))
    expected = []
    for i in range(7):
        up, down = states.copy(), states.copy()
        up[:, i], down[:, i] = 1, -1
        field = (problem.energies(up) - problem.energies(down)) / 2
        expected.append(np.sqrt((field**2).mean()))
    assert local_scales(problem) == pytest.approx(expected, rel=1e-12)
    assert temperature_range(problem) == pytest.approx((2 * max(expected), min(expected) / 20))


def test_variables_without_energy_have_no_say():
    one = IsingProblem([0, 0, 2.0, 0], [(0, 1), (1, 3)], [4.0, 0.0])
    assert local_scales(one).tolist() == [4, 4, 2, 0]
    assert temperature_range(one) == (8.0, 0.1)
    nothing = IsingProblem([0, 0], [(0, 1)], [0.0])
    assert temperature_range(nothing) == (1.0, 1.0)
    assert temperature_range(IsingProblem([0.0], np.empty((0, 2), int), [])) == (1.0, 1.0)


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_squares_neither_overflow_nor_vanish(unit):
    one = IsingProblem([3 * unit, 0], [(0, 1)], [4 * unit])
    assert local_scales(one) == pytest.approx([5 * unit, 4 * unit], rel=1e-12)
