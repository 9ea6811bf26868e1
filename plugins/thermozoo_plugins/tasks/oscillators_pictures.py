"""The pictures of the task `oscillators`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thermozoo import Picture
from thermozoo_plugins.tasks.oscillators_figures import OscillatorsFigures

__all__ = ["pictures_of"]

#: Outputs in a row.
_SHOWN = 10


def pictures_of(figures: OscillatorsFigures, samples: Any) -> Mapping[str, Picture]:
    """Return the pictures by name."""
    rows = len(figures.masses) + 1
    return {
        "oscillators": Picture(
            lambda figure: _against_mass(figure, figures),
            "Heat of an image and correlation with the nearest prototype against the mass of the units, with two "
            "standard errors. In gray overdamped units; the band is two standard errors of their difference from the "
            "limit of no mass, to which the dashed line goes.",
        ),
        "outputs": Picture(
            lambda figure: _outputs(figure, figures, samples),
            "The first outputs of overdamped units, and below these what units of each mass make of the same states.",
            height=0.62 * rows + 0.2,
        ),
    }


def _against_mass(figure: Any, figures: OscillatorsFigures) -> None:
    mass = np.array(figures.masses)
    axes = figure.subplots(1, 2)
    for panel, values, errors, name, label in (
        (axes[0], figures.heat_by_mass_kT, figures.heat_by_mass_se_kT, "heat_limit_kT", "heat [$kT$]"),
        (axes[1], figures.correlation_by_mass, figures.correlation_by_mass_se, "correlation_limit", "correlation"),
    ):
        known, limit = figures.reference[name], getattr(figures, name)
        band = 2 * figures.error_bars[name]
        panel.axhspan(known - band, known + band, color="#6b6b6b", alpha=0.2, linewidth=0)
        panel.axhline(known, color="#6b6b6b", linewidth=1, label="overdamped")
        fitted = mass <= figures.mass
        slope = np.polyfit(mass[fitted], np.array(values)[fitted], 1)[0]
        line = np.geomspace(mass[0] / 3, figures.mass, 50)
        panel.plot(line, limit + slope * line, color="C1", linewidth=1, linestyle="--", label="line to no mass")
        panel.errorbar(mass, values, 2 * np.array(errors), fmt="o", markersize=3.5, color="C0", label="with a mass")
        panel.set_xscale("log")
        panel.set_xlabel("mass $m$ [$E_0$ time$^2$]")
        panel.set_ylabel(label)
    axes[0].legend(fontsize=7)


def _outputs(figure: Any, figures: OscillatorsFigures, samples: Any) -> None:
    pixels = samples["unit_of_pixel"].values
    shape = (int(samples.attrs["image_height"]), int(samples.attrs["image_width"]))
    shown = min(_SHOWN, figures.samples)
    rows = [samples["overdamped"].values, *samples["state"].values]
    names = ["no mass", *(f"m = {mass:g}" for mass in figures.masses)]
    images = np.stack([states[:shown, pixels].reshape(shown, *shape) for states in rows])
    low, high = np.percentile(images, [0.5, 99.5])
    panels = figure.subplots(len(rows), shown, squeeze=False)
    for row, name in enumerate(names):
        for column in range(shown):
            panel = panels[row, column]
            panel.imshow(images[row, column], cmap="gray", vmin=low, vmax=high)
            panel.set_xticks([])
            panel.set_yticks([])
            panel.grid(False)
        panels[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
