"""Pictures of the task `stochastic-attention`: what is stored and what comes out, and how far it is from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo import Picture
from thermozoo_plugins.tasks.stochastic_attention_figures import StochasticAttentionFigures

__all__ = ["pictures_of"]

Array = npt.NDArray[np.floating[Any]]

#: Images along a side of a panel, temperatures that are shown, bins of a histogram.
_SIDE, _SHOWN, _BINS = 10, 3, 40


def pictures_of(figures: StochasticAttentionFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the pictures by name."""
    return {
        "images": Picture(
            lambda figure: _images(figure, figures, samples),
            "The stored images on the left, and samples at each inverse temperature, the last ones of all chains "
            "first; every image has a gray scale of its own.",
            height=2.6,
        ),
        "distances": Picture(
            lambda figure: _distances(figure, figures, samples),
            "Left: 1 minus the largest cosine of a sample with a stored image. Right: 1 minus the cosine of two "
            "samples of different chains. Dashed: the means of a loop in NumPy, where one is known.",
        ),
    }


def _few(count: int) -> list[int]:
    """Return the temperatures that are shown."""
    return sorted(set(np.linspace(0, count - 1, min(count, _SHOWN)).round().astype(int).tolist()))


def _images(figure: Any, figures: StochasticAttentionFigures, samples: Any) -> None:
    shown = _few(len(figures.inverse_temperatures))
    stored, states = samples["pattern"].values, samples["state"].values
    parts = [("stored", stored)]
    for k in shown:
        newest = np.swapaxes(states[k], 0, 1)[::-1]  # the last snapshot of every chain, then the one before
        beta = figures.inverse_temperatures[k]
        parts.append((f"$\\beta$ = {beta:g}: novelty {figures.novelty[k]:.3f}", newest.reshape(-1, *stored.shape[1:])))
    side = min(_SIDE, max(1, round(max(len(images) for _, images in parts) ** 0.5)))
    for axes, (title, images) in zip(figure.subplots(1, len(parts)), parts, strict=True):
        axes.imshow(_mosaic(images[: side**2], side), cmap="gray", interpolation="nearest")
        axes.set_title(title, fontsize=8.5)
        axes.set_axis_off()


def _mosaic(images: Array, side: int) -> Array:
    """Return images side by side, each from 0 to 1, with a line between two."""
    _, height, width = images.shape
    found = np.ones((side * (height + 1) - 1, side * (width + 1) - 1))
    for place, image in enumerate(images):
        low, high = image.min(), image.max()
        row, column = place // side * (height + 1), place % side * (width + 1)
        found[row : row + height, column : column + width] = (image - low) / (high - low if high > low else 1.0)
    return found


def _distances(figure: Any, figures: StochasticAttentionFigures, samples: Any) -> None:
    stored, states = samples["pattern"].values, samples["state"].values.astype(np.float64)
    patterns = stored.reshape(len(stored), -1).astype(np.float64)
    novelty, pairs = figure.subplots(1, 2)
    for k, beta in enumerate(figures.inverse_temperatures):
        x = states[k].reshape(*states[k].shape[:2], -1)
        directions = x / np.linalg.norm(x, axis=2, keepdims=True)
        color, label = f"C{k % 10}", f"$\\beta$ = {beta:g}"
        new = 1 - (directions @ patterns.T).max(axis=2).ravel()
        one, two = np.triu_indices(len(x), 1)
        ends = directions[:, -1]
        apart = 1 - (ends @ ends.T)[one, two]
        for axes, values, name in ((novelty, new, "novelty"), (pairs, apart, "diversity")):
            axes.hist(values, bins=_BINS, density=True, histtype="step", color=color, linewidth=1.3, label=label)
            known = figures.reference.get(name, ())
            if k < len(known) and known[k] is not None:
                axes.axvline(known[k], color=color, linewidth=1, linestyle="--")
    novelty.set_xlabel("1 - largest cosine with a stored image")
    pairs.set_xlabel("1 - cosine of two chains in the end")
    novelty.set_ylabel("probability density")
    pairs.legend(fontsize=7)
