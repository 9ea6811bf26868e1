"""Error bars of Frechet distances against closed forms, and against independent draws.

Where two Gaussians have covariances with the same axes, variances a_i and b_i along these, the variance of d^2 is to
first order in 1/n and 1/m

    sum_i 4 (mean a - mean b)_i^2 (a_i/n + b_i/m)
          + 2 a_i^2 (1 - sqrt(b_i/a_i))^2 / n + 2 b_i^2 (1 - sqrt(a_i/b_i))^2 / m.

Seeded. An error from r replicates has a relative error of 1/sqrt(2 r); a tolerance is four of these, which chance
exceeds once in 16,000, and 0.05 for what is of higher order and for the moments of the points that are drawn again.
"""

from __future__ import annotations

import numpy as np
import pytest

from thermozoo.errors import ParameterError, ShapeError
from thermozoo.quality import Estimate, frechet_distance, frechet_estimate
from thermozoo.quality.bootstrap import drawn_again

A, B, SHIFT = np.array([4.0, 1.0, 0.25]), np.array([1.0, 2.25, 0.25]), np.array([0.5, -1.0, 0.0])
N, M, REPLICATES = 600, 900, 200


def within(replicates):
    return 4 / np.sqrt(2 * replicates) + 0.05


def closed_form(n, m):
    means = 4 * SHIFT**2 * (A / n + B / m)
    spreads = 2 * A**2 * (1 - np.sqrt(B / A)) ** 2 / n + 2 * B**2 * (1 - np.sqrt(A / B)) ** 2 / m
    return np.sqrt((means + spreads).sum())


def gaussian(count, variances, shift, seed):
    """Points whose principal axes are no coordinate axes, and one class for all."""
    axes = np.linalg.qr(np.random.default_rng(99).standard_normal((3, 3)))[0]
    drawn = np.random.default_rng(seed).standard_normal((count, 3))
    return (shift + drawn * np.sqrt(variances)) @ axes.T, np.zeros(count, dtype=int)


def pair(seed, n=N, m=M):
    return gaussian(n, A, 0.0, (seed, 0)), gaussian(m, B, SHIFT, (seed, 1))


def test_the_error_is_that_of_the_closed_form():
    outputs, real = pair(0)
    found = frechet_estimate([outputs], real, replicates=REPLICATES)
    assert found.value == frechet_distance(outputs[0], real[0])
    assert found.error == pytest.approx(closed_form(N, M), rel=within(REPLICATES))


def test_the_closed_form_is_the_spread_of_independent_draws():
    """And the mean is above the distance of the distributions by what finite samples leave of equal ones, here 1 %."""
    found = [frechet_distance(outputs[0], real[0]) for outputs, real in map(pair, range(1, 401))]
    assert np.std(found, ddof=1) == pytest.approx(closed_form(N, M), rel=within(400))
    between = (SHIFT**2).sum() + ((np.sqrt(A) - np.sqrt(B)) ** 2).sum()
    assert np.mean(found) == pytest.approx(between, abs=0.02 * between + 4 * closed_form(N, M) / 20)


def test_equal_distributions_have_the_distance_of_finite_samples():
    """The formula of the module, to second order; 400 draws of a sum of squares, and 0.05 for what is beyond."""
    n, m = 300, 200
    found = [frechet_distance(gaussian(n, A, 0, (k, 2))[0], gaussian(m, A, 0, (k, 3))[0]) for k in range(400)]
    expected = (1 / n + 1 / m) * (1.25 * A.sum() + 0.5 * (np.outer(A, A) / np.add.outer(A, A)).sum())
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / 20 + 0.05 * expected)


def test_several_seeds_share_the_reference():
    """Of four samples the part of the outputs is a quarter, that of the reference stays."""
    outputs = [gaussian(N, A, 0.0, (seed, 4)) for seed in range(4)]
    found = frechet_estimate(outputs, pair(0)[1], replicates=REPLICATES)
    assert found.value == pytest.approx(np.mean([frechet_distance(one, pair(0)[1][0]) for one, _ in outputs]))
    assert found.error == pytest.approx(closed_form(4 * N, M), rel=within(REPLICATES))


def test_a_difference_leaves_out_the_error_of_the_reference():
    """Of 80 real points and 2,000 outputs each: they are of the same distribution, and differ by their own error."""
    real = gaussian(80, B, SHIFT, 5)
    one, other = (frechet_estimate([gaussian(2000, A, 0.0, (k, 6))], real, replicates=REPLICATES) for k in range(2))
    own = np.sqrt(closed_form(2000, 80) ** 2 - closed_form(10**9, 80) ** 2)
    assert one.error > 4 * own
    # the first order of the formula is at the moments of the distributions; those of 80 points are other ones
    assert (one - other).error == pytest.approx(np.sqrt(2) * own, rel=within(REPLICATES) + 0.2)
    assert (one - other).value == one.value - other.value
    assert isinstance(one - other, Estimate)


def test_classes_that_are_asked_for_are_not_drawn():
    """Two classes far apart, as many of each: only the spread within them makes an error, 4 d^2 s^2 (1/n + 1/m)."""
    n, m, apart, spread, shift = 400, 400, 30.0, 1.0, 2.0

    def classes(count, seed, by):
        labels = np.arange(count) % 2
        drawn = np.random.default_rng(seed).standard_normal((count, 1))
        return by + apart * (2 * labels[:, np.newaxis] - 1) + spread * drawn, labels

    found = frechet_estimate([classes(n, 7, 0.0)], classes(m, 8, shift), replicates=REPLICATES)
    assert found.error == pytest.approx(2 * shift * spread * np.sqrt(1 / n + 1 / m), rel=within(REPLICATES))


def test_parts_are_compared_one_by_one():
    outputs, real = pair(9, n=250)
    found = frechet_estimate([outputs], real, part=100, replicates=2)
    assert found.value == np.mean([frechet_distance(outputs[0][k : k + 100], real[0]) for k in (0, 100)])
    whole = [frechet_estimate([outputs], real, part=part, replicates=2) for part in (None, 250, 1000)]
    assert [one.value for one in whole] == [frechet_distance(outputs[0], real[0])] * 3


def test_draws_are_of_the_same_class_and_repeat():
    labels = np.array([3, 1, 3, 3, 1, 7])
    drawn = [drawn_again(labels, np.random.default_rng(seed)) for seed in range(50)]
    assert all((labels[one] == labels).all() for one in drawn)
    assert {one[0] for one in drawn} == {0, 2, 3}
    first, again = (frechet_estimate([pair(0)[0]], pair(0)[1], replicates=3, seed=11) for _ in range(2))
    assert first.replicates.tolist() == again.replicates.tolist()
    assert first.error == pytest.approx(np.std(first.replicates, ddof=1))


def test_what_cannot_be_estimated_is_refused():
    outputs, real = pair(0, n=20, m=20)
    with pytest.raises(ParameterError, match="replicates must be a whole number"):
        frechet_estimate([outputs], real, replicates=1)
    with pytest.raises(ParameterError, match="part must be a whole number"):
        frechet_estimate([outputs], real, part=1)
    with pytest.raises(ShapeError, match="at least one pair"):
        frechet_estimate([], real)
    with pytest.raises(ShapeError, match=r"got \(20, 3\) and \(19,\)"):
        frechet_estimate([(outputs[0], outputs[1][:19])], real)
