"""Imitations and readouts: their moments, against closed forms, sklearn's shrunk covariance and quadrature.

Seeded. A tolerance is five standard errors of what was drawn, which chance exceeds once in 1.7 million.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from sklearn.covariance import LedoitWolf

from thermozoo.quality import baselines, thermal_readout
from thermozoo.quality.readout import _quantiles, grain_of, white_grain
from thermozoo.quality.scaling import standardized

COUNT = 40_000


def holds_covariance(drawn, expected):
    """Whether every entry is within five standard errors of Gaussian draws."""
    error = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / len(drawn))
    return (np.abs(np.cov(drawn.T) - expected) < 5 * error).all()


POINTS = np.random.default_rng(0).standard_normal((12, 5)) @ np.diag([1.0, 2.0, 0.5, 1.0, 3.0]) + np.arange(5.0)


def test_a_gaussian_has_the_shrunk_covariance():
    drawn = baselines.gaussian(POINTS, COUNT, np.random.default_rng(1))
    expected = LedoitWolf().fit(POINTS).covariance_
    assert holds_covariance(drawn, expected)
    assert (np.abs(drawn.mean(axis=0) - POINTS.mean(axis=0)) < 5 * np.sqrt(np.diag(expected) / COUNT)).all()
    assert not holds_covariance(drawn, np.cov(POINTS.T))


def test_a_gaussian_in_components_has_their_variance_and_no_other():
    drawn = baselines.gaussian_in_components(2)(POINTS, COUNT, np.random.default_rng(2))
    values, vectors = np.linalg.eigh(np.cov(POINTS.T))
    first, rest = vectors[:, -2:], vectors[:, :-2]
    assert holds_covariance((drawn - POINTS.mean(axis=0)) @ first, np.diag(values[-2:]))
    assert (drawn - POINTS.mean(axis=0)) @ rest == pytest.approx(0.0, abs=1e-9)


def test_imitations_are_of_the_class_that_is_asked_for():
    labels = np.resize([4, 7, 9], len(POINTS))
    asked = np.array([9, 4, 9])
    found = baselines.class_by_class(baselines.mean_image, POINTS, labels, asked, np.random.default_rng(3))
    for row, label in zip(found, asked, strict=True):
        assert row == pytest.approx(POINTS[labels == label].mean(axis=0))


def test_k_means_draws_centers_as_often_as_they_have_points():
    """Three heaps that no other three centers divide as well."""
    heaps = np.repeat([[0.0, 0.0], [50.0, 0.0], [0.0, 70.0]], [2, 4, 6], axis=0)
    points = heaps + np.tile([[-1.0, 0.5], [1.0, -0.5]], (6, 1))
    drawn = baselines.k_means(3)(points, 24, np.random.default_rng(8))
    found, counts = np.unique(drawn.round(9), axis=0, return_counts=True)
    assert found.tolist() == [[0.0, 0.0], [0.0, 70.0], [50.0, 0.0]]
    assert counts.tolist() == [4, 12, 8]
    one_each = baselines.k_means(50)(POINTS, len(POINTS), np.random.default_rng(9))
    assert np.sort(one_each, axis=0) == pytest.approx(np.sort(POINTS, axis=0))


def test_memory_gives_every_point_before_any_again():
    drawn = baselines.memory(POINTS, 30, np.random.default_rng(10))
    counts = [(drawn == point).all(axis=1).sum() for point in POINTS]
    assert sum(counts) == 30
    assert set(counts) == {2, 3}
    assert not (drawn[:12] == POINTS).all()


def test_the_thermal_readout_of_a_spring():
    """U = 2 x^2: the mean is A s / 4, the variance kT / 4."""
    readout = thermal_readout(lambda x: 2.0 * x**2, 3.0, 0.1, lambda image: image / 2.0)
    images = np.tile([-4.0, 0.0, 1.0, 6.0], (COUNT, 1))
    shown = readout.show(images, np.random.default_rng(4))
    variance = 0.1 / 4.0
    assert (np.abs(shown.mean(axis=0) - 3.0 * images[0] / 2.0 / 4.0) < 5 * np.sqrt(variance / COUNT)).all()
    assert (np.abs(shown.var(axis=0) - variance) < 5 * variance * np.sqrt(2 / COUNT)).all()


def test_the_quantiles_of_a_spring_are_those_of_a_normal_variable():
    """Of mean 3 / 4 and variance kT / 4, to a tenth of the distance between states of the table."""
    normal = np.linspace(-6, 6, 257)
    kept = np.abs(normal) < 4
    expected = 0.75 + np.sqrt(0.1 / 4.0) * normal
    found = _quantiles(lambda x: 2.0 * x**2, 3.0, 0.1)
    assert found[kept] == pytest.approx(expected[kept], abs=1e-4)


@pytest.mark.parametrize("force", [0.0, 0.2, 4.0])
def test_the_thermal_readout_of_a_double_well_by_quadrature(force):
    """Moments, and how often the unit is on either side; the last two forces are of one signal each."""

    def energy(x):
        return x**4 - x**2

    def mean(function):
        def weighted(x, g):
            return g(x) * np.exp(-(energy(x) - force * x) / 0.1)

        total = quad(weighted, -3, 3, args=(lambda x: 1.0,), limit=200)[0]
        return quad(weighted, -3, 3, args=(function,), limit=200, points=[0.0])[0] / total

    shown = thermal_readout(energy, 2.0, 0.1).response(np.full((COUNT, 1), force / 2.0), np.random.default_rng(5))
    for function in (lambda x: x, lambda x: x**2, lambda x: np.float64(x > 0)):
        expected, square = mean(function), mean(lambda x, f=function: f(x) ** 2)
        error = np.sqrt(max(square - expected**2, 0.0) / COUNT) + 1e-4  # and what the table leaves between its points
        assert abs(function(shown).mean() - expected) < 5 * error


@pytest.mark.parametrize("noise", [0.2, 0.5, 1.5])
def test_the_grain_of_outputs_is_the_noise_they_got(noise):
    """Of images with strokes and of images that are smooth.

    Roughness is the median of n = 52,800 absolute differences, whose relative error is 1.17 / n^(1/2) for each of the
    two; that of the noise is larger by 1 + noise^2, since images are scaled to unit variance.
    """
    random = np.random.default_rng(6)
    places = np.linspace(0, np.pi, 12)
    smooth = np.sin(np.outer(places, random.uniform(1, 2, 300)).T)[:, :, np.newaxis] * np.cos(places)
    strokes = np.zeros((300, 12, 12))
    strokes[np.arange(300), random.integers(0, 12, 300)] = 1.0
    error = 5 * np.sqrt(2) * 1.17 / np.sqrt(52_800) * (1 + noise**2)
    for images in (smooth, strokes):
        real = standardized(images.reshape(300, -1))
        outputs = standardized(white_grain(noise).show(real, random))
        assert grain_of(outputs, real, (12, 12)) == pytest.approx(noise, rel=error)


def test_smooth_outputs_have_no_grain():
    real = standardized(np.random.default_rng(7).random((50, 144)))
    smooth = standardized(np.tile(np.arange(144.0), (50, 1)))
    assert grain_of(smooth, real, (12, 12)) == 0.0
