"""Figures of the generative Langevin computer that learned the same ten digits.

``python tests/physics/langevin_ten_digits.py`` prints them: the packaged run ``ten-digits`` with seeds 1, 2 and 3, 200
images each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["DURATION", "LANGEVIN", "known_figures"]

#: Figures with the standard error of their mean over the seeds.
LANGEVIN: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"heat_mean_kT": (1825.41, 4.48), "nearest": (0.966276, 0.000242), "judged_right": (0.981667, 0.00167)}
)

#: How long that computer takes for an image [1 / (mobility E0)].
DURATION = 10.0

#: By these its images are known: how many, of how many pixels, and the mean of their correlations and of the squares.
_SHAPE, _CORRELATION, _SQUARE = (10, 784), 0.5442960744, 0.3350381377


def known_figures(images: npt.NDArray[np.floating[Any]], duration: float) -> Mapping[str, tuple[float, float]]:
    """Return the figures with their standard errors; none for other images or another time.

    Parameters
    ----------
    images : ndarray, shape (images, pixels)
        What was learned, of zero mean and unit variance each.
    duration : float
        How long a generation takes [1 / (mobility E0)].
    """
    if images.shape != _SHAPE or not math.isclose(duration, DURATION, rel_tol=1e-9):
        return {}
    correlations = images @ images.T / images.shape[1]
    found = correlations.mean(), (correlations**2).mean()
    return LANGEVIN if np.allclose(found, (_CORRELATION, _SQUARE), rtol=0, atol=1e-8) else {}
