"""Rows that are no computers: real images, and images whose signals somebody drew. Units in equilibrium show them."""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo.quality import baselines

#: Clusters of a class, and components of the smaller Gaussian.
CLUSTERS, COMPONENTS = 50, 40


@attrs.frozen(eq=False)
class Shown:
    """The images of a row and a seed.

    Parameters
    ----------
    images : ndarray, shape (outputs, pixels)
        States of the pixels.
    asked : ndarray of int, shape (outputs,)
        The class of each.
    heat : ndarray, shape (outputs,), optional
        What each cost [kT].
    """

    images: np.ndarray
    asked: np.ndarray
    heat: np.ndarray | None = None


def _gaussian_sign(points, count, random):
    """Draw from the Gaussian of a class, and keep of each signal whether it is ink."""
    return np.sign(baselines.gaussian(points, count, random))


def _emphasized(drawn, gain):
    """Return what draws as another does, and sets what was drawn apart from the mean so many times as far."""

    def draw(points, count, random):
        mean = points.mean(axis=0)
        return mean + gain * (drawn(points, count, random) - mean)

    return draw


#: What draws signals like those of a class, by the name of the row.
IMITATIONS = {
    "memories": ("learned images", baselines.memory),
    "k-means": (f"k-means, {CLUSTERS} a class", baselines.k_means(CLUSTERS)),
    "gaussian": ("Gaussian of a class", baselines.gaussian),
    "gaussian-40": (f"Gaussian in {COMPONENTS} components", baselines.gaussian_in_components(COMPONENTS)),
    "gaussian-40-emphasized": (
        f"Gaussian in {COMPONENTS} components, emphasized",
        baselines.gaussian_in_components(COMPONENTS),
    ),
    "gaussian-sign": ("Gaussian of a class, its sign", _gaussian_sign),
}


#: Those that are emphasized as the recipe emphasizes its images.
_EMPHASIZED = {"gaussian-40-emphasized"}

#: Of each a stream of its own.
_STREAMS = {
    "gaussian": 0,
    "gaussian-40": 1,
    "gaussian-sign": 2,
    "k-means": 3,
    "memories": 4,
    "gaussian-40-emphasized": 5,
}


def imitation(ground, name, seed):
    """Return signals of an imitation, shown."""
    random = np.random.default_rng((seed, _STREAMS[name]))
    _, drawn = IMITATIONS[name]
    if name in _EMPHASIZED:
        drawn = _emphasized(drawn, ground.tables["encoding"]["visible"]["gain"])
    made = baselines.class_by_class(drawn, ground.signals, ground.learned.labels, ground.asked, random)
    return shown(ground, made, random)


def shown(ground, signals, random):
    """Return signals, one for each class that is asked for, as units in equilibrium show them."""
    return Shown(ground.readout.response(signals, random), ground.asked)


def real_held_out(ground, real, seed):
    """Return real images that nothing has learned, shown alike: as many as there are."""
    random = np.random.default_rng((seed, 100))
    return Shown(ground.readout.show(real.held_out.pixels.astype(np.float64), random), real.held_out.labels)
