"""The pictures of the task `denoiser`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo import Picture
from thermozoo_plugins.tasks.denoiser_figures import DenoiserFigures

__all__ = ["pictures_of"]

Array = npt.NDArray[np.floating[Any]]

#: Images in a row, and rows of each side.
_COLUMNS, _ROWS = 10, 2


def pictures_of(figures: DenoiserFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the pictures by name."""
    return {
        "denoiser": Picture(
            lambda figure: _both(figure, samples),
            "Images that were learned, of the digital denoiser, and of the thermodynamic computer: the first of each, "
            "each at zero mean and unit variance, as judges see it. The grain of the computer's is thermal.",
            height=3.4,
        ),
        "way": Picture(
            lambda figure: _way(figure, samples),
            "The first image of each side on its way out of noise: every step of the denoiser, and the computer at "
            "times that are evenly apart.",
            height=1.5,
        ),
    }


def _both(figure: Any, samples: Any) -> None:
    learned, digital, computer = (samples[name].values for name in ("prototype", "digital", "computer"))
    rows = [learned[:_COLUMNS]]
    for images in (digital, computer):
        rows += [images[k * _COLUMNS : (k + 1) * _COLUMNS] for k in range(_ROWS)]
    names = ["learned", "digital", "", "thermo-\ndynamic", ""]
    kept = [k for k, row in enumerate(rows) if len(row)]
    _grid(figure, [_standardized(rows[k]) for k in kept], [names[k] for k in kept], samples, _COLUMNS)


def _standardized(images: Array) -> Array:
    """Return images of zero mean and unit variance each."""
    centered: Array = images - images.mean(axis=1, keepdims=True)
    scaled: Array = centered / np.maximum(centered.std(axis=1, keepdims=True), 1e-12)
    return scaled


def _way(figure: Any, samples: Any) -> None:
    digital, computer = samples["digital_way"].values[:, 0], samples["computer_way"].values[:, 0]
    columns = len(digital)
    times = np.linspace(0, len(computer) - 1, columns).round().astype(int)
    _grid(figure, [digital, computer[times]], ["digital", "thermo-\ndynamic"], samples, columns)


def _grid(figure: Any, rows: Sequence[Array], names: Sequence[str], samples: Any, columns: int) -> None:
    """Draw rows of images, each row at a scale of its own."""
    shape = (int(samples.attrs["image_height"]), int(samples.attrs["image_width"]))
    panels = figure.subplots(len(rows), columns, squeeze=False)
    for line, (images, name) in enumerate(zip(rows, names, strict=True)):
        low, high = np.percentile(images, [0.5, 99.5])
        for column in range(columns):
            panel = panels[line, column]
            if column >= len(images):
                panel.set_axis_off()
                continue
            panel.imshow(images[column].reshape(shape), cmap="gray", vmin=low, vmax=high)
            panel.set_xticks([])
            panel.set_yticks([])
            panel.grid(False)
        if name:
            panels[line, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
