"""Distances, manifolds and novelty, against closed forms, scipy's matrix root and brute force."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from thermozoo.quality import Images, frechet_distance, precision_recall
from thermozoo.quality.components import principal_components
from thermozoo.quality.novelty import nearest, spread_within
from thermozoo.quality.scaling import standardized


def exact_points(mean, covariance, count, seed):
    """Points whose sample mean and covariance are these, not just near them."""
    drawn = np.random.default_rng(seed).standard_normal((count, len(mean)))
    drawn -= drawn.mean(axis=0)
    white = drawn @ np.linalg.inv(np.linalg.cholesky(np.cov(drawn.T))).T
    return mean + white @ np.linalg.cholesky(covariance).T


def random_covariance(d, seed):
    root = np.random.default_rng(seed).standard_normal((d, d))
    return root @ root.T + 0.1 * np.eye(d)


def test_the_frechet_distance_of_gaussians_with_the_same_axes():
    """A sum over axes: the squared difference of means, and that of standard deviations."""
    a, b, mean = np.array([4.0, 1.0, 0.25]), np.array([1.0, 9.0, 0.25]), np.array([0.5, -2.0, 1.0])
    axes = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    first = exact_points(np.zeros(3), axes @ np.diag(a) @ axes.T, 40, 2)
    second = exact_points(mean, axes @ np.diag(b) @ axes.T, 70, 3)
    expected = (mean**2).sum() + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-10)


def test_the_frechet_distance_by_the_root_of_a_product():
    first = np.random.default_rng(4).standard_normal((60, 7)) @ np.diag(np.arange(1.0, 8.0))
    second = np.random.default_rng(5).standard_normal((90, 7)) + np.arange(7.0)
    a, b = np.cov(first.T), np.cov(second.T)
    mixed = np.trace(scipy.linalg.sqrtm(a @ b)).real
    expected = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * mixed
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(second, first) == pytest.approx(expected, rel=1e-9)


def test_equal_sets_have_no_distance():
    """Of a set in fewer dimensions than it has coordinates as well, whose covariance has no inverse."""
    points = np.random.default_rng(6).standard_normal((30, 5)) @ np.diag([1.0, 2.0, 3.0, 0.0, 0.0])
    assert frechet_distance(points, points) == pytest.approx(0.0, abs=1e-12)
    assert frechet_distance(points, np.roll(points, 3, axis=0) + np.array([0, 0, 0, 2.0, 0])) == pytest.approx(4.0)


def brute_force(outputs, real, k):
    """Precision and recall, point by point."""

    def radius(points, i):
        return sorted(np.linalg.norm(points[i] - points[j]) for j in range(len(points)) if j != i)[k - 1]

    def share(points, centers):
        inside = [any(np.linalg.norm(p - c) <= radius(centers, i) for i, c in enumerate(centers)) for p in points]
        return sum(inside) / len(inside)

    return share(outputs, real), share(real, outputs)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_precision_and_recall_by_brute_force(k, seed):
    random = np.random.default_rng(seed)
    outputs, real = random.standard_normal((17, 2)) + 0.7, random.standard_normal((23, 2)) * [2.0, 0.5]
    assert precision_recall(outputs, real, k) == pytest.approx(brute_force(outputs, real, k))
    assert 0 < precision_recall(outputs, real, k).precision < 1


def test_copies_are_precise_and_recall_nothing():
    real = np.random.default_rng(7).standard_normal((50, 6))
    copies = np.tile(real[0], (20, 1))
    assert precision_recall(copies, real) == (1.0, 1 / 50)
    assert precision_recall(real + 100.0, real) == (0.0, 0.0)


@pytest.mark.parametrize("shape", [(12, 30), (40, 9)])
def test_components_are_those_of_the_singular_value_decomposition(shape):
    images = np.random.default_rng(8).standard_normal(shape) * np.linspace(1, 3, shape[1]) + 5
    found = principal_components(images, 4)
    singular = np.linalg.svd(images - images.mean(axis=0))[2][:4]
    assert np.abs(found.directions @ singular.T) == pytest.approx(np.eye(4), abs=1e-7)
    again = found.images(found.project(images))
    expected = images.mean(axis=0) + (images - images.mean(axis=0)) @ singular.T @ singular
    assert again == pytest.approx(expected, abs=1e-6)


def test_there_are_no_components_without_variance():
    images = np.random.default_rng(9).standard_normal((40, 3)) @ np.random.default_rng(10).standard_normal((3, 20))
    assert len(principal_components(images, 10).directions) == 3
    assert len(principal_components(images[:1], 10).directions) == 0


def test_the_nearest_image_by_pearson():
    random = np.random.default_rng(11)
    seen, outputs = random.random((6, 20)), random.random((5, 20))
    outputs[2] = 3 * seen[4] - 1
    found = nearest(standardized(outputs), Images(standardized(seen), np.arange(6) % 3))
    table = np.array([[np.corrcoef(a, b)[0, 1] for b in seen] for a in outputs])
    assert found.correlation == pytest.approx(table.max(axis=1))
    assert found.label.tolist() == (table.argmax(axis=1) % 3).tolist()
    assert found.correlation[2] == pytest.approx(1.0)


def test_the_spread_within_a_class():
    points = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0], [7.0, 7.0], [1.0, 0.0], [1.0, 2.0]])
    labels = np.array([1, 1, 1, 2, 3, 3])
    assert spread_within(points, labels) == pytest.approx({1: 10 / 3, 3: 2.0})
