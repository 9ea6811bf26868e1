"""A data set in one file: horizontal and vertical stripes of 6 x 6 pixels, made on the spot.

Run with ``thermozoo run examples/small-toy.toml --plugin examples/stripes.py``.
"""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo import Dataset, hookimpl


@attrs.frozen
class Stripes(Dataset):
    """Noisy stripes of width three: label 0 is horizontal, label 1 is vertical.

    The first image of each label is clean. The noise has a fixed seed: the data set is the same on every machine.
    """

    name = "stripes"

    def load(self):
        """Return images in 0..1 of shape (80, 6, 6) and labels 0 and 1."""
        rows = np.repeat([1.0, 0.0], 3)
        horizontal = np.tile(rows[:, None], (1, 6))
        clean = np.stack([horizontal, horizontal.T])
        labels = np.tile([0, 1], 40)
        noise = np.random.default_rng(2026).uniform(-0.3, 0.3, size=(80, 6, 6))
        noise[:2] = 0.0
        return np.clip(clean[labels] + noise, 0.0, 1.0), labels


@hookimpl
def thermozoo_datasets():
    """Return the data set."""
    return [Stripes]
