"""The pictures of the task `boltzmann`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo import Picture
from thermozoo_plugins.tasks.boltzmann_figures import BoltzmannFigures

__all__ = ["pictures_of"]

Array = npt.NDArray[np.floating[Any]]

#: Images along a side of a panel, and curves of images in the autocorrelation.
_SIDE, _CURVES = 5, 6


def pictures_of(figures: BoltzmannFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the pictures by name."""
    return {
        "images": Picture(
            lambda figure: _images(figure, figures, samples),
            "What was learned, what visible units show before couplings are switched on, after a generation, and after "
            "the relaxation of the same chains.",
            height=2.1,
        ),
        "relaxation": Picture(
            lambda figure: _relaxation(figure, figures, samples),
            "Left: root mean square difference of means of data and model, update by update. Middle: the mean energy "
            "after a generation. Right: autocorrelation of the energy (black) and of the resemblance with each learned "
            "image, about the mean of all chains: what does not fall to zero is an image that chains do not leave.",
        ),
    }


def _images(figure: Any, figures: BoltzmannFigures, samples: Any) -> None:
    panels = (
        ("learned", "learned"),
        ("start", "uncoupled units"),
        ("generated", f"after {figures.generated.time:.4g}: {figures.generated.nearest:.2f}"),
        ("relaxed", f"after {figures.relaxed.time:.4g}: {figures.relaxed.nearest:.2f}"),
    )
    for axes, (name, title) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        axes.imshow(_mosaic(samples[name].values[: _SIDE**2]), cmap="gray", interpolation="nearest")
        axes.set_anchor("N")
        axes.set_title(title, fontsize=8.5)
        axes.set_axis_off()


def _mosaic(images: Array) -> Array:
    """Return images side by side, each from 0 to 1, with a line between two."""
    side = min(_SIDE, len(images))
    _, height, width = images.shape
    found = np.ones((-(-len(images) // side) * (height + 1) - 1, side * (width + 1) - 1))
    for place, image in enumerate(images):
        low, high = image.min(), image.max()
        row, column = place // side * (height + 1), place % side * (width + 1)
        found[row : row + height, column : column + width] = (image - low) / (high - low if high > low else 1.0)
    return found


def _relaxation(figure: Any, figures: BoltzmannFigures, samples: Any) -> None:
    learning, energy, forgetting = figure.subplots(1, 3)
    learning.plot(np.arange(1, len(samples["gap"]) + 1), samples["gap"].values, color="#1a1a1a", linewidth=1.2)
    learning.set_xlabel("update")
    learning.set_title("difference of means", fontsize=8.5)
    learning.set_ylim(0, None)
    time = samples["time"].values
    energy.plot(time, samples["energy"].values, color="#1a1a1a", linewidth=1.2)
    energy.set_xlabel(r"time [1/($\mu E_0$)]")
    energy.set_title("energy [$kT$]", fontsize=8.5)
    for k, curve in enumerate(samples["autocorrelation"].values[: _CURVES + 1]):
        shown = len(curve) // 2  # of the longest lags few pairs are left
        color = "#1a1a1a" if k == 0 else f"C{k - 1}"
        forgetting.plot(time[:shown], curve[:shown], color=color, linewidth=2 if k == 0 else 1)
    forgetting.axhline(0, color="#6b6b6b", linewidth=0.7)
    forgetting.set_xlabel(r"lag [1/($\mu E_0$)]")
    forgetting.set_title("autocorrelation", fontsize=8.5)
