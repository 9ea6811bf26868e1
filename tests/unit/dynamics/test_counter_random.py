"""Random numbers of encodings: those that projections always had, new ones at every call, none of NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from thermozoo.dynamics.counter_random import CounterRandom
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.errors import ArgumentError, ParameterError

KEY = NoiseKey(42).named("projection")


def random(group=1):
    return CounterRandom(KEY, group)


def test_the_first_normal_numbers_are_those_of_the_step_with_the_groups_number():
    assert np.array_equal(random(3).normal(5, 90), normals(KEY, 3, np.arange(5), 90))


def test_each_call_returns_other_numbers_and_a_new_object_the_same_again():
    one, again = random(), random()
    calls = [one.normal(4, 6), one.normal(4, 6), one.uniform(4, 6), one.signs(4, 6), one.signs(4, 6)]
    same = [again.normal(4, 6), again.normal(4, 6), again.uniform(4, 6), again.signs(4, 6), again.signs(4, 6)]
    assert all(np.array_equal(a, b) for a, b in zip(calls, same, strict=True))
    assert not np.array_equal(calls[0], calls[1])
    assert not np.array_equal(calls[3], calls[4])
    assert not np.array_equal(random(1).signs(4, 6), random(2).signs(4, 6))


def test_a_number_depends_on_its_row_and_column_alone():
    assert np.array_equal(random().uniform(9, 40)[:4, :7], random().uniform(4, 7))
    assert np.array_equal(random().signs(9, 40)[:4, :7], random().signs(4, 7))


def test_their_moments():
    """Of 40,000 numbers, each within five standard errors: a false alarm in 5e-7 of seeds for each of five."""
    rows, columns = 200, 200
    n = rows * columns
    r = random()
    normal, uniform, signs = r.normal(rows, columns), r.uniform(rows, columns), r.signs(rows, columns)
    assert abs(normal.mean()) < 5 / np.sqrt(n)
    assert abs(normal.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs(uniform.mean() - 0.5) < 5 * np.sqrt(1 / 12 / n)
    assert uniform.min() > 0
    assert uniform.max() < 1
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert abs(signs.mean()) < 5 / np.sqrt(n)
    assert abs(np.corrcoef(normal.ravel(), signs.ravel())[0, 1]) < 5 / np.sqrt(n)


def test_arguments():
    with pytest.raises(ArgumentError, match=r"key must be a NoiseKey, got 42: give NoiseKey\(seed\)"):
        CounterRandom(42, 0)
    with pytest.raises(ParameterError, match="group must be a whole number"):
        CounterRandom(KEY, -1)
    with pytest.raises(ArgumentError, match="rows must be a whole number"):
        random().normal(1.5, 2)
