"""What real MNIST digits and Gaussians of every class measure, against an independent prototype on the same images.

The prototype showed images with the same response and grain of quartic units, from the same splits. Its classifier was
another one and looked at pixels, so distances in features compare only roughly; those in principal components differ by
the draw of the grain, and for Gaussians by the draw of 500 samples and another shrinkage.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from thermozoo_plugins.datasets import Mnist

from thermozoo.quality import RealImages, evaluate, splits, thermal_readout

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        "THERMOZOO_TEST_MNIST" not in os.environ, reason="THERMOZOO_TEST_MNIST names no folder with MNIST"
    ),
]

#: Potential, amplitude and signal of each way to show images.
SHOWN = {
    "grey": (lambda x: x**2 + x**4, 3.0, lambda image: image),
    "ink": (lambda x: -0.5 * x**2 + x**4, 4.0, lambda image: np.tanh(2.0 * (image - 1.0))),
}

#: Prototype: Frechet distance in components and in features, precision, recall, nearest, judged right.
PUBLISHED = {
    ("grey", "real held-out"): (12.9, 7.5, 0.90, 0.90, 0.778, 0.94),
    ("ink", "real held-out"): (11.8, 9.3, 0.90, 0.90, 0.773, 0.93),
    ("grey", "Gaussian of a class"): (30.7, 27.1, 0.85, 0.77, 0.680, 0.87),
    ("ink", "Gaussian of a class"): (18.5, 12.4, 0.92, 0.78, 0.726, 0.94),
    ("ink", "Gaussian of a class, 40 components"): (16.0, 10.9, 0.89, 0.85, 0.762, 0.94),
}


@pytest.fixture(scope="module")
def real():
    images, labels = Mnist(path=os.environ["THERMOZOO_TEST_MNIST"]).load()
    found = RealImages.of(images, labels, splits(labels))
    assert (len(found.seen), len(found.reference), len(found.held_out), len(found.judge)) == (2500, 1500, 500, 5000)
    return found


@pytest.fixture(scope="module", params=SHOWN)
def shown(request, real):
    """How images are shown, and what held-out digits that are shown so measure."""
    energy, amplitude, signal = SHOWN[request.param]
    readout = thermal_readout(energy, amplitude, 0.1, signal)
    outputs = readout.show(real.held_out.pixels, np.random.default_rng(1))
    return request.param, evaluate(outputs, real, asked=real.held_out.labels, readout=readout)


def test_figures_are_those_of_the_prototype(shown):
    """Shares of 500 images have standard errors of at most 0.02; five are allowed, and 0.04 for another classifier."""
    way, found = shown
    assert found.withheld == {}
    for (other, name), (components, features, precision, recall, nearest, right) in PUBLISHED.items():
        if other != way:
            continue
        row, imitation = found.row(name), name != "real held-out"
        assert row.frechet_components == pytest.approx(components, rel=0.12 if imitation else 0.03), name
        assert row.frechet_features == pytest.approx(features, rel=0.35), name
        assert row.precision == pytest.approx(precision, abs=0.12), name
        assert row.recall == pytest.approx(recall, abs=0.14), name
        assert row.nearest == pytest.approx(nearest, abs=0.01 if imitation else 0.005), name
        assert row.judged_right == pytest.approx(right, abs=0.05), name


def test_held_out_digits_measure_the_same_in_grain_of_their_own(shown):
    """Outputs are the same digits: all that differs is the draw of the grain."""
    outputs, held_out = shown[1].row("outputs"), shown[1].row("real held-out")
    assert outputs.frechet_components == pytest.approx(held_out.frechet_components, rel=0.02)
    assert outputs.frechet_features == pytest.approx(held_out.frechet_features, rel=0.05)
    assert outputs.nearest == pytest.approx(held_out.nearest, abs=0.003)
    for measure in ("precision", "recall", "judged_right"):
        assert abs(getattr(outputs, measure) - getattr(held_out, measure)) < 0.05, measure
